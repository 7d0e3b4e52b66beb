"""monday.com. Source: developer.monday.com/api-reference/docs/authentication."""

from providers.kit.base import Provider
from providers.kit.manifest import Feature, Manifest


class Monday(Provider):
    manifest = Manifest(
        slug="monday",
        name="monday.com",
        category="project_management",
        description="Keep video feedback and monday.com boards in step",
        features=(Feature("Board sync"),),
        removal_hint="Regenerate the API token in monday.com, under Developers.",
    )
