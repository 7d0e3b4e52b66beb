"""Adobe Premiere. There is no Adobe API for local projects: Koko's panel in the editor calls Koko.

Source: AdobeDocs/uxp-premiere-pro, developer.adobe.com/premiere-pro/uxp.
"""

from providers.kit.adobe import AdobePanel
from providers.kit.manifest import Feature, Manifest


class Premiere(AdobePanel):
    manifest = Manifest(
        slug="premiere",
        name="Adobe Premiere",
        category="creative",
        description="See review comments as markers on the Premiere timeline",
        features=(Feature("Panel extension"), Feature("Comments as timeline markers")),
    )
