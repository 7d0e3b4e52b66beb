"""Microsoft Teams: OAuth as the connecting user, or the URL of a Workflows webhook.

Source: learn.microsoft.com/graph/api/user-get, learn.microsoft.com/power-automate/teams (Workflows). Office 365
connector URLs were retired in 2026.
"""

import hashlib
from urllib.parse import urlsplit

from providers.kit.base import ConnectsByKeys, ListsResources
from providers.kit.connection import Connection, Identity, Resource
from providers.kit.errors import Rejected
from providers.kit.manifest import Feature, Field, Manifest
from providers.kit.microsoft import MicrosoftProvider, entra

POSTING = ("Team.ReadBasic.All", "Channel.ReadBasic.All", "ChannelMessage.Send")
WORKFLOW_HOSTS = (".logic.azure.com", ".api.powerplatform.com", ".powerautomate.com")
RETIRED_HOST = ".webhook.office.com"


class Teams(MicrosoftProvider, ConnectsByKeys, ListsResources):
    resource_kinds = ("channels",)
    manifest = Manifest(
        slug="teams",
        name="Microsoft Teams",
        category="communication",
        description="Send notifications to Microsoft Teams channels",
        features=(Feature("Comment notifications", POSTING), Feature("Upload alerts", POSTING)),
        fields=(
            Field(
                name="webhookUrl",
                hint="the URL of the workflow 'Post to a channel when a webhook request is received'",
                kind="url",
                secret=True,
                required=True,
            ),
        ),
        several=True,
        removal_hint="Remove Koko at https://myapps.microsoft.com, or delete the workflow.",
    )
    # Channel messages do not exist for personal accounts.
    oauth = entra("organizations")

    def whoami(self, connection: Connection) -> Identity:
        url = connection.credentials.secrets.get("webhookUrl")
        if url is not None:
            return self._workflow(url)
        me = self.graph(connection, "/me")
        return Identity(account_id=self.require_text(me, "id"), account_name=str(me.get("displayName") or "Teams"))

    def list_resources(self, connection: Connection, kind: str, container: str | None = None) -> list[Resource]:
        if connection.credentials.access_token is None:
            raise Rejected("A workflow posts to its own channel; there is nothing to choose")
        found: list[Resource] = []
        for team in self.read_resources(self.graph_pages(connection, "/me/joinedTeams")):
            channels = self.graph_pages(connection, f"/teams/{team.id}/channels")
            # A channel is addressed by both.
            found += [
                Resource(id=f"{team.id}/{channel.id}", name=channel.name, parent_name=team.name)
                for channel in self.read_resources(channels)
            ]
        return found

    def _workflow(self, url: str) -> Identity:
        """The shape of the URL is all that can be proven: a workflow answers only to a message."""
        host = urlsplit(url).hostname or ""
        if host.endswith(RETIRED_HOST):
            raise Rejected(
                "Microsoft has retired Office 365 connectors: add the workflow 'Post to a channel when a webhook "
                "request is received' to the channel, and use its URL"
            )
        if not host.endswith(WORKFLOW_HOSTS):
            raise Rejected("This is not the URL of a Teams workflow")
        return Identity(account_id=hashlib.sha256(url.encode()).hexdigest()[:32], account_name="Teams workflow")
