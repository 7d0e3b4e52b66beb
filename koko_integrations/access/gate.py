"""Principal and target to grant: one statement reads session, membership and row together.

Outer joins tell the refusals apart: no row is 401, no team or no membership is 404 (a foreign id and an unknown one
look the same), too low a role is 403.
"""

from typing import Any

import peewee

from koko_integrations.access.actor import Actor, Grant, KeyPrincipal, Principal, ServicePrincipal, SessionPrincipal
from koko_integrations.access.projects import ProjectGate
from koko_integrations.access.rules import (
    RANK,
    DeliveryAccess,
    IntegrationAccess,
    JobAccess,
    KeyAccess,
    ServiceAccess,
    Targeted,
    TeamAccess,
)
from koko_integrations.clock import MINUTE_MS, Clock
from koko_integrations.database import Database, Statement, param
from koko_integrations.errors import Forbidden, NotFound, Unauthorized
from koko_integrations.integration import COLUMNS, LISTED_COLUMNS, Integration, Listed
from koko_integrations.koko import Session, Team, TeamMember, User
from koko_integrations.models import ApiKey, Delivery, IntegrationConnection, Job
from koko_integrations.models import Integration as Row

LEFT = peewee.JOIN.LEFT_OUTER
_NAMES = {TeamAccess: "Team", IntegrationAccess: "Integration", JobAccess: "Job", DeliveryAccess: "Delivery"}
_ACTOR_COLUMNS = 4
# What else names an integration: something of its own.
_OWNED: dict[str, Any] = {"job": Job, "delivery": Delivery}

_SESSION = (Session, Session.user_id, Session.expires_at, Session.token == param("who"))
_USER = (User, User.id, peewee.SQL("NULL"), User.id == param("who"))


def _admission(source: tuple[Any, Any, Any, Any], *, to: str = "team", with_rows: bool = False) -> Statement:
    table, user_id, expires_at, is_caller = source
    to_integration = to != "team"
    more = COLUMNS if to_integration else LISTED_COLUMNS if with_rows else ()
    query = table.select(user_id, expires_at, Team.id, TeamMember.role, *more)
    if to_integration:
        target: Any = param("target")
        if (owned := _OWNED.get(to)) is not None:
            query = query.join(owned, LEFT, on=(owned.id == target))
            target = owned.integration_id
        query = query.join(Row, LEFT, on=(Row.id == target))
        query = query.join(IntegrationConnection, LEFT, on=(IntegrationConnection.integration_id == Row.id))
    team = Row.team_id if to_integration else param("target")
    query = query.join(Team, LEFT, on=((Team.id == team) & Team.deleted_at.is_null()))
    query = query.join(TeamMember, LEFT, on=((TeamMember.team_id == Team.id) & (TeamMember.user_id == user_id)))
    if with_rows:
        # Nothing is read for somebody who is no member.
        query = query.join(Row, LEFT, on=((Row.team_id == Team.id) & TeamMember.role.is_null(False)))
        query = query.order_by(Row.created_at.desc(), Row.id)
    return Statement(query.where(is_caller))


