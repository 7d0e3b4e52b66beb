"""Trello. Source: developer.atlassian.com/cloud/trello/guides/rest-api/authorization."""

from providers.kit.base import Provider
from providers.kit.manifest import Feature, Manifest


class Trello(Provider):
    manifest = Manifest(
        slug="trello",
        name="Trello",
        category="project_management",
        description="Keep video feedback and Trello cards in step",
        features=(Feature("Card sync"),),
        removal_hint="Remove Koko in Trello's account settings.",
    )
