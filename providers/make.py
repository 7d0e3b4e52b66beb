"""Make, formerly Integromat. The Koko app in Make calls Koko. Source: developers.make.com."""

from providers.kit.base import CallsKoko
from providers.kit.manifest import Feature, Manifest


class Make(CallsKoko):
    manifest = Manifest(
        slug="make",
        name="Make",
        category="automation",
        description="Start Make scenarios from Koko events, and act in Koko from any app",
        features=(Feature("Custom workflows"),),
    )
