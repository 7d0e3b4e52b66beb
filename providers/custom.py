"""A webhook of the team's own: made by integration.createCustom, not by connect."""

from providers.kit.base import Provider
from providers.kit.manifest import Feature, Manifest


class Custom(Provider):
    manifest = Manifest(
        slug="custom",
        name="Custom webhook",
        category="automation",
        description="Send Koko events to any service by signed webhooks",
        features=(Feature("Any service"),),
        several=True,
    )
