"""Jira Cloud. Source: developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps."""

from providers.kit.base import Provider
from providers.kit.manifest import Feature, Manifest


class Jira(Provider):
    manifest = Manifest(
        slug="jira",
        name="Jira",
        category="project_management",
        description="Link Jira issues to videos and the comments on them",
        features=(Feature("Issue linking"),),
        removal_hint="Remove Koko at https://id.atlassian.com, under Connected apps.",
    )
