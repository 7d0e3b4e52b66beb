"""`integration.list`: every provider, merged with the team's rows.

What does not depend on the team is encoded once; a call adds only the status to it.
"""

from typing import Any

import orjson

from koko_integrations.connections.icons import icon_url
from koko_integrations.database import Database, Statement, param
from koko_integrations.models import Integration as Row
from koko_integrations.registry import Registry
from koko_integrations.rpc.wire import dump, iso
from providers.kit.manifest import Manifest

_TEAM_ROWS = Statement(
    Row.select(Row.id, Row.provider, Row.provider_name, Row.status, Row.connected_at)
    .where(Row.team_id == param("team_id"))
    .order_by(Row.created_at.desc(), Row.id)
)


class Catalogue:
    """The list of what can be connected and what is."""

    def __init__(self, database: Database, registry: Registry, public_url: str) -> None:
        self._database = database
        self._manifests = [provider.manifest for provider in registry]
        self._public_url = public_url
        self._heads = {manifest.slug: self._head(manifest, manifest.name) for manifest in self._manifests}
        self._unconnected = {slug: _entry(head, "disconnected") for slug, head in self._heads.items()}

    async def list(self, team_id: str, category: str | None, status: str) -> list[orjson.Fragment]:
        """One entry per provider, or one per connection where a team has several of a provider."""
        rows: dict[str, list[tuple[Any, ...]]] = {}
        for row in await self._database.read(_TEAM_ROWS, team_id=team_id):
            rows.setdefault(row[1], []).append(row)
        entries = []
        for manifest in self._manifests:
            if category is not None and manifest.category != category:
                continue
            mine = rows.get(manifest.slug)
            if mine is None:
                if status != "connected":
                    entries.append(self._unconnected[manifest.slug])
                continue
            # Of several connections, those that were given up are not worth a line each.
            shown = [row for row in mine if row[3] != "disconnected"] or mine[:1]
            entries += [self._connected(manifest, row) for row in shown if status in ("all", row[3])]
        return entries

    def _connected(self, manifest: Manifest, row: tuple[Any, ...]) -> orjson.Fragment:
        integration_id, slug, name, status, connected_at = row
        head = self._heads[slug] if name == manifest.name else self._head(manifest, name)
        return _entry(head, status, integration_id, connected_at)

    def _head(self, manifest: Manifest, name: str) -> bytes:
        return dump(
            {
                "provider": manifest.slug,
                "providerName": name,
                "providerIcon": icon_url(self._public_url, manifest.slug),
                "category": manifest.category,
                "description": manifest.description,
                "features": [feature.label for feature in manifest.features],
            }
        )


def _entry(
    head: bytes, status: str, integration_id: str | None = None, connected_at: int | None = None
) -> orjson.Fragment:
    tail = {"status": status}
    if integration_id is not None:
        tail["integrationId"] = integration_id
    if connected_at is not None and status != "disconnected":
        tail["connectedAt"] = iso(connected_at)
    return orjson.Fragment(head[:-1] + b"," + dump(tail)[1:])
