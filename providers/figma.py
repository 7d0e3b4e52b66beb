"""Figma. Source: developers.figma.com/docs/rest-api/authentication."""

from providers.kit.base import Provider
from providers.kit.manifest import Feature, Manifest


class Figma(Provider):
    manifest = Manifest(
        slug="figma",
        name="Figma",
        category="creative",
        description="Import Figma frames next to the videos they belong to",
        features=(Feature("Design import"),),
        removal_hint="Remove Koko in Figma's settings, under Connected apps.",
    )
