"""Following one folder, and all that is below it, where the provider's change feed is of a whole drive.

A full pass goes through the folder's tree, one page of one folder at a time, after it has asked where the feed stands.
An incremental one reads the feed from there: what is inside the folder now is an item, what is not is gone. A folder
that appears in the feed may have come from elsewhere, and then nothing is said of what it holds: it is gone through.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import orjson

from providers.kit.connection import Connection
from providers.kit.errors import Missing, StartOver
from providers.kit.files import Stores, is_folder
from providers.kit.items import Item, Page, Pull

EVERYTHING = ""
"""In place of a folder: all that there is in the drive, in one list."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """Where a pass stands: the page `changes` of the feed is read first, then the `folders`, the last of them from its
    `page` on. `top` is the folder that is followed, None for everything, and `drive` is where it is.

    Its text is a cursor; with nothing but `changes` left to do it is a watermark.
    """

    drive: str | None = None
    top: str | None = None
    changes: str | None = None
    folders: list[str]
    page: str | None = None

    @classmethod
    def read(cls, text: str) -> "Way":
        """Raises StartOver for what is not of our making."""
        try:
            return cls(**orjson.loads(text))
        except (orjson.JSONDecodeError, TypeError):
            raise StartOver("It is not known any more where the last sync ended") from None

    def __str__(self) -> str:
        return orjson.dumps(asdict(self)).decode()

    @property
    def cursor(self) -> str | None:
        return str(self) if self.changes is not None or self.folders else None


class FollowsFolders(Stores):
    """A provider with a change feed of a drive, in which folders are told from each other by their parents.

    The pages that these methods answer have the provider's own tokens as `cursor` and `watermark`.
    """

    @abstractmethod
    def find_top(self, connection: Connection, container: str | None) -> tuple[Way, tuple[Item, ...]]:
        """The folder that `container` names, as a way without anything to do, and as an item where it is one.

        Raises Missing.
        """

    @abstractmethod
    def latest(self, connection: Connection, way: Way) -> str:
        """Where the change feed stands now."""

    @abstractmethod
    def list_changes(self, connection: Connection, way: Way, position: str) -> Page:
        """One page of the feed. Raises StartOver when it does not reach back that far."""

    @abstractmethod
    def list_folder(self, connection: Connection, way: Way, folder: str, page: str | None) -> Page:
        """One page of what is in a folder, or of EVERYTHING. Raises Missing."""

    @abstractmethod
    def parent_of(self, connection: Connection, way: Way, folder: str) -> str | None:
        """The folder that a folder is in. Raises Missing."""

    def follow(self, connection: Connection, pull: Pull) -> Page:
        """One page."""
        position = pull.cursor or pull.since
        if position is None:
            return self._begin(connection, pull.container)
        way = Way.read(position)
        if way.changes is not None:
            return self._read_feed(connection, way, way.changes)
        return self._go_through(connection, way)

    def _begin(self, connection: Connection, container: str | None) -> Page:
        way, itself = self.find_top(connection, container)
        # Asked first: what changes while the tree is gone through is in the feed.
        watermark = str(replace(way, changes=self.latest(connection, way)))
        page = self._go_through(connection, replace(way, folders=[EVERYTHING if way.top is None else way.top]))
        return replace(page, items=itself + page.items, watermark=watermark)

    def _go_through(self, connection: Connection, way: Way) -> Page:
        *others, folder = way.folders
        try:
            page = self.list_folder(connection, way, folder, way.page)
        except Missing:
            if folder in (EVERYTHING, way.top):
                raise
            # It has gone since we saw it; the feed will say so.
            page = Page()
        below = [] if folder == EVERYTHING else [item.id for item in page.items if is_folder(item)]
        # The folder last gone into is left first, which keeps the list short.
        left = others + below + ([folder] if page.cursor is not None else [])
        return replace(page, cursor=replace(way, folders=left, page=page.cursor).cursor)

    def _read_feed(self, connection: Connection, way: Way, position: str) -> Page:
        page = self.list_changes(connection, way, position)
        is_inside = self._inside(connection, way, page)
        here = [item for item in page.items if item.id == way.top or is_inside(item.parent_id)]
        kept = {item.id for item in here}
        elsewhere = [item.id for item in page.items if item.id not in kept]
        moved = [item.id for item in here if is_folder(item) and item.id not in (way.top, *way.folders)]
        after = replace(way, changes=page.cursor, folders=way.folders + moved)
        watermark = None if page.watermark is None else str(replace(way, changes=page.watermark, folders=[]))
        return replace(
            page,
            items=tuple(here),
            gone=(*page.gone, *elsewhere),
            cursor=after.cursor,
            watermark=watermark,
        )

    def _inside(self, connection: Connection, way: Way, page: Page) -> Callable[[str | None], bool]:
        """Tells whether what is in a folder is inside the one that is followed; each folder is asked about once."""
        parents = {item.id: item.parent_id for item in page.items if is_folder(item)}

        def parent_of(folder: str) -> str | None:
            if folder not in parents:
                try:
                    parents[folder] = self.parent_of(connection, way, folder)
                except Missing:
                    parents[folder] = None
            return parents[folder]

        def is_inside(folder: str | None) -> bool:
            passed: set[str] = set()
            while folder is not None and folder != way.top and folder not in passed:
                passed.add(folder)
                folder = parent_of(folder)
            return folder is not None and folder == way.top

        return (lambda _: True) if way.top is None else is_inside
