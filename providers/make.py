"""Make, formerly Integromat: the Koko app in Make calls Koko; or the URL of a custom webhook that starts a scenario.

Source: developers.make.com, help.make.com/webhooks.
"""

import hashlib
import re
from urllib.parse import urlsplit

from providers.kit.base import ConnectsByKeys, ForwardsEvents, SubscribesHooks
from providers.kit.connection import Connection, Identity
from providers.kit.errors import Rejected
from providers.kit.manifest import Feature, Field, Manifest

WEBHOOK_HOST = re.compile(r"hook\.[a-z0-9]+\.make\.com")


class Make(SubscribesHooks, ConnectsByKeys, ForwardsEvents):
    hook_host = WEBHOOK_HOST
    # 404: the webhook was deleted or switched off in Make.
    gone = frozenset({404, 410})
    manifest = Manifest(
        slug="make",
        name="Make",
        category="automation",
        description="Start Make scenarios from Koko events, and act in Koko from any app",
        features=(Feature("Custom workflows"),),
        fields=(
            Field(
                name="webhookUrl",
                hint="the URL of a custom webhook, such as https://hook.eu1.make.com/...",
                kind="url",
                secret=True,
            ),
        ),
        several=True,
        removal_hint="Delete the webhook in Make.",
    )

    def whoami(self, connection: Connection) -> Identity:
        """The shape of the URL is all that can be proven: any request would start the scenario."""
        url = connection.credentials.secrets.get("webhookUrl", "")
        parts = urlsplit(url)
        if parts.scheme != "https" or WEBHOOK_HOST.fullmatch(parts.hostname or "") is None or len(parts.path) < 8:
            raise Rejected("This is not the URL of a Make webhook")
        return Identity(account_id=hashlib.sha256(url.encode()).hexdigest()[:32], account_name="Make webhook")

    def event_url(self, connection: Connection) -> str:
        url = connection.credentials.secrets.get("webhookUrl")
        if url is None:
            raise Rejected("This connection has no webhook; Make subscribes by itself")
        return url