_TO_TEAM = {SessionPrincipal: _admission(_SESSION), ServicePrincipal: _admission(_USER)}
_TO_TEAM_WITH_ROWS = {
    SessionPrincipal: _admission(_SESSION, with_rows=True),
    ServicePrincipal: _admission(_USER, with_rows=True),
}
_TO_INTEGRATION = {
    SessionPrincipal: _admission(_SESSION, to="integration"),
    ServicePrincipal: _admission(_USER, to="integration"),
}
_TO_OWNED = {
    JobAccess: {SessionPrincipal: _admission(_SESSION, to="job"), ServicePrincipal: _admission(_USER, to="job")},
    DeliveryAccess: {
        SessionPrincipal: _admission(_SESSION, to="delivery"),
        ServicePrincipal: _admission(_USER, to="delivery"),
    },
}
_FIND_SESSION = Statement(Session.select(Session.user_id, Session.expires_at).where(Session.token == param("who")))
_FIND_USER = Statement(User.select(User.id).where(User.id == param("who")))
_FIND_TEAM = Statement(Team.select(Team.id).where((Team.id == param("target")) & Team.deleted_at.is_null()))
_FIND_ROWS = Statement(
    Row.select(*LISTED_COLUMNS).where(Row.team_id == param("target")).order_by(Row.created_at.desc(), Row.id)
)
_FIND_INTEGRATION = Statement(
    Row.select(*COLUMNS)
    .join(IntegrationConnection, on=(IntegrationConnection.integration_id == Row.id))
    .join(Team, on=((Team.id == Row.team_id) & Team.deleted_at.is_null()))
    .where(Row.id == param("target"))
)
_FIND_OF_OWNED = {
    rule: Statement(
        Row.select(*COLUMNS)
        .join(owned, on=(owned.integration_id == Row.id))
        .join(IntegrationConnection, on=(IntegrationConnection.integration_id == Row.id))
        .join(Team, on=((Team.id == Row.team_id) & Team.deleted_at.is_null()))
        .where(owned.id == param("target"))
    )
    for rule, owned in ((JobAccess, Job), (DeliveryAccess, Delivery))
}
_FIND_KEY = Statement(
    ApiKey.select(ApiKey.team_id, ApiKey.integration_id, ApiKey.last_used_at).where(ApiKey.key_hash == param("who"))
)
_TOUCH_KEY = Statement(ApiKey.update({ApiKey.last_used_at: param("now")}).where(ApiKey.key_hash == param("who")))


