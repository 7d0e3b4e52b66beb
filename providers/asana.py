"""Asana. Source: developers.asana.com/docs/oauth."""

from providers.kit.base import Provider
from providers.kit.manifest import Feature, Manifest


class Asana(Provider):
    manifest = Manifest(
        slug="asana",
        name="Asana",
        category="project_management",
        description="Keep video feedback and Asana tasks in step",
        features=(Feature("Task sync"), Feature("Comment sync")),
        removal_hint="Remove Koko in Asana's settings, under Apps.",
    )
