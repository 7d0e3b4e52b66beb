"""`integration.testTriggers`: what an event would set off, and what that would do. Nothing is done."""

from collections.abc import Mapping
from typing import Any

from koko_integrations.clock import Clock
from koko_integrations.database import Database, Transaction
from koko_integrations.errors import BadRequest, NotFound
from koko_integrations.event_types import EVENT_TYPES
from koko_integrations.integration import Integration
from koko_integrations.rpc.wire import present
from koko_integrations.triggers import ledger, rules
from koko_integrations.triggers.conditions import looking_into
from koko_integrations.triggers.firing import OWN_DOING, target_of
from koko_integrations.triggers.loops import Origins
from koko_integrations.triggers.occasion import FIND_EVENT, Occasion, read_event
from koko_integrations.triggers.planning import Planner
from koko_integrations.triggers.rules import Rule

RAN = "It has been set off by this event already, and will not be again"


class Rehearsal:
    """Tries triggers."""

    def __init__(self, clock: Clock, database: Database, planner: Planner) -> None:
        self._clock = clock
        self._database = database
        self._planner = planner

    async def triggers(self, integration: Integration) -> list[Rule]:
        """In order."""
        rows = await self._database.read(rules.OF_INTEGRATION, integration_id=integration.id)
        return [Rule._make(row) for row in rows]

    async def past(self, integration: Integration, event_id: str) -> Occasion:
        """An event of the team's that is kept. Raises NotFound."""
        row = await self._database.read_one(FIND_EVENT, team_id=integration.team_id, id=event_id)
        if row is None:
            raise NotFound("Event not found; events are kept for 30 days")
        return read_event(row, integration.team_id)

    def made_up(self, integration: Integration, given: Mapping[str, Any]) -> Occasion:
        """An event that nobody has published. Raises BadRequest."""
        if given["type"] not in EVENT_TYPES:
            raise BadRequest.field("event.type", f"Expected one of {', '.join(EVENT_TYPES)}")
        return Occasion(
            id=given.get("id"),
            type=given["type"],
            team_id=integration.team_id,
            project_id=given.get("projectId"),
            actor_id=given.get("actorId"),
            occurred_at=given.get("occurredAt", self._clock.now_ms()),
            data=given["data"],
        )

    async def rehearse(self, integration: Integration, occasion: Occasion) -> list[dict[str, Any]]:
        """What each trigger would do, in order."""
        occasion = await self._planner.look_around(occasion)
        own_doing = await self._own_doings(integration, occasion)
        ran: dict[str, str] = {}
        if occasion.id is not None:
            about = {"integration_id": integration.id, "event_id": occasion.id}
            ran = dict(await self._database.read(ledger.OF_EVENT, **about))
        return [await self._try(rule, occasion, own_doing, ran) for rule in await self.triggers(integration)]

    async def _try(
        self, rule: Rule, occasion: Occasion, own_doings: frozenset[str], ran: Mapping[str, str]
    ) -> dict[str, Any]:
        look_up = looking_into(occasion.view)
        told = {
            "triggerId": rule.id,
            "position": rule.position,
            "event": rule.event,
            "conditions": rule.conditions.explain(look_up),
            "action": {"type": rule.action["type"]},
            "warnings": [],
        }
        if rule.event != occasion.type:
            return told | {
                "matches": False,
                "wouldRun": False,
                "reason": f"It is for {rule.event}, and this is {occasion.type}",
            }
        if not rule.conditions.hold(look_up):
            return told | {"matches": False, "wouldRun": False, "reason": "Not all of its conditions hold"}
        if {rule.integration_id, target_of(rule)} & own_doings:
            return told | {"matches": True, "wouldRun": False, "reason": OWN_DOING}
        plan = await self._planner.plan(rule, occasion)
        warnings = [*plan.warnings, *([RAN] if rule.id in ran else [])]
        return told | present(
            matches=True,
            wouldRun=plan.problem is None and rule.id not in ran,
            reason=plan.problem,
            ran=ran.get(rule.id),
            action={"type": rule.action["type"], "would": plan.does},
            warnings=warnings,
        )

    async def _own_doings(self, integration: Integration, occasion: Occasion) -> frozenset[str]:
        """Which of the integrations that would do something have done this themselves."""
        involved = {integration.id, *map(target_of, await self.triggers(integration))}

        def look(tx: Transaction) -> frozenset[str]:
            origins = Origins(tx, occasion)
            return frozenset(one for one in involved if origins.is_doing_of(one))

        return await self._database.write(look)
