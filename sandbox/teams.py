"""The teams of the sandbox's Microsoft account, and their channels.

Source: learn.microsoft.com/graph/api/{user-list-joinedteams,channel-list}.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.oauth import Token

GRAPH = "https://graph.microsoft.com/v1.0"
TEAM = ("id", "displayName", "description", "isArchived")
CHANNEL = ("id", "displayName", "description", "isArchived", "membershipType", "webUrl", "email", "createdDateTime")


@dataclass
class Channel:
    id: str
    name: str
    description: str | None = None
    membership: str = "standard"
    archived: bool = False

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "displayName": self.name,
            "description": self.description,
            "isArchived": self.archived,
            "membershipType": self.membership,
            "webUrl": f"https://teams.microsoft.com/l/channel/{self.id}",
            "email": f"{self.name.lower()}@sandbox.example",
            "createdDateTime": "2025-01-01T00:00:00Z",
        }


@dataclass
class Team:
    id: str
    name: str
    archived: bool = False
    channels: list[Channel] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        return {"id": self.id, "displayName": self.name, "description": None, "isArchived": self.archived}


class JoinedTeams:
    """`refuse` makes an error answer of a status and a code; `page_size` is of both lists."""

    def __init__(self, find_token: Callable[[Request], Token | None], refuse: Callable[[int, str], Response]) -> None:
        self._find_token = find_token
        self._refuse = refuse
        self.tell: Callable[[str], None] = lambda _: None
        self.reset()

    def reset(self) -> None:
        """One a page, so that whoever asks has to turn pages."""
        self.page_size = 1
        self._era = 0
        self._numbers = itertools.count(1)
        self.teams: dict[str, Team] = {}
        post, sound = self.add_team("team-a", "Post"), self.add_team("team-b", "Sound")
        self.add_channel(post.id, "General", description="Everybody")
        self.add_channel(post.id, "Grading", membership="private")
        self.add_channel(post.id, "Last season", archived=True)
        self.add_channel(sound.id, "General")

    def add_team(self, team_id: str, name: str) -> Team:
        self.teams[team_id] = Team(team_id, name)
        return self.teams[team_id]

    def add_channel(self, team_id: str, name: str, **members: Any) -> Channel:
        channel = Channel(f"19:{next(self._numbers):032x}@thread.tacv2", name, **members)
        self.teams[team_id].channels.append(channel)
        self.tell(team_id)
        return channel

    def expire_links(self) -> None:
        """The next pages that were handed out are no longer good."""
        self._era += 1

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1.0/me/joinedTeams", self._joined),
            Route("/v1.0/teams/{id}/channels", self._channels),
        ]

    async def _joined(self, request: Request) -> Response:
        refusal = self._refusal(request, "Team.ReadBasic.All")
        return refusal or self._page(request, [team.shown() for team in self.teams.values()], TEAM)

    async def _channels(self, request: Request) -> Response:
        if (refusal := self._refusal(request, "Channel.ReadBasic.All")) is not None:
            return refusal
        team = self.teams.get(request.path_params["id"])
        if team is None:
            return self._refuse(404, "NotFound")
        return self._page(request, [channel.shown() for channel in team.channels], CHANNEL)

    def _refusal(self, request: Request, scope: str) -> Response | None:
        token = self._find_token(request)
        if token is None:
            return self._refuse(401, "InvalidAuthenticationToken")
        return None if scope in token.scopes else self._refuse(403, "Forbidden")

    def _page(self, request: Request, entries: list[dict[str, Any]], properties: tuple[str, ...]) -> Response:
        asked = request.query_params
        wanted = asked["$select"].split(",") if "$select" in asked else properties
        era, _, start = asked.get("$skiptoken", f"{self._era}.0").partition(".")
        if not set(asked) <= {"$select", "$skiptoken"} or not set(wanted) <= set(properties):
            return self._refuse(400, "BadRequest")
        if era != str(self._era) or not start.isdecimal():
            return self._refuse(400, "InvalidSkipToken")
        end = int(start) + self.page_size
        body: dict[str, Any] = {
            "value": [{name: entry[name] for name in wanted} for entry in entries[int(start) : end]],
        }
        if end < len(entries):
            select = f"$select={asked['$select']}&" if "$select" in asked else ""
            path = request.url.path.removeprefix("/v1.0")
            body["@odata.nextLink"] = f"{GRAPH}{path}?{select}$skiptoken={era}.{end}"
        return JSONResponse(body)
