"""A team at work: what its admin sets, what Koko publishes, and what comes of it."""

import secrets
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

import jwt
import pytest

from koko_integrations.app import App
from sandbox.stand_ins import Sandbox
from tests.conftest import TEAM, People
from tests.connections.consent import connect
from tests.service import SERVICE_SECRET, RpcError, Service
from tests.sync.team import PROJECT, VIDEO, Koko

CUT = "10000"
"""The project at Jira whose key is CUT."""
Json = dict[str, Any]


def condition(field: str, operator: str, value: Any) -> Json:
    return {"field": field, "operator": operator, "value": value}


def trigger(action: str, config: Json, *conditions: Json, event: str = "comment.created") -> Json:
    return {"event": event, "conditions": list(conditions), "action": {"type": action, "config": config}}


URGENT = condition("comment.content", "contains", "urgent")


class Studio:
    """The team."""

    def __init__(self, service: Service, people: People, sandbox: Sandbox) -> None:
        self.service = service
        self.people = people
        self.sandbox = sandbox
        self.koko = Koko(service)
        self.koko.furnish()

    @cached_property
    def jira(self) -> str:
        """Jira's integration, the project mapped."""
        target = str(connect(self.service, self.people.admin, "jira")["id"])
        self.call("integration.configure", integrationId=target, config={"projectMapping": {PROJECT: "CUT"}})
        return target

    @cached_property
    def slack(self) -> str:
        target = str(connect(self.service, self.people.admin, "slack")["id"])
        channel = next(one.id for one in self.sandbox.slack.channels.values() if one.name == "reviews")
        self.call("integration.configure", integrationId=target, config={"channelId": channel, "notifyOn": []})
        return target

    @cached_property
    def zapier(self) -> str:
        """An integration that needs nothing, for actions that need none."""
        return str(self.call("integration.connect", teamId=TEAM, provider="zapier")["integration"]["id"])

    @property
    def issues(self) -> dict[str, Any]:
        """The tasks in Jira's project that were not there in the beginning."""
        work = self.sandbox.atlassian.jira_api.work
        return {task.id: task for task in work.of(CUT) if int(task.id) >= self._first_new}

    @cached_property
    def _first_new(self) -> int:
        return max(map(int, self.sandbox.atlassian.jira_api.work.tasks)) + 1

    @property
    def messages(self) -> list[str]:
        """What people see in Slack, line by line."""
        return ["\n".join(one.lines) for one in self.sandbox.slack.messages.all]

    def call(self, method: str, **params: Any) -> Any:
        return self.service.call(method, params, token=self.people.admin)

    def refused(self, method: str, **params: Any) -> RpcError:
        with pytest.raises(RpcError) as refusal:
            self.call(method, **params)
        return refusal.value

    def set(self, target: str, *triggers: Json) -> list[Json]:
        assert self._first_new
        stored: list[Json] = self.call("integration.setTriggers", integrationId=target, triggers=list(triggers))[
            "triggers"
        ]
        return stored

    def refuse(self, target: str, *triggers: Json) -> RpcError:
        return self.refused("integration.setTriggers", integrationId=target, triggers=list(triggers))

    def rehearse(self, target: str, event: Any) -> list[Json]:
        shown: list[Json] = self.call("integration.testTriggers", integrationId=target, event=event)["triggers"]
        return shown

    def comment(self, text: str, comment_id: str = "comment-1", **columns: Any) -> Json:
        """Somebody comments in Koko; the data of the event that tells of it."""
        self.koko.comment(comment_id, text, **columns)
        author = {"id": "member", "name": "Member"}
        return {"comment": {"id": comment_id, "videoId": VIDEO, "content": text, "author": author}}

    def publish(self, data: Json, event_type: str = "comment.created", event_id: str = "", **more: Any) -> str:
        """Koko tells of it; the event's id."""
        claims = {"iss": "api", "aud": "koko-integrations", "exp": self.service.clock.now // 1000 + 200}
        token = jwt.encode(claims, SERVICE_SECRET, algorithm="HS256")
        event_id = event_id or f"event-{secrets.token_hex(4)}"
        params = {"id": event_id, "type": event_type, "teamId": TEAM, "data": data, "projectId": PROJECT, **more}
        params.setdefault("occurredAt", "2025-01-15T10:30:00Z")
        self.service.call("event.publish", params, token=token)
        return event_id

    def settle(self) -> None:
        """Returns when everything that is due has been done."""

        async def wake(app: App) -> None:
            app.automation.wake()

        self.service.run(wake)
        due = "SELECT COUNT(*) FROM trigger_lane WHERE next_due_at <= ? OR lease_holder IS NOT NULL"
        self.until(lambda: self.service.rows.query(due, self.service.clock.now) == [(0,)])

    def react(self, data: Json, event_type: str = "comment.created", **more: Any) -> str:
        """An event, and everything that follows from it; its id."""
        event_id = self.publish(data, event_type, **more)
        self.settle()
        return event_id

    def runs(self, event_id: str) -> list[str]:
        """What came of the event's triggers, in order."""
        found = self.service.rows.query("SELECT status FROM trigger_run WHERE event_id = ? ORDER BY position", event_id)
        return [row[0] for row in found]

    def reason(self, event_id: str) -> str:
        """Why the event's only trigger did not do it."""
        [told] = self.story(event_id)["triggers"]
        return str(told["reason"])

    def log(self, target: str, **filters: Any) -> list[Json]:
        found: list[Json] = self.call("integration.getLogs", integrationId=target, limit=100, **filters)["logs"]
        return found

    def entry(self, event_id: str, *targets: str) -> Json:
        """What the log tells of the event: one entry."""
        ids = targets or tuple(row[0] for row in self.service.rows.query("SELECT id FROM integration"))
        [entry] = [one for target in ids for one in self.log(target) if one["details"].get("eventId") == event_id]
        return entry

    def story(self, event_id: str) -> Json:
        details: Json = self.entry(event_id)["details"]
        return details

    def until(self, reached: Callable[[], Any]) -> Any:
        """What `reached` answers as soon as it is something; the service works in the meantime."""
        deadline = time.monotonic() + 20
        while not (found := reached()):
            assert time.monotonic() < deadline, "it does not come about"
            time.sleep(0.005)
        return found
