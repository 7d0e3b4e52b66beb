"""`integration.listResources`: what there is at the provider to choose from."""

from koko_integrations.connections.live import LiveConnections
from koko_integrations.errors import BadRequest, PreconditionFailed
from koko_integrations.integration import Integration
from koko_integrations.registry import Registry
from providers.kit.base import ListsResources
from providers.kit.connection import Connection, Resource

Resources = list[Resource]


class ResourceLister:
    """Asks the provider, each time: channels and projects come and go."""

    def __init__(self, registry: Registry, live: LiveConnections) -> None:
        self._registry = registry
        self._live = live

    async def list(self, integration: Integration, kind: str, container: str | None) -> Resources:
        """Raises BadRequest for a kind that the provider lacks, PreconditionFailed where nothing is connected."""
        provider = self._registry.find(integration.provider)
        kinds = provider.resource_kinds if isinstance(provider, ListsResources) else ()
        if not isinstance(provider, ListsResources) or kind not in kinds:
            has = f"it has {', '.join(kinds)}" if kinds else "it has none to choose from"
            raise BadRequest.field("kind", f"{integration.provider_name} has no {kind}; {has}")
        if integration.status != "connected":
            raise PreconditionFailed(f"{integration.provider_name} is not connected; connect it first")

        def list_resources(connection: Connection) -> Resources:
            return provider.list_resources(connection, kind, container)

        if kind in ("statuses", "fields") and container is None:
            raise BadRequest.field("projectId", f"Required: the project (board, database) whose {kind} to list")
        return await self._live.use(integration, list_resources)
