"""`integration.list`: every provider, merged with the team's rows.

What does not depend on the team is encoded once; a call adds only the status to it.
"""

from collections.abc import Sequence

import orjson

from koko_integrations.connections.icons import icon_url
from koko_integrations.integration import Listed
from koko_integrations.registry import Registry
from koko_integrations.rpc.wire import dump, iso
from providers.kit.manifest import Manifest


class Catalogue:
    """The list of what can be connected and what is."""

    def __init__(self, registry: Registry, public_url: str) -> None:
        self._manifests = [provider.manifest for provider in registry]
        self._public_url = public_url
        self._heads = {manifest.slug: self._head(manifest, manifest.name) for manifest in self._manifests}
        self._unconnected = {slug: _entry(head, "disconnected") for slug, head in self._heads.items()}

    def list(self, mine: Sequence[Listed], category: str | None, status: str) -> list[orjson.Fragment]:
        """One entry per provider, or one per connection where a team has several of a provider."""
        rows: dict[str, list[Listed]] = {}
        for row in mine:
            rows.setdefault(row.provider, []).append(row)
        entries = []
        for manifest in self._manifests:
            if category is not None and manifest.category != category:
                continue
            found = rows.get(manifest.slug)
            if found is None:
                if status != "connected":
                    entries.append(self._unconnected[manifest.slug])
                continue
            # Of several connections, those that were given up are not worth a line each.
            shown = [row for row in found if row.status != "disconnected"] or found[:1]
            entries += [self._connected(manifest, row) for row in shown if status in ("all", row.status)]
        return entries

    def _connected(self, manifest: Manifest, row: Listed) -> orjson.Fragment:
        known = row.provider_name == manifest.name
        head = self._heads[manifest.slug] if known else self._head(manifest, row.provider_name)
        return _entry(head, row.status, row.id, row.connected_at)

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
