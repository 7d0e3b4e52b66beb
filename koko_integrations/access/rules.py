"""What a procedure's declaration says about its callers."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from koko_integrations.access.projects import EditorOf

TeamRole = Literal["member", "admin"]
"""The least role in the team: koko.md's owner and admin both count as admin."""

RANK = {"member": 0, "admin": 1, "owner": 1}


@dataclass(frozen=True, slots=True)
class Public:
    """Anybody, without credentials."""

    described: ClassVar[str] = "public"


@dataclass(frozen=True, slots=True)
class TeamAccess:
    """A member of the team that `teamId` names; `integrations` has the team's read along, in the same statement."""

    role: TeamRole
    integrations: bool = False
    target: ClassVar[str] = "teamId"

    @property
    def described(self) -> str:
        return f"team {self.role}"


_EDITORS: dict[EditorOf | None, str] = {
    None: "",
    "any": ", editor of a project",
    "projectId": ", editor of the project",
    "assetIds": ", editor of the assets' projects",
}


@dataclass(frozen=True, slots=True)
class IntegrationAccess:
    """A member of the team that owns the integration that `integrationId` names; or, with `api_key`, the holder of
    that integration's own Koko API key. With `editor_of`, who besides is an owner or editor of a project."""

    role: TeamRole
    api_key: bool = False
    editor_of: EditorOf | None = None
    target: ClassVar[str] = "integrationId"

    @property
    def described(self) -> str:
        others = ", or the integration's own Koko API key" if self.api_key else ""
        return f"team {self.role}{_EDITORS[self.editor_of]}{others}"


@dataclass(frozen=True, slots=True)
class JobAccess:
    """A member of the team that owns the integration whose job `jobId` names."""

    role: TeamRole
    target: ClassVar[str] = "jobId"

    @property
    def described(self) -> str:
        return f"team {self.role}"


@dataclass(frozen=True, slots=True)
class DeliveryAccess:
    """A member of the team that owns the integration whose delivery `deliveryId` names."""

    role: TeamRole
    target: ClassVar[str] = "deliveryId"

    @property
    def described(self) -> str:
        return f"team {self.role}"


@dataclass(frozen=True, slots=True)
class ServiceAccess:
    """One of Koko's own services, in any team, which `teamId` names."""

    target: ClassVar[str] = "teamId"
    described: ClassVar[str] = "Koko's own services"


@dataclass(frozen=True, slots=True)
class KeyAccess:
    """The holder of an integration's Koko API key, which says which integration it is."""

    described: ClassVar[str] = "the integration's own Koko API key"


Targeted = TeamAccess | IntegrationAccess | JobAccess | DeliveryAccess
"""Rules about something of a team's, which people may have a role in."""

Rule = Public | Targeted | ServiceAccess | KeyAccess
