"""Jira's webhooks of an app. Source: developer.atlassian.com/cloud/jira/platform/webhooks, /understanding-jwt,
/rest/v3/api-group-webhooks.

An app registers one address, and an account five webhooks, each for thirty days. An event goes out once, however
many of them it matches. A JWT proves it.
"""

import hashlib
import itertools
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import jwt
import orjson

from sandbox.kit.jira.issues import Issues, show_project
from sandbox.kit.jira.wire import Json, Refused, user
from sandbox.kit.notifying import Message, Notifier
from sandbox.kit.stand_in import Clock
from sandbox.kit.work import Happening

LIFE_S = 30 * 86_400
TOKEN_LIFE_S = 180
MOST = 5
NAMES = {
    ("task", "added"): "jira:issue_created",
    ("task", "changed"): "jira:issue_updated",
    ("task", "deleted"): "jira:issue_deleted",
    ("comment", "added"): "comment_created",
    ("comment", "changed"): "comment_updated",
}
KNOWN = {*NAMES.values(), "comment_deleted", "issue_property_set", "issue_property_deleted"}


@dataclass
class Webhook:
    id: int
    url: str
    events: list[str]
    jql: str
    projects: set[str]
    expires_s: float


class JiraWebhooks:
    """Registers and sends; `app` gives the client's id and its secret."""

    def __init__(self, clock: Clock, work: Issues, notifier: Notifier, app: Callable[[], tuple[str, str]]) -> None:
        self._clock, self._work, self._notifier, self._app = clock, work, notifier, app
        self._numbers = itertools.count(1000)
        self.registered: dict[int, Webhook] = {}

    def live(self) -> list[Webhook]:
        return [one for one in self.registered.values() if one.expires_s > self._clock.now_s()]

    def forget(self) -> None:
        """As new."""
        self.registered = {}

    def listed(self, asked: Json) -> Json:
        values = [
            {
                "id": one.id,
                "url": one.url,
                "events": one.events,
                "jqlFilter": one.jql,
                # Described as a number, and shown as a text.
                "expirationDate": int(one.expires_s * 1000),
            }
            for one in self.live()
        ]
        start = int(asked.get("startAt", 0))
        page = values[start : start + int(asked.get("maxResults", 100))]
        last = start + len(page) >= len(values)
        return {"values": page, "startAt": start, "maxResults": 100, "total": len(values), "isLast": last}

    def register(self, body: Json) -> Json:
        url = body.get("url")
        if body.keys() != {"url", "webhooks"} or not str(url).startswith(("https://", "http://")):
            raise Refused(400, "The URL or the webhooks are missing.")
        return {"webhookRegistrationResult": [self._register(str(url), one) for one in body["webhooks"]]}

    def _register(self, url: str, asked: Json) -> Json:
        if any(one.url != url for one in self.live()):
            taken = self.live()[0].url
            said = f"Only a single URL per app is allowed to be registered via REST API. Currently used URL is {taken}"
            return {"errors": [said]}
        if len(self.live()) >= MOST:
            return {"errors": [f"The number of registered webhooks must not exceed {MOST}."]}
        if not asked.get("events") or not set(asked["events"]) <= KNOWN:
            return {"errors": ["There is an event that is not known."]}
        found = re.fullmatch(r'project (?:IN \((?P<many>[^()]+)\)|= (?P<one>\w+|"\w+"))', asked.get("jqlFilter", ""))
        if found is None:
            return {"errors": ["The JQL filter has a clause that is unsupported."]}
        names = {one.strip().strip('"') for one in (found["many"] or found["one"]).split(",")}
        projects = {one.id for one in self._work.projects.values() if {one.id, one.key} & names}
        if len(projects) != len(names):
            return {"errors": ["A value does not exist for the field 'project'."]}
        made = Webhook(
            next(self._numbers), url, asked["events"], asked["jqlFilter"], projects, self._clock.now_s() + LIFE_S
        )
        self.registered[made.id] = made
        return {"createdWebhookId": made.id}

    def refresh(self, body: Json) -> Json:
        expires_s = self._clock.now_s() + LIFE_S
        for one in self.live():
            if one.id in body["webhookIds"]:
                one.expires_s = expires_s
        return {"expirationDate": int(expires_s * 1000)}

    def remove(self, body: Json) -> tuple[int, None]:
        for webhook in body["webhookIds"]:
            self.registered.pop(webhook, None)
        return 202, None

    def told(self, happening: Happening) -> None:
        """Something has happened in a project."""
        name, project = NAMES[happening.what, happening.done], happening.task.project
        matched = [one for one in self.live() if project in one.projects and name in one.events]
        if matched:
            message = self._message(matched[0].url, name, happening, [one.id for one in matched])
            self._notifier.tell(lambda: message)

    def _message(self, url: str, name: str, happening: Happening, matched: list[int]) -> Message:
        now_s = int(self._clock.now_s())
        task = happening.task
        issue = self._work.show(task, ["summary", "status", "updated"])
        issue["fields"]["project"] = show_project(self._work.projects[task.project])
        body: Json = {
            "timestamp": now_s * 1000,
            "webhookEvent": name,
            "user": user("Grace"),
            "issue": issue,
            "matchedWebhookIds": matched,
        }
        for comment in task.comments:
            if comment.id == happening.id:
                body["comment"] = self._work.show_comment(comment, task)
        client_id, secret = self._app()
        path = urlsplit(url).path or "/"
        claims = {
            "iss": client_id,
            "iat": now_s,
            "exp": now_s + TOKEN_LIFE_S,
            "qsh": hashlib.sha256(f"POST&{path}&".encode()).hexdigest(),
        }
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Atlassian Webhook HTTP Client",
            "Authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}",
            "X-Atlassian-Webhook-Identifier": str(uuid.uuid4()),
        }
        return Message("POST", url, headers, orjson.dumps(body))
