"""Asana's webhooks. Source: developers.asana.com/docs/webhooks-guide, /reference/createwebhook."""

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.kit.notifying import Got, Message, Notifier, hex_hmac
from sandbox.kit.stand_in import Clock
from sandbox.kit.work import Happening, Work, iso

PATIENCE_S = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
"""Asana backs off for 24 hours; nobody uses a sandbox for so long."""
KINDS = {"task": "task", "comment": "story"}


@dataclass
class Webhook:
    gid: str
    resource: str
    target: str
    filters: list[dict[str, Any]]
    secret: str = field(default_factory=lambda: secrets.token_hex(32))


class AsanaWebhooks:
    """Those of a workspace. Each event is sent by itself; a heartbeat is sent when it is asked for."""

    def __init__(self, clock: Clock, work: Work) -> None:
        self._clock = clock
        self._work = work
        self.notifier = Notifier(PATIENCE_S)
        self.webhooks: dict[str, Webhook] = {}
        work.listeners.append(self._tell)

    def reset(self) -> None:
        self.webhooks.clear()
        self.notifier.reset()

    async def create(self, request: Request) -> Response:
        data = orjson.loads(await request.body())["data"]
        resource, target, filters = data.get("resource"), data.get("target"), data.get("filters")
        if resource not in self._work.projects:
            return _refused(400, "resource: Not a recognized ID")
        if not filters:
            return _refused(400, "filters: Webhooks on a project need some")
        if any((one.resource, one.target) == (resource, target) for one in self.webhooks.values()):
            return _refused(403, "There is a webhook of this resource to this target already")
        made = Webhook(str(4_300_000 + secrets.randbelow(100_000)), resource, target, filters)
        # In the middle of the request the target has to give back what it is sent.
        sent = await asyncio.to_thread(
            self.notifier.ask, Message("POST", target, {"X-Hook-Secret": made.secret}, b"{}")
        )
        returned = {name.lower(): value for name, value in sent.headers.items()}.get("x-hook-secret")
        if sent.status not in (200, 204) or returned != made.secret:
            return _refused(400, "The remote server did not respond with the handshake secret.")
        self.webhooks[made.gid] = made
        return JSONResponse({"data": _shown(made), "X-Hook-Secret": made.secret}, 201)

    async def read(self, request: Request) -> Response:
        found = self.webhooks.get(request.path_params["gid"])
        return _refused(404, "Not a recognized ID") if found is None else JSONResponse({"data": _shown(found)})

    async def delete(self, request: Request) -> Response:
        found = self.webhooks.pop(request.path_params["gid"], None)
        return _refused(404, "Not a recognized ID") if found is None else JSONResponse({"data": {}})

    def beat(self) -> None:
        """A heartbeat to every target."""
        for webhook in self.webhooks.values():
            self._send(webhook, [])

    def _tell(self, happening: Happening) -> None:
        kind = KINDS[happening.what]
        for webhook in list(self.webhooks.values()):
            wanted = any(
                one.get("resource_type") == kind and one.get("action") in (None, happening.done)
                for one in webhook.filters
            )
            if wanted and webhook.resource == happening.task.project:
                self._send(webhook, [self._event(happening, kind)])

    def _event(self, happening: Happening, kind: str) -> dict[str, Any]:
        of_task = {"gid": happening.task.id, "resource_type": "task", "resource_subtype": "default_task"}
        resource = of_task if kind == "task" else {"gid": happening.id, "resource_type": kind}
        event = {
            "action": happening.done,
            "resource": resource,
            "parent": None if kind == "task" else of_task,
            "user": {"gid": "1200000000000009", "resource_type": "user"},
            "created_at": iso(self._clock.now_s()),
        }
        if happening.members:
            event["change"] = {"field": "name", "action": "changed"}
        return event

    def _send(self, webhook: Webhook, events: list[dict[str, Any]]) -> None:
        body = orjson.dumps({"events": events})
        headers = {"X-Hook-Signature": hex_hmac(webhook.secret, body), "Content-Type": "application/json"}

        def ended(got: Got) -> None:
            if got.status == 410:
                self.webhooks.pop(webhook.gid, None)

        self.notifier.tell(lambda: Message("POST", webhook.target, headers, body), then=ended)


def _shown(webhook: Webhook) -> dict[str, Any]:
    return {
        "gid": webhook.gid,
        "resource_type": "webhook",
        "active": True,
        "resource": {"gid": webhook.resource, "resource_type": "project"},
        "target": webhook.target,
        "filters": webhook.filters,
    }


def _refused(status: int, message: str) -> Response:
    return JSONResponse({"errors": [{"message": message, "help": ""}]}, status)