class Gate:
    """Admits callers."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._projects = ProjectGate(database)

    async def sign_in(self, principal: Principal) -> Actor:
        """The caller, whatever it is that they want. Raises Unauthorized."""
        match principal:
            case SessionPrincipal(token):
                row = await self._database.read_one(_FIND_SESSION, who=token)
                return self._session_actor(row)
            case ServicePrincipal(name, None):
                return Actor(f"service:{name}")
            case ServicePrincipal(_, user_id):
                if await self._database.read_one(_FIND_USER, who=user_id) is None:
                    raise Unauthorized("The user to act for does not exist")
                return Actor(f"user:{user_id}", user_id)
            case KeyPrincipal(key_hash):
                _, integration_id = await self._find_key(key_hash)
                return Actor(f"key:{integration_id}")

    async def admit(
        self, principal: Principal, rule: Targeted | ServiceAccess | KeyAccess, params: dict[str, Any]
    ) -> Grant:
        """Raises Unauthorized, NotFound or Forbidden."""
        if isinstance(rule, KeyAccess):
            return await self._admit_holder(principal)
        if isinstance(rule, ServiceAccess):
            return await self._admit_service_alone(principal, params[rule.target])
        target = params[rule.target]
        if isinstance(principal, KeyPrincipal):
            return await self._admit_key(principal, rule, target)
        if isinstance(principal, ServicePrincipal) and principal.user_id is None:
            return await self._admit_service(principal, rule, params)
        who = principal.token if isinstance(principal, SessionPrincipal) else principal.user_id
        rows = await self._database.read(_statement(rule)[type(principal)], who=who, target=target)
        row = rows[0] if rows else None
        actor = self._session_actor(row)
        assert row is not None, "an actor comes from a row"
        team_id, role = row[2:_ACTOR_COLUMNS]
        if team_id is None or role is None:
            raise _not_found(rule)
        if RANK[role] < RANK[rule.role]:
            raise Forbidden("Only an admin of the team may do this")
        is_admin = RANK[role] >= RANK["admin"]
        if isinstance(rule, IntegrationAccess) and rule.editor_of is not None:
            await self._projects.require_editor(actor, team_id, rule.editor_of, params)
        if isinstance(rule, TeamAccess):
            return Grant(actor, team_id, is_admin=is_admin, integrations=_listed(rule, rows))
        return Grant(actor, team_id, Integration._make(row[_ACTOR_COLUMNS:]), is_admin)

    async def _admit_service(self, principal: ServicePrincipal, rule: Targeted, params: dict[str, Any]) -> Grant:
        actor, target = Actor(f"service:{principal.name}"), params[rule.target]
        match rule:
            case TeamAccess():
                statement = _FIND_TEAM
            case IntegrationAccess():
                statement = _FIND_INTEGRATION
            case JobAccess() | DeliveryAccess():
                statement = _FIND_OF_OWNED[type(rule)]
        row = await self._database.read_one(statement, target=target)
        if row is None:
            raise _not_found(rule)
        if isinstance(rule, TeamAccess):
            rows = await self._database.read(_FIND_ROWS, target=target) if rule.integrations else []
            return Grant(actor, row[0], is_admin=True, integrations=tuple(map(Listed._make, rows)))
        found = Integration._make(row)
        if isinstance(rule, IntegrationAccess) and rule.editor_of is not None:
            await self._projects.require_editor(actor, found.team_id, rule.editor_of, params)
        return Grant(actor, found.team_id, found, is_admin=True)

    async def _admit_key(self, principal: KeyPrincipal, rule: Targeted, target: str) -> Grant:
        team_id, integration_id = await self._find_key(principal.key_hash)
        if not isinstance(rule, IntegrationAccess) or not rule.api_key:
            raise Forbidden("A Koko API key cannot do this")
        row = await self._database.read_one(_FIND_INTEGRATION, target=target) if target == integration_id else None
        if row is None:
            raise _not_found(rule)
        return Grant(Actor(f"key:{integration_id}"), team_id, Integration._make(row))

    async def _admit_holder(self, principal: Principal) -> Grant:
        if not isinstance(principal, KeyPrincipal):
            await self.sign_in(principal)
            raise Forbidden("Only the holder of a Koko API key may do this")
        team_id, integration_id = await self._find_key(principal.key_hash)
        row = await self._database.read_one(_FIND_INTEGRATION, target=integration_id)
        if row is None:
            raise NotFound("Integration not found")
        return Grant(Actor(f"key:{integration_id}"), team_id, Integration._make(row))

    async def _admit_service_alone(self, principal: Principal, team_id: str) -> Grant:
        actor = await self.sign_in(principal)
        if not isinstance(principal, ServicePrincipal):
            raise Forbidden("Only Koko's own services may do this")
        if await self._database.read_one(_FIND_TEAM, target=team_id) is None:
            raise NotFound("Team not found")
        return Grant(actor, team_id, is_admin=True)

    async def _find_key(self, key_hash: str) -> tuple[str, str]:
        row = await self._database.read_one(_FIND_KEY, who=key_hash)
        if row is None:
            raise Unauthorized("These credentials are not valid")
        team_id, integration_id, last_used_at = row
        now = self._clock.now_ms()
        if last_used_at is None or last_used_at < now - MINUTE_MS:
            await self._database.write(lambda tx: tx.change(_TOUCH_KEY, who=key_hash, now=now))
        return team_id, integration_id

    def _session_actor(self, row: tuple[Any, ...] | None) -> Actor:
        if row is None:
            raise Unauthorized("Your session has ended; sign in again")
        user_id, expires_at = row[0], row[1]
        if expires_at is not None and expires_at <= self._clock.now_ms():
            raise Unauthorized("Your session has ended; sign in again")
        return Actor(f"user:{user_id}", user_id)


def _statement(rule: Targeted) -> dict[type, Statement]:
    if isinstance(rule, IntegrationAccess):
        return _TO_INTEGRATION
    if isinstance(rule, JobAccess | DeliveryAccess):
        return _TO_OWNED[type(rule)]
    return _TO_TEAM_WITH_ROWS if rule.integrations else _TO_TEAM


def _listed(rule: TeamAccess, rows: list[tuple[Any, ...]]) -> tuple[Listed, ...]:
    # The outer join gives a team without integrations one row of nothing.
    if not rule.integrations or rows[0][_ACTOR_COLUMNS] is None:
        return ()
    return tuple(Listed._make(row[_ACTOR_COLUMNS:]) for row in rows)


def _not_found(rule: Targeted) -> NotFound:
    what = _NAMES[type(rule)]
    return NotFound(f"{what} not found")
