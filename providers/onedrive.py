"""OneDrive and SharePoint libraries. Source: learn.microsoft.com/graph/api/drive-get."""

from providers.kit.connection import Connection, Identity
from providers.kit.manifest import Feature, Manifest
from providers.kit.microsoft import MicrosoftProvider, entra


class OneDrive(MicrosoftProvider):
    manifest = Manifest(
        slug="onedrive",
        name="OneDrive",
        category="storage",
        description="Import videos and files from OneDrive, and export to it",
        features=(Feature("File import", ("Files.Read",)), Feature("File export", ("Files.ReadWrite",))),
        removal_hint="Remove Koko at https://account.live.com/consent/Manage or https://myapps.microsoft.com.",
    )
    oauth = entra("common")

    def whoami(self, connection: Connection) -> Identity:
        me = self.graph(connection, "/me")
        # Refused where the account has no licence, or its drive has not been set up.
        self.graph(connection, "/me/drive")
        return Identity(account_id=self.require_text(me, "id"), account_name=str(me.get("displayName") or "OneDrive"))
