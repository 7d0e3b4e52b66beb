"""What Jira tells by webhooks, and how they are registered.

Source: developer.atlassian.com/cloud/jira/platform/webhooks, /understanding-jwt (query string hash),
/rest/v3/api-group-webhooks.

A webhook that an app registers is proven by a JWT that the app's client secret signs; one that an administrator makes
by a signature over its body. The JWT says nothing of the body, so a message is only where to look. Jira sends to one
address per app and site, and an account has few webhooks there: one is for all the projects that are mapped.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import jwt

from providers.kit.atlassian import AtlassianProvider
from providers.kit.connection import Connection
from providers.kit.errors import Missing, ProtocolBroken, Rejected
from providers.kit.inbound import (
    OWN_SECRET,
    WINDOW_S,
    Address,
    Forged,
    Heard,
    Incoming,
    Signal,
    Subscribes,
    Subscription,
    json_object,
    same,
)
from providers.kit.jira.site import JiraSite
from providers.kit.timestamps import parse_ms

EVENTS = (
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "comment_created",
    "comment_updated",
    "comment_deleted",
)
LIFE_MS = 30 * 86_400_000
MOST_WEBHOOKS = "100"


class HearsJira(AtlassianProvider, Subscribes):
    """What a webhook is registered for are the mapped projects, separated by commas."""

    def hear(self, incoming: Incoming, secrets: Mapping[str, str]) -> Heard:
        if not (self._has_token(incoming) or _is_signed(incoming, secrets)):
            raise Forged("It is not proven that this message is Jira's")
        body = json_object("Jira", incoming.body)
        event = body.get("webhookEvent")
        if event not in EVENTS:
            return Heard()
        issue = _members(body, "issue")
        project = _members(_members(issue, "fields"), "project").get("id")
        # The same for each attempt at one delivery.
        delivery = incoming.headers.get("x-atlassian-webhook-identifier") or hashlib.sha256(incoming.body).hexdigest()
        signal = Signal(
            key=delivery,
            target=None if project is None else str(project),
            details={"event": event, "taskId": issue.get("id")},
        )
        return Heard(signals=(signal,))

    def subscription_targets(self, connection: Connection) -> tuple[str, ...]:
        projects = set((connection.config.get("projectMapping") or {}).values())
        return (",".join(sorted(projects)),) if projects else ()

    def subscribe(self, connection: Connection, address: Address, target: str) -> Subscription:
        named = ", ".join(one if one.isdecimal() else f'"{one}"' for one in target.split(","))
        webhook = {"events": list(EVENTS), "jqlFilter": f"project IN ({named})"}
        answer = JiraSite(self.http, connection).call(
            "POST", "webhook", json={"url": address.url, "webhooks": [webhook]}
        )
        results = answer.json_object().get("webhookRegistrationResult")
        result = results[0] if isinstance(results, list) and results and isinstance(results[0], dict) else {}
        made = result.get("createdWebhookId")
        if isinstance(made, int):
            return Subscription(id=str(made), expires_at=answer.sent_at + LIFE_MS)
        raise _not_registered(result.get("errors"))

    def renew(self, connection: Connection, address: Address, target: str, subscription: Subscription) -> Subscription:
        site, webhook = JiraSite(self.http, connection), int(subscription.id)
        # Jira passes over those that it does not know.
        listed = site.call("GET", "webhook", params={"maxResults": MOST_WEBHOOKS}).json_object().get("values")
        if webhook not in [one.get("id") for one in listed or () if isinstance(one, dict)]:
            raise Missing("Jira does not have this webhook any more")
        answer = site.call("PUT", "webhook", "refresh", json={"webhookIds": [webhook]}, repeatable=True)
        expires = answer.json_object().get("expirationDate")
        # Described as a number, and shown as a text.
        expires_at = expires if isinstance(expires, int) else parse_ms(expires)
        return Subscription(id=subscription.id, expires_at=expires_at, secrets=subscription.secrets)

    def unsubscribe(self, connection: Connection, target: str, subscription: Subscription) -> None:
        site = JiraSite(self.http, connection)
        site.call("DELETE", "webhook", json={"webhookIds": [int(subscription.id)]}, repeatable=True)

    def _has_token(self, incoming: Incoming) -> bool:
        """Whether it carries a JWT of the app, for this request, that has not expired."""
        scheme, _, token = incoming.headers.get("authorization", "").partition(" ")
        if self.app is None or scheme.lower() not in ("jwt", "bearer"):
            return False
        try:
            claims = jwt.decode(
                token,
                self.app.client_secret,
                algorithms=["HS256"],
                # Times are judged by our own clock, below. There is no audience that is known beforehand.
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False},
            )
        except (jwt.PyJWTError, ValueError):
            return False
        return _is_current(claims, incoming.at_ms) and claims.get("qsh") in (None, query_hash(incoming))


def query_hash(incoming: Incoming) -> str:
    """Atlassian's hash of method, path and query, which ties a JWT to a request."""
    path = urlsplit(incoming.url).path.rstrip("/") or "/"
    asked = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in incoming.query.items())
    query = "&".join(f"{name}={value}" for name, value in asked if name != "jwt")
    return hashlib.sha256(f"{incoming.method.upper()}&{path}&{query}".encode()).hexdigest()


def _is_current(claims: Mapping[str, Any], at_ms: int) -> bool:
    """A token without an expiry is good for as long as a signed timestamp is."""
    now_s, expires, issued = at_ms / 1000, claims.get("exp"), claims.get("iat")
    if isinstance(expires, int | float):
        return now_s < expires
    return expires is None and isinstance(issued, int | float) and abs(now_s - issued) <= WINDOW_S


def _is_signed(incoming: Incoming, secrets: Mapping[str, str]) -> bool:
    secret, given = secrets.get(OWN_SECRET), incoming.headers.get("x-hub-signature", "")
    if not secret:
        return False
    return same(given, "sha256=" + hmac.new(secret.encode(), incoming.body, hashlib.sha256).hexdigest())


def _members(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def _not_registered(errors: Any) -> Rejected | ProtocolBroken:
    """Jira's words are kept to ourselves: they may hold somebody else's address."""
    if not isinstance(errors, list):
        return ProtocolBroken("Jira did not say which webhook it registered")
    if any("single URL" in str(one) for one in errors):
        return Rejected("Jira sends a site's changes to one address of Koko's, which is another connection's now")
    return Rejected(
        "Jira did not register the webhook: a mapped project may be gone, or too many webhooks may be there"
    )
