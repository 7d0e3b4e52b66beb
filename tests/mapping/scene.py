"""A mapped project whose tasks have fields of the team's own."""

from dataclasses import dataclass
from typing import Any

from sandbox.kit.stand_in import StandIn
from sandbox.kit.work import Task, Work
from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.service import RpcError, Service
from tests.sync.cases import Case
from tests.sync.team import PROJECT, Koko, Team, join

UPPER = "function (value, item) { return value.toUpperCase() + ' @' + item.timecode; }"


@dataclass
class Scene:
    """Both sides of a mapped project."""

    case: Case
    team: Team
    stand_in: StandIn
    work: Work

    @property
    def koko(self) -> Koko:
        return self.team.koko

    def map(self, *mappings: dict[str, Any], entity: str = "comment") -> list[dict[str, Any]]:
        """What mapFields answers."""
        params = {"integrationId": self.team.target, "entityType": entity, "mappings": list(mappings)}
        answer = self.team.service.call("integration.mapFields", params, token=self.team.people.admin)
        found: list[dict[str, Any]] = answer["mappings"]
        return found

    def refuse(self, *mappings: dict[str, Any], entity: str = "comment") -> RpcError:
        try:
            self.map(*mappings, entity=entity)
        except RpcError as refused:
            return refused
        raise AssertionError("it was accepted")

    def preview(self, *mappings: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
        params = {"integrationId": self.team.target, "mappings": list(mappings), **more}
        answer = self.team.service.call("integration.previewMapping", params, token=self.team.people.admin)
        found: list[dict[str, Any]] = answer["mappings"]
        return found

    def task(self, comment_id: str) -> Task:
        return self.work.tasks[self.team.linked(comment_id)]

    def values(self, comment_id: str) -> dict[str, object]:
        """What is in the fields of a comment's task, by their names."""
        task = self.task(comment_id)
        fields = {one.id: one for one in self.work.projects[task.project].fields}
        shown: dict[str, object] = {}
        for field_id, value in task.fields.items():
            if field_id in fields:
                options = {one.id: one.name for one in fields[field_id].options}
                shown[fields[field_id].name] = options.get(str(value), value)
        return shown


def furnish(case: Case, service: Service, people: People, sandbox: Sandbox) -> Scene:
    team = join(service, people, sandbox, case.slug)
    team.configure(projectMapping={PROJECT: case.container})
    return Scene(case, team, case.stand_in(sandbox), case.work(sandbox))


def to(external: str, koko: str, transform: str = "none", script: str | None = None) -> dict[str, Any]:
    mapping = {"kokoField": koko, "externalField": external, "transform": transform}
    return mapping if script is None else mapping | {"customTransform": script}
