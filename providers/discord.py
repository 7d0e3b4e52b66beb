"""Discord. Source: discord.com/developers/docs/resources/webhook."""

from providers.kit.base import Provider
from providers.kit.manifest import Feature, Manifest


class Discord(Provider):
    manifest = Manifest(
        slug="discord",
        name="Discord",
        category="communication",
        description="Post comments, approvals and uploads to Discord channels",
        features=(Feature("Comment notifications"), Feature("Upload alerts"), Feature("Approval requests")),
        several=True,
        removal_hint="Delete the webhook in the channel's settings, under Integrations.",
    )
