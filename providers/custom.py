"""A webhook of the team's own: made by integration.createCustom, not by connect."""

from collections.abc import Mapping

from providers.kit.inbound import Heard, Incoming, ReceivesWebhooks, Signal, json_object
from providers.kit.manifest import Feature, Manifest
from providers.kit.signed import verify


class Custom(ReceivesWebhooks):
    manifest = Manifest(
        slug="custom",
        name="Custom webhook",
        category="automation",
        description="Send Koko events to any service by signed webhooks",
        features=(Feature("Any service"),),
        several=True,
    )

    def hear(self, incoming: Incoming, secrets: Mapping[str, str]) -> Heard:
        # A secret that has been replaced is named by when it ends, in epoch ms.
        valid = [text for name, text in secrets.items() if not name.isdecimal() or incoming.at_ms < int(name)]
        key = verify(incoming, valid)
        body = json_object("The service", incoming.body)
        details = {"type": str(body.get("event") or body.get("type") or "message")[:128], "data": body}
        return Heard(signals=(Signal(key=key[:256], details=details),))
