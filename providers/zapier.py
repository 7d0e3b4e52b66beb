"""Zapier. The Koko app in Zapier calls Koko. Source: docs.zapier.com/platform/build/hook-trigger."""

from providers.kit.base import CallsKoko
from providers.kit.manifest import Feature, Manifest


class Zapier(CallsKoko):
    manifest = Manifest(
        slug="zapier",
        name="Zapier",
        category="automation",
        description="Start Zaps from Koko events, and act in Koko from any app",
        features=(Feature("Custom workflows"),),
    )
