"""OneDrive. Source: learn.microsoft.com/graph, driveitem-list-children."""

from providers.kit.base import Provider
from providers.kit.manifest import Feature, Manifest


class OneDrive(Provider):
    manifest = Manifest(
        slug="onedrive",
        name="OneDrive",
        category="storage",
        description="Import videos and files from OneDrive, and export to it",
        features=(Feature("File import"), Feature("File export")),
        removal_hint="Remove Koko at https://account.live.com/consent/Manage or https://myapps.microsoft.com.",
    )
