"""From a trigger and an event to a plan: the same for what is done and for what is only shown."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from koko_integrations.connections.store import FIND
from koko_integrations.database import Database
from koko_integrations.integration import Integration
from koko_integrations.registry import Registry
from koko_integrations.triggers.actions.action import Action, Plan, Scene
from koko_integrations.triggers.firing import target_of
from koko_integrations.triggers.occasion import FIND_VIDEO, Occasion, known_of
from koko_integrations.triggers.rules import Rule
from koko_integrations.vault import Vault, VaultError


@dataclass(frozen=True)
class Actions:
    """The types of actions."""

    each: tuple[Action, ...]

    def find(self, action_type: str) -> Action:
        return next(action for action in self.each if action.name == action_type)


class Planner:
    """Plans, and does nothing."""

    def __init__(self, database: Database, vault: Vault, registry: Registry, actions: Iterable[Action]) -> None:
        self._database = database
        self._vault = vault
        self._registry = registry
        self.actions = Actions(tuple(actions))

    async def look_around(self, occasion: Occasion) -> Occasion:
        """With what Koko knows of the event's video."""
        video_id = occasion.video_id
        if video_id is None:
            return occasion
        row = await self._database.read_one(FIND_VIDEO, id=video_id, team_id=occasion.team_id)
        return replace(occasion, known=known_of(video_id, row))

    async def plan(self, rule: Rule, occasion: Occasion) -> Plan:
        """What the trigger does about an event that it fires for."""
        row = await self._database.read_one(FIND, id=target_of(rule))
        if row is None or (target := Integration._make(row)).team_id != rule.team_id:
            return Plan(problem="The integration that the action names is not there any more")
        action = self.actions.find(rule.action["type"])
        problem = self.objection(action, target)
        if problem is not None:
            return Plan(does={"provider": target.provider}, problem=problem)
        try:
            config = rule.config(self._vault)
        except VaultError:
            return Plan(problem="The action's secrets cannot be opened; set the triggers again")
        scene = Scene(occasion=occasion, view=occasion.view, trigger_id=rule.id, config=config, target=target)
        return await action.plan(scene)

    def objection(self, action: Action, target: Integration) -> str | None:
        """Why the action cannot be done at this integration, if there is a reason."""
        if not self.provides(action, target):
            return f"{target.provider_name} {action.lacking}"
        if target.status != "connected" and (action.needs is not None or target.status != "error"):
            return f"{target.provider_name} is not connected; connect it"
        return None

    def provides(self, action: Action, target: Integration) -> bool:
        """Whether the integration's provider can do it at all."""
        return action.needs is None or isinstance(self._registry.find(target.provider), action.needs)
