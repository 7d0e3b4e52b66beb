"""What a procedure's declaration says about its callers."""

from dataclasses import dataclass
from typing import ClassVar, Literal

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


@dataclass(frozen=True, slots=True)
class IntegrationAccess:
    """A member of the team that owns the integration that `integrationId` names; or, with `api_key`, the holder of
    that integration's own Koko API key."""

    role: TeamRole
    api_key: bool = False
    target: ClassVar[str] = "integrationId"

    @property
    def described(self) -> str:
        return f"team {self.role}" + (", or the integration's own Koko API key" if self.api_key else "")


@dataclass(frozen=True, slots=True)
class JobAccess:
    """A member of the team that owns the integration whose job `jobId` names."""

    role: TeamRole
    target: ClassVar[str] = "jobId"

    @property
    def described(self) -> str:
        return f"team {self.role}"


Rule = Public | TeamAccess | IntegrationAccess | JobAccess
