"""Dropbox. Source: developers.dropbox.com/oauth-guide."""

from providers.kit.base import Provider
from providers.kit.manifest import Feature, Manifest


class Dropbox(Provider):
    manifest = Manifest(
        slug="dropbox",
        name="Dropbox",
        category="storage",
        description="Import videos and files from Dropbox, and export to it",
        features=(Feature("File import"), Feature("File export")),
        removal_hint="Remove Koko at https://www.dropbox.com/account/connected_apps.",
    )
