"""Triggers as they are given, checked: everything that is wrong is named, all at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import marshmallow as ma

from koko_integrations.connections.config import MASK, mask
from koko_integrations.delivery.headers import check_headers
from koko_integrations.delivery.signing import check_secret
from koko_integrations.errors import BadRequest
from koko_integrations.ids import new_id
from koko_integrations.integration import Integration
from koko_integrations.rpc.fields import problems_by_path
from koko_integrations.triggers import conditions
from koko_integrations.triggers.actions.action import Action
from koko_integrations.triggers.own_address import OwnAddress
from koko_integrations.triggers.planning import Planner
from koko_integrations.triggers.rules import NewRule
from koko_integrations.triggers.templates import TemplateProblem, compile_template

MAX_TRIGGERS = 1_000
Given = Mapping[str, Any]
Problems = dict[str, list[str]]


class Reader:
    """Reads the triggers of one integration. `team` are the team's integrations by id, `kept` the secrets of the
    triggers that there are, by id."""

    def __init__(
        self,
        planner: Planner,
        own: OwnAddress,
        integration: Integration,
        team: Mapping[str, Integration],
        kept: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self._planner = planner
        self._own = own
        self._integration = integration
        self._team = team
        self._kept = kept
        self.problems: Problems = {}

    def read(self, triggers: Sequence[Given]) -> list[NewRule]:
        """Raises BadRequest."""
        seen: set[str] = set()
        rules: list[NewRule] = []
        for number, given in enumerate(triggers):
            trigger_id = given.get("id")
            if trigger_id is not None and (trigger_id not in self._kept or trigger_id in seen):
                self._note(f"triggers.{number}.id", "This integration has no such trigger, or it stands here twice")
            seen.add(trigger_id or "")
            rules.append(self._read(f"triggers.{number}", given))
        raise_problems(self.problems)
        return rules

    def _read(self, path: str, given: Given) -> NewRule:
        for number, condition in enumerate(given["conditions"]):
            found = conditions.check(condition["field"], condition["operator"], condition["value"])
            for name, said in found.items():
                self._note(f"{path}.conditions.{number}.{name}", said)
        trigger_id = given.get("id") or new_id("trg")
        action = self._planner.actions.find(given["action"]["type"])
        where = f"{path}.action.config"
        config = self._config(where, action, given["action"]["config"], self._kept.get(trigger_id, {}))
        self._check_target(path, action, config)
        secrets = {name: config[name] for name in action.secrets if name in config}
        shown = config | {name: _masked(value) for name, value in secrets.items()}
        return NewRule(
            id=trigger_id,
            event=given["event"],
            conditions=conditions.dump_conditions(given["conditions"]),
            action={"type": action.name, "config": shown},
            secrets=secrets,
        )

    def _config(self, where: str, action: Action, given: Given, kept: Given) -> dict[str, Any]:
        try:
            config: dict[str, Any] = action.schema.load(_unmasked(given, kept, action.secrets))
        except ma.ValidationError as problem:
            self.problems |= problems_by_path(problem.messages, where)
            return {}
        self._check_secrets(where, action, config)
        for name, source, in_json in action.templates(config):
            try:
                compile_template(source, in_json=in_json)
            except TemplateProblem as refused:
                self._note(f"{where}.{name}", str(refused))
        return config

    def _check_secrets(self, where: str, action: Action, config: Given) -> None:
        """Addresses, headers and secrets of actions that post."""
        masked = [path for name in action.secrets for path in _masks(name, config.get(name))]
        for path in masked:
            said = "This is the masked value that we show; give the value, or the trigger's id along with it"
            self._note(f"{where}.{path}", said)
        if masked:
            return
        try:
            if "headers" in config:
                check_headers(config["headers"], f"{where}.headers")
            if "secret" in config:
                check_secret(config["secret"], f"{where}.secret")
        except BadRequest as refused:
            self.problems |= refused.context["fields"]
        if "url" in config and self._own.is_ours(config["url"]):
            self._note(f"{where}.url", "This is Koko's own address: the trigger would call itself")

    def _check_target(self, path: str, action: Action, config: Given) -> None:
        named = config.get("integrationId")
        target = self._integration if named is None else self._team.get(named)
        if target is None:
            self._note(f"{path}.action.config.integrationId", "There is no such integration in this team")
            return
        provides = self._planner.provides(action, target)
        if not provides:
            where = f"{path}.action.type" if named is None else f"{path}.action.config.integrationId"
            self._note(where, f"{target.provider_name} {action.lacking}")

    def _note(self, path: str, said: str) -> None:
        self.problems.setdefault(path, []).append(said)


def raise_problems(problems: Problems) -> None:
    """Raises BadRequest that names each wrong field, if there are any."""
    if problems:
        first = next(iter(problems))
        raise BadRequest(f"Invalid input: {first}: {problems[first][0]}", dict(problems))


def _masked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: mask(str(one)) for name, one in value.items()}
    return mask(str(value))


def _masks(path: str, value: Any) -> list[str]:
    """Where there are masks."""
    if isinstance(value, Mapping):
        return [found for name, one in value.items() for found in _masks(f"{path}.{name}", one)]
    return [path] if isinstance(value, str) and value.startswith(MASK) else []


def _unmasked(given: Given, kept: Given, names: Sequence[str]) -> dict[str, Any]:
    """With what is behind the masks that the trigger itself has been shown with."""
    config = dict(given)
    for name in names:
        value, known = config.get(name), kept.get(name)
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            config[name] = {
                header: known[header] if header in known and one == mask(known[header]) else one
                for header, one in value.items()
            }
        elif isinstance(known, str) and value == mask(known):
            config[name] = known
    return config
