"""Notion. Source: developers.notion.com/reference/create-a-token."""

from providers.kit.base import Provider
from providers.kit.manifest import Feature, Manifest


class Notion(Provider):
    manifest = Manifest(
        slug="notion",
        name="Notion",
        category="project_management",
        description="Keep video feedback and Notion pages in step",
        features=(Feature("Page sync"),),
        removal_hint="Remove Koko in Notion's settings, under Connections.",
    )
