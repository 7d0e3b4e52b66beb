"""The caller: what the credentials prove (principal), and what the database grants (actor, grant)."""

from dataclasses import dataclass, field

from koko_integrations.integration import Integration, Listed


@dataclass(frozen=True, slots=True)
class SessionPrincipal:
    """Holds a validly signed session token; the session's row decides whether it still counts."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    """One of Koko's services, for itself or for the user that it names."""

    name: str
    user_id: str | None


@dataclass(frozen=True, slots=True)
class KeyPrincipal:
    """Holds a Koko API key, known by its SHA-256."""

    key_hash: str = field(repr=False)


Principal = SessionPrincipal | ServicePrincipal | KeyPrincipal


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts. `label` is unique among all actors and fit for logs; `user_id` is there when it is a person."""

    label: str
    user_id: str | None = None

    @property
    def is_service(self) -> bool:
        """One of Koko's services, for itself."""
        return self.label.startswith("service:")


@dataclass(frozen=True, slots=True)
class Grant:
    """A caller admitted to a team, and to one of its integrations where the procedure names one.

    `integrations` are the team's, newest first, where the procedure's access asks for them.
    """

    actor: Actor
    team_id: str
    integration: Integration | None = None
    is_admin: bool = False
    integrations: tuple[Listed, ...] = ()
