"""What the storage providers share: files and folders as items, and feeds that tell of a thing more than once."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from providers.kit.base import ListsItems
from providers.kit.connection import Connection, Resource
from providers.kit.errors import ProtocolBroken, Rejected
from providers.kit.items import Item, Skipped

MOST_BYTES = 2048
"""Of what an item is known by, which may be a path: it is indexed."""

Kind = Literal["file", "folder", "shortcut", "package"]


class Stores(ListsItems):
    """Keeps files. What to pull is not mapped: it is everything, or one folder with all that is below it.

    Folders are items too, of the kind `folder`: what is in one has its id as the parent.
    """

    resource_kinds = ()
    entities = ("files",)
    mapped = False

    def list_resources(self, connection: Connection, kind: str, container: str | None = None) -> list[Resource]:
        raise Rejected(f"{self.manifest.name} has none to choose from")

    def next_page(self, body: Mapping[str, Any], name: str) -> str | None:
        """What leads to the next page; None on the last one. Raises ProtocolBroken."""
        return None if body.get(name) is None else self.require_text(body, name)

    def last_of_each(self, entries: Any, name: str) -> list[Any]:
        """The entries without those that a later one with the same `name` replaces. Raises ProtocolBroken for what is
        no list."""
        latest: dict[str | int, Any] = {}
        for position, entry in enumerate(self._require_list(entries)):
            found = entry.get(name) if isinstance(entry, dict) else None
            key = found if isinstance(found, str) else position
            latest.pop(key, None)
            latest[key] = entry
        return list(latest.values())

    def read_files(
        self, entries: Any, read: Callable[[Mapping[str, Any]], Item], id_name: str = "id"
    ) -> tuple[tuple[Item, ...], tuple[Skipped, ...]]:
        """Items from a list of objects; one that cannot be read is named by the id that its item would have. Raises
        ProtocolBroken for what is no list."""
        items: list[Item] = []
        skipped: list[Skipped] = []
        for entry in self._require_list(entries):
            found, missed = self.read_items([entry], read)
            items += found
            known = entry.get(id_name) if isinstance(entry, dict) else None
            skipped += [Skipped(known, one.reason) if isinstance(known, str) else one for one in missed]
        return tuple(items), tuple(skipped)

    def file_item(
        self,
        kind: Kind,
        *,
        id: str,
        name: str,
        parent_id: str | None,
        url: str | None = None,
        modified_at: int | None = None,
        fields: Mapping[str, Any],
    ) -> Item:
        """Raises ProtocolBroken for a name that no database takes."""
        if "\0" in id or "\0" in name:
            raise ProtocolBroken(f"{self.manifest.name} has a file whose name holds a NUL character")
        if len(id.encode()) > MOST_BYTES:
            raise ProtocolBroken(f"{self.manifest.name} has a file whose path is too long to be kept")
        return Item(
            id=id,
            title=name,
            parent_id=parent_id,
            url=url,
            modified_at=modified_at,
            fields={"kind": kind, **fields},
        )

    def _require_list(self, entries: Any) -> list[Any]:
        if not isinstance(entries, list):
            raise ProtocolBroken(f"{self.manifest.name} sent a list of the wrong shape")
        return entries


def is_folder(item: Item) -> bool:
    return item.fields.get("kind") == "folder"
