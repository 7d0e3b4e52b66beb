"""Microsoft Teams. Source: learn.microsoft.com/graph, channel-post-messages."""

from providers.kit.base import Provider
from providers.kit.manifest import Feature, Manifest


class Teams(Provider):
    manifest = Manifest(
        slug="teams",
        name="Microsoft Teams",
        category="communication",
        description="Send notifications to Microsoft Teams channels",
        features=(Feature("Comment notifications"), Feature("Upload alerts")),
        removal_hint="Remove Koko at https://myapps.microsoft.com.",
    )
