"""The providers of this installation: those in `providers/`, and those of other packages' entry points."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points

import providers
from koko_integrations.errors import PreconditionFailed
from providers.kit.app import AppCredentials
from providers.kit.base import Provider
from providers.kit.http import HttpClient
from providers.kit.manifest import CATEGORIES

ENTRY_POINT_GROUP = "koko_integrations.providers"


class Registry:
    """One instance of each provider, by slug, in the order of the catalogue."""

    def __init__(self, http: HttpClient, apps: Mapping[str, AppCredentials]) -> None:
        classes = sorted(
            find_provider_classes(),
            key=lambda found: (CATEGORIES.index(found.manifest.category), found.manifest.name.lower()),
        )
        for found in classes:
            http.pacer.set_rates(found.manifest)
        self._by_slug = {found.manifest.slug: found(http, apps.get(found.manifest.slug)) for found in classes}
        if len(self._by_slug) != len(classes):
            raise ValueError("two providers have the same slug")
        self.unknown_apps = sorted(set(apps) - set(self._by_slug))

    def __iter__(self) -> Iterator[Provider]:
        return iter(self._by_slug.values())

    def find(self, slug: str) -> Provider:
        """Raises PreconditionFailed for a provider that this installation does not have."""
        provider = self._by_slug.get(slug)
        if provider is None:
            raise PreconditionFailed("This Koko does not have the provider of this integration any more")
        return provider


def find_provider_classes() -> list[type[Provider]]:
    """The provider classes of `providers/`, then those that other packages announce."""
    modules = [
        importlib.import_module(f"providers.{info.name}")
        for info in pkgutil.iter_modules(providers.__path__)
        if not info.ispkg
    ]
    own = [
        value
        for module in modules
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Provider)
        and value.__module__ == module.__name__
        and hasattr(value, "manifest")
    ]
    return own + [entry.load() for entry in entry_points(group=ENTRY_POINT_GROUP)]
