"""Slack's Events API: one address for the app, which is told of every workspace.

Source: docs.slack.dev/apis/events-api, /authentication/verifying-requests-from-slack, /reference/events. An event that
is not answered with 2xx within three seconds comes again, under the same `event_id`.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Literal

from providers.kit.errors import ProtocolBroken
from providers.kit.inbound import Forged, Heard, Incoming, Reply, Signal, json_object, require_recent, same

CHANNEL_EVENTS = frozenset(
    f"channel_{what}" for what in "created rename archive unarchive deleted shared unshared id_changed".split()
)
CHANNELS: tuple[Literal["projects"], ...] = ("projects",)


def hear_event(incoming: Incoming, signing_secret: str | None) -> Heard:
    """Verifies and reads a request. Raises Forged and ProtocolBroken."""
    _verify(incoming, signing_secret)
    body = json_object("Slack", incoming.body)
    kind = body.get("type")
    if kind == "url_verification":
        return Heard(reply=Reply(body=str(body.get("challenge", "")).encode()))
    team = body.get("team_id")
    if not isinstance(team, str):
        raise ProtocolBroken("Slack sent an event of no workspace")
    if kind == "app_rate_limited":
        # What happened meanwhile is not told any more.
        minute = body.get("minute_rate_limited")
        return Heard(signals=(Signal(key=f"rate_limited:{minute}", account_id=team, entities=CHANNELS),))
    event, key = body.get("event"), body.get("event_id")
    if kind != "event_callback" or not isinstance(event, dict) or not isinstance(key, str):
        raise ProtocolBroken("Slack sent something that is no event")
    signal = _read(event, key, team, body.get("event_time"))
    return Heard(signals=() if signal is None else (signal,))


def _verify(incoming: Incoming, signing_secret: str | None) -> None:
    timestamp = incoming.headers.get("x-slack-request-timestamp", "")
    if signing_secret is None:
        raise Forged("Slack's signing secret is not set, so nothing that it sends can be verified")
    require_recent(timestamp, incoming.at_ms)
    signed = b":".join((b"v0", timestamp.encode(), incoming.body))
    expected = "v0=" + hmac.new(signing_secret.encode(), signed, hashlib.sha256).hexdigest()
    if not same(incoming.headers.get("x-slack-signature", ""), expected):
        raise Forged("The signature is not Slack's")


def _read(event: Mapping[str, Any], key: str, team: str, event_time: Any) -> Signal | None:
    """What an event says; None for what does not concern us."""
    kind = event.get("type")
    at = event_time * 1000 if isinstance(event_time, int) else None
    if kind == "app_uninstalled" or (kind == "tokens_revoked" and (event.get("tokens") or {}).get("bot")):
        return Signal(key=key, kind="revoked", account_id=team, at=at)
    if kind == "link_shared":
        names = ("channel", "message_ts", "thread_ts", "unfurl_id", "source", "links")
        details = {name: event[name] for name in names if name in event}
        return Signal(key=key, kind="link_shared", account_id=team, details=details, at=at)
    if kind in CHANNEL_EVENTS:
        return Signal(key=key, account_id=team, entities=CHANNELS, at=at)
    return None
