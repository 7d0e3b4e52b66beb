"""Rows of triggers: what a team has set, in its order. Secrets of actions are sealed beside their masks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.models import Integration, TriggerRule
from koko_integrations.rpc.wire import dump_text
from koko_integrations.triggers.conditions import Conditions, compile_conditions
from koko_integrations.vault import Place, Vault

SEALED = ("trigger_rule", "sealed")
_COLUMNS = (
    TriggerRule.id,
    TriggerRule.integration_id,
    TriggerRule.team_id,
    TriggerRule.position,
    TriggerRule.event,
    TriggerRule.conditions,
    TriggerRule.action,
    TriggerRule.sealed,
)
OF_INTEGRATION = Statement(
    TriggerRule.select(*_COLUMNS)
    .where(TriggerRule.integration_id == param("integration_id"))
    .order_by(TriggerRule.position)
)
FIND = Statement(TriggerRule.select(*_COLUMNS).where(TriggerRule.id == param("id")))
# One that is connected, or was until something went wrong: then its log says so.
FOR_EVENT = Statement(
    TriggerRule.select(*_COLUMNS)
    .join(Integration, on=(Integration.id == TriggerRule.integration_id))
    .where(
        (TriggerRule.team_id == param("team_id"))
        & (TriggerRule.event == param("event"))
        & Integration.status.in_(("connected", "error"))
    )
    # In one order everywhere, as rows of lanes are locked.
    .order_by(TriggerRule.integration_id, TriggerRule.position)
)
_CLEAR = Statement(TriggerRule.delete().where(TriggerRule.integration_id == param("integration_id")))
_INSERT = Statement(
    TriggerRule.insert(
        {
            TriggerRule.id: param("id"),
            TriggerRule.integration_id: param("integration_id"),
            TriggerRule.team_id: param("team_id"),
            TriggerRule.position: param("position"),
            TriggerRule.event: param("event"),
            TriggerRule.conditions: param("conditions"),
            TriggerRule.action: param("action"),
            TriggerRule.sealed: param("sealed"),
            TriggerRule.created_at: param("now"),
        }
    )
)


class Rule(NamedTuple):
    """One trigger's row, its secrets still sealed."""

    id: str
    integration_id: str
    team_id: str
    position: int
    event: str
    conditions_json: str
    action_json: str
    sealed: str | None

    @property
    def conditions(self) -> Conditions:
        return compile_conditions(self.conditions_json)

    @property
    def action(self) -> dict[str, Any]:
        parsed: dict[str, Any] = orjson.loads(self.action_json)
        return parsed

    def to_wire(self) -> dict[str, Any]:
        """As `integration.setTriggers` was given it, secrets masked."""
        return {
            "id": self.id,
            "event": self.event,
            "conditions": orjson.Fragment(self.conditions_json),
            "action": orjson.Fragment(self.action_json),
        }

    def config(self, vault: Vault) -> dict[str, Any]:
        """The action's configuration, secrets and all. Raises VaultError."""
        shown: dict[str, Any] = self.action["config"]
        return shown if self.sealed is None else shown | open_secrets(vault, self)


@dataclass(frozen=True, kw_only=True)
class NewRule:
    """One that is to be stored. `action` has masks where `secrets` has what is behind them."""

    id: str
    event: str
    conditions: str
    action: Mapping[str, Any]
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)


def open_secrets(vault: Vault, rule: Rule) -> dict[str, Any]:
    """What of the configuration is sealed. Raises VaultError."""
    if rule.sealed is None:
        return {}
    found: dict[str, Any] = orjson.loads(vault.open(_place(rule.id, rule.team_id), rule.sealed))
    return found


def replace(
    tx: Transaction, vault: Vault, integration_id: str, team_id: str, rules: Sequence[NewRule], now: int
) -> list[Rule]:
    """All triggers of an integration, in place of those that there were."""
    tx.change(_CLEAR, integration_id=integration_id)
    rows = [
        {
            "id": rule.id,
            "integration_id": integration_id,
            "team_id": team_id,
            "position": position,
            "event": rule.event,
            "conditions": rule.conditions,
            "action": dump_text(rule.action),
            "sealed": vault.seal(_place(rule.id, team_id), dump_text(rule.secrets)) if rule.secrets else None,
            "now": now,
        }
        for position, rule in enumerate(rules)
    ]
    tx.change_many(_INSERT, rows)
    return [Rule._make(row) for row in tx.rows(OF_INTEGRATION, integration_id=integration_id)]


def _place(rule_id: str, team_id: str) -> Place:
    return Place(*SEALED, rule_id, team_id)
