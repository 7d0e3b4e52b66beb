"""Adobe After Effects. There is no Adobe API for local projects: Koko's panel calls Koko.

Source: Adobe-CEP/CEP-Resources.
"""

from providers.kit.adobe import AdobePanel
from providers.kit.manifest import Feature, Manifest


class AfterEffects(AdobePanel):
    manifest = Manifest(
        slug="aftereffects",
        name="Adobe After Effects",
        category="creative",
        description="See review comments as markers on the After Effects timeline",
        features=(Feature("Panel extension"), Feature("Comments as timeline markers")),
    )
