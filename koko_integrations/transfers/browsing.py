"""`integration.listFiles`: a look into the folders of a provider."""

from koko_integrations.connections.live import LiveConnections
from koko_integrations.errors import BadRequest, PreconditionFailed
from koko_integrations.integration import Integration
from koko_integrations.registry import Registry
from providers.kit.connection import Connection
from providers.kit.errors import Missing
from providers.kit.transfers import Listing, ReadsFiles


class Browser:
    """Asks the provider, each time."""

    def __init__(self, registry: Registry, live: LiveConnections) -> None:
        self._registry = registry
        self._live = live

    async def list(
        self, integration: Integration, folder: str | None, query: str | None, cursor: str | None
    ) -> Listing:
        """Raises BadRequest for a provider without files and for a folder that it does not have, PreconditionFailed
        where nothing is connected, or ProviderError."""
        provider = self._registry.find(integration.provider)
        name = integration.provider_name
        if not isinstance(provider, ReadsFiles):
            raise BadRequest.field("integrationId", f"{name} has no files to import; {has_files(self._registry)} have")
        require_connected(integration)

        def list_files(connection: Connection) -> Listing:
            return provider.list_files(connection, folder, query, cursor)

        try:
            return await self._live.use(integration, list_files)
        except Missing as error:
            raise BadRequest.field("folderId", error.explained) from error


def has_files(registry: Registry) -> str:
    """The providers that have files, for people."""
    found = sorted(one.manifest.name for one in registry if isinstance(one, ReadsFiles))
    return f"{', '.join(found[:-1])} and {found[-1]}"


def require_connected(integration: Integration) -> None:
    """Raises PreconditionFailed."""
    name = integration.provider_name
    if integration.status == "error":
        raise PreconditionFailed(f"{name} no longer accepts the connection; connect it again first")
    if integration.status != "connected":
        raise PreconditionFailed(f"{name} is not connected; connect it first")
