"""Asana. Source: developers.asana.com/docs/oauth, Asana/openapi.

The refresh token comes with the code exchange alone and stays; it is also what revocation wants. A personal access
token works in place of OAuth.
"""

from collections.abc import Mapping
from typing import Any

from providers.kit.base import ConnectsByKeys, ConnectsByOAuth, ListsResources, Revokes
from providers.kit.connection import Connection, Identity, Resource, Revocation
from providers.kit.errors import ProtocolBroken
from providers.kit.manifest import Feature, Field, Manifest, OAuth2, Rate

TASKS = ("workspaces:read", "projects:read", "tasks:read", "tasks:write")


class Asana(ConnectsByOAuth, ConnectsByKeys, Revokes, ListsResources):
    resource_kinds = ("workspaces", "projects")
    manifest = Manifest(
        slug="asana",
        name="Asana",
        category="project_management",
        description="Keep video feedback and Asana tasks in step",
        features=(Feature("Task sync", TASKS), Feature("Comment sync", (*TASKS, "stories:read", "stories:write"))),
        fields=(Field(name="accessToken", hint="a personal access token", secret=True, required=True, alias="apiKey"),),
        # What a free workspace allows; paid ones have ten times as much.
        rate_per_connection=Rate(150, 60),
        removal_hint="Remove Koko in Asana's settings, under Apps.",
    )
    oauth = OAuth2(
        authorize_url="https://app.asana.com/-/oauth_authorize",
        token_url="https://app.asana.com/-/oauth_token",  # noqa: S106 - an address
        pkce=True,
        extra_scopes=("users:read",),
    )

    def whoami(self, connection: Connection) -> Identity:
        me = self._get(connection, "/users/me", {"opt_fields": "name,email"}).get("data")
        if not isinstance(me, dict):
            raise ProtocolBroken("Asana sent an answer without data")
        return Identity(account_id=self.require_text(me, "gid"), account_name=str(me.get("name") or "Asana"))

    def list_resources(self, connection: Connection, kind: str) -> list[Resource]:
        body = self._get(connection, "/workspaces", {"opt_fields": "name"})
        workspaces = self.read_resources(body.get("data"), id_name="gid")
        if kind == "workspaces":
            return workspaces
        return [
            Resource(id=project.id, name=project.name, parent_name=workspace.name)
            for workspace in workspaces
            for project in self._projects(connection, workspace.id)
        ]

    def _projects(self, connection: Connection, workspace_id: str) -> list[Resource]:
        found: list[Resource] = []
        asked = {"workspace": workspace_id, "archived": "false", "opt_fields": "name", "limit": "100"}
        while True:
            body = self._get(connection, "/projects", asked)
            found += self.read_resources(body.get("data"), id_name="gid")
            following = body.get("next_page")
            if not isinstance(following, dict):
                return found
            asked["offset"] = self.require_text(following, "offset")

    def _get(self, connection: Connection, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        credentials = connection.credentials
        answer = self.http.request(
            "Asana",
            "GET",
            f"https://app.asana.com/api/1.0{path}",
            params=params,
            bearer=credentials.access_token or credentials.secrets.get("accessToken"),
        )
        return answer.require_success().json_object()

    def revoke(self, connection: Connection) -> Revocation:
        if connection.credentials.refresh_token is None:
            return Revocation(revoked=False, reason="a personal access token is revoked in Asana itself")
        form = {
            "client_id": self.oauth_app.client_id,
            "client_secret": self.oauth_app.client_secret,
            "token": connection.credentials.refresh_token,
        }
        self.http.request("Asana", "POST", "https://app.asana.com/-/oauth_revoke", form=form).require_success()
        return Revocation(revoked=True)
