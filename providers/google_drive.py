"""Google Drive. Source: developers.google.com/identity/protocols/oauth2/web-server."""

from providers.kit.base import Provider
from providers.kit.manifest import Feature, Manifest


class GoogleDrive(Provider):
    manifest = Manifest(
        slug="google_drive",
        name="Google Drive",
        category="storage",
        description="Import videos and files from Google Drive, and export to it",
        features=(Feature("File import"), Feature("File export")),
        removal_hint="Remove Koko at https://myaccount.google.com/connections.",
    )
