"""Jira Cloud by OAuth 2.0 (3LO). Source: developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps.

A token reaches sites through api.atlassian.com/ex/jira/{cloudId}. PKCE is not offered, refresh tokens rotate, and there
is no revocation endpoint.
"""

from typing import Any

from providers.kit.atlassian import AtlassianProvider, atlassian
from providers.kit.base import ListsResources
from providers.kit.connection import Connection, Identity, Resource
from providers.kit.errors import ProtocolBroken, Rejected
from providers.kit.http import Answer
from providers.kit.manifest import Feature, Field, Manifest

API = "https://api.atlassian.com"


class Jira(AtlassianProvider, ListsResources):
    resource_kinds = ("sites", "projects")
    manifest = Manifest(
        slug="jira",
        name="Jira",
        category="project_management",
        description="Link Jira issues to videos and the comments on them",
        features=(Feature("Issue linking", ("read:jira-work", "write:jira-work")),),
        fields=(Field(name="cloudId", hint="the id of the Jira site, where there are several"),),
        removal_hint="Remove Koko at https://id.atlassian.com, under Connected apps.",
    )
    oauth = atlassian(
        pkce=False,
        extra_scopes=("read:jira-user",),
        authorize_params={"audience": "api.atlassian.com"},
    )

    def whoami(self, connection: Connection) -> Identity:
        sites = self._sites(connection)
        wanted = connection.config.get("cloudId")
        site = next((one for one in sites if wanted in (None, one.get("id"))), None)
        if site is None:
            raise Rejected("This Atlassian account has no access to the chosen Jira site")
        cloud_id = self.require_text(site, "id")
        self._get(connection, f"/ex/jira/{cloud_id}/rest/api/3/myself")
        scopes = site.get("scopes")
        config: dict[str, Any] = {"cloudId": cloud_id, "siteUrl": site.get("url"), "siteName": site.get("name")}
        if len(sites) > 1:
            config["sites"] = [{name: one.get(name) for name in ("id", "name", "url")} for one in sites]
        return Identity(
            account_id=cloud_id,
            account_name=str(site.get("name") or "Jira"),
            scopes=tuple(map(str, scopes)) if isinstance(scopes, list) else None,
            config=config,
        )

    def list_resources(self, connection: Connection, kind: str, container: str | None = None) -> list[Resource]:
        if kind == "sites":
            return self.read_resources(self._sites(connection))
        cloud_id = self.require_text(connection.config, "cloudId")
        found: list[Resource] = []
        while True:
            path = f"/ex/jira/{cloud_id}/rest/api/3/project/search?startAt={len(found)}&maxResults=50"
            body = self._get(connection, path).json_object()
            page = self.read_resources(body.get("values"))
            found += page
            if not page or body.get("isLast") is True:
                return found

    def _sites(self, connection: Connection) -> list[dict[str, Any]]:
        found = self._get(connection, "/oauth/token/accessible-resources").json()
        if not isinstance(found, list) or not all(isinstance(site, dict) for site in found):
            raise ProtocolBroken("Jira did not say which sites there are")
        if not found:
            raise Rejected("This Atlassian account has no Jira site")
        return found

    def _get(self, connection: Connection, path: str) -> Answer:
        token = connection.credentials.access_token
        return self.http.request("Jira", "GET", f"{API}{path}", bearer=token).require_success()
