"""What Notion tells by webhooks. Source: developers.notion.com/reference/{webhooks,webhooks-events-delivery},
makenotion/notion-sdk-js src/api-endpoints/webhooks.ts.

The operator makes one subscription for the whole app, in Notion's portal. Notion then sends a token, once, which the
operator enters there to prove that it has arrived, and which signs everything after. Nothing proves that the token is
Notion's: the first one is kept, no other replaces it, and a false one does not pass the portal.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from providers.kit.base import Proves
from providers.kit.inbound import Forged, Heard, Incoming, ReceivesWebhooks, Signal, json_object, same

TOKEN = "verification_token"  # noqa: S105 - a name
KINDS = ("page.", "comment.", "data_source.", "database.")


class HearsNotion(ReceivesWebhooks, Proves):
    """Signals are for the bots, one of each connection, that may see what has changed."""

    address_per_app = True

    def hear(self, incoming: Incoming, secrets: Mapping[str, str]) -> Heard:
        known = (self.app.signing_secret if self.app is not None else None) or secrets.get(TOKEN)
        body = json_object("Notion", incoming.body)
        if body.keys() == {TOKEN}:
            return _verification(self.require_text(body, TOKEN), known)
        if known is None:
            raise Forged("Notion has not sent a verification token yet")
        expected = "sha256=" + hmac.new(known.encode(), incoming.body, hashlib.sha256).hexdigest()
        if not same(incoming.headers.get("x-notion-signature", ""), expected):
            raise Forged("It is not proven that this message is Notion's")
        return self._read(body)

    def _read(self, body: Mapping[str, Any]) -> Heard:
        event, key = self.require_text(body, "type"), self.require_text(body, "id")
        if not event.startswith(KINDS):
            return Heard()
        data, entity = _members(body, "data"), _members(body, "entity")
        bots = [str(one["id"]) for one in body.get("accessible_by") or () if _is_bot(one)]
        if entity.get("type") == "data_source":
            target = entity.get("id")
        else:
            target = _members(data, "parent").get("data_source_id")
        page = data.get("page_id") if event.startswith("comment.") else entity.get("id")
        return Heard(
            signals=tuple(
                Signal(
                    key=key,
                    account_id=bot,
                    target=target if isinstance(target, str) else None,
                    details={"event": event, "taskId": page},
                )
                for bot in dict.fromkeys(bots)
            )
        )


def _verification(token: str, known: str | None) -> Heard:
    if known is None:
        return Heard(remember={TOKEN: token})
    if not same(token, known):
        raise Forged("Another verification token of Notion's is in use")
    return Heard()


def _is_bot(one: Any) -> bool:
    return isinstance(one, dict) and one.get("type") == "bot" and isinstance(one.get("id"), str)


def _members(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = body.get(name)
    return found if isinstance(found, dict) else {}
