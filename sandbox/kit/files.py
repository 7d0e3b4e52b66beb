"""What the storage stand-ins hold: a tree of folders and files, made up and changeable, and a journal of its changes.

Each stand-in shows it in its provider's own shape. Times are epoch seconds of the sandbox's clock. What is in the bin
is still in the tree. The journal tells what was touched, the oldest first: by the id of the thing, by the path that it
had or has in lower case, or by both; providers report one or the other. Whoever sets `tell` is told of each.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sandbox.kit.stand_in import Clock

A_DAY_S = 86_400


@dataclass
class Node:
    """A file, or a folder where `content` is None. The root's parent is None. `versions` has the content of every
    revision."""

    id: str
    name: str
    parent: "Node | None"
    content: bytes | None
    modified_s: float
    revision: int = 1
    in_bin: bool = False
    children: dict[str, "Node"] = field(default_factory=dict, repr=False)
    versions: dict[int, bytes] = field(default_factory=dict, repr=False)

    @property
    def is_folder(self) -> bool:
        return self.content is None

    @property
    def is_trashed(self) -> bool:
        """Itself, or a folder that it is in."""
        return self.in_bin or (self.parent is not None and self.parent.is_trashed)

    @property
    def path(self) -> str:
        """From the root on: empty for the root, `/a/b` for what is in it."""
        return "" if self.parent is None else f"{self.parent.path}/{self.name}"

    def walk(self) -> Iterator["Node"]:
        """All that is inside, folders before what they hold."""
        for child in list(self.children.values()):
            yield child
            yield from child.walk()

    def is_inside(self, folder: "Node") -> bool:
        return self is folder or (self.parent is not None and self.parent.is_inside(folder))


@dataclass(frozen=True)
class Touched:
    id: str | None
    path: str | None


class Files:
    """One drive. `make_id` gives ids of the provider's kind from numbers, `furnish` puts in what is there at first."""

    def __init__(
        self, clock: Clock, make_id: Callable[[int], str], furnish: Callable[["Files"], None], root_id: str = "root"
    ) -> None:
        self._clock = clock
        self._make_id = make_id
        self._furnish = furnish
        self._root_id = root_id
        self.tell: Callable[[], None] = lambda: None
        self._fill()

    def reset(self) -> None:
        """As at first, all of it as of yesterday."""
        if len(self.journal) > self._furnished:
            self._fill()

    def _fill(self) -> None:
        self._numbers = itertools.count(1)
        self.journal: list[Touched] = []
        self.root = Node(self._root_id, "", None, None, self._clock.now_s())
        self.by_id: dict[str, Node] = {self.root.id: self.root}
        self._furnish(self)
        self._furnished = len(self.journal)
        for node in self.by_id.values():
            node.modified_s -= A_DAY_S

    def at(self, path: str) -> Node:
        """What is at a path such as `Rushes/Day 1`. Raises KeyError."""
        node = self.root
        for name in path.strip("/").split("/"):
            node = next(child for child in node.children.values() if child.name == name) if name else node
        return node

    def add(self, folder: Node, name: str, content: bytes) -> Node:
        """A file."""
        return self._put(folder, name, content)

    def add_folder(self, folder: Node, name: str) -> Node:
        return self._put(folder, name, None)

    def write(self, file: Node, content: bytes) -> None:
        """A new version of a file."""
        file.content = content
        file.revision += 1
        file.versions[file.revision] = content
        file.modified_s = self._clock.now_s()
        self._touch(file.id, file.path)

    def rename(self, node: Node, name: str) -> None:
        self._shift(node, node.parent, name)

    def move(self, node: Node, folder: Node) -> None:
        self._shift(node, folder, node.name)

    def trash(self, node: Node, *, restore: bool = False) -> None:
        """Into the bin with all that is in it, or out of it again."""
        node.in_bin = not restore
        self._touch(node.id, node.path)

    def delete(self, node: Node) -> None:
        """For good, with all that is in it. A path goes with all that is below it, so one path is told of."""
        self._touch(node.id, node.path)
        for inner in (node, *node.walk()):
            del self.by_id[inner.id]
            if inner is not node:
                self._touch(inner.id, None)
        assert node.parent is not None, "the root stays"
        del node.parent.children[node.id]

    def by_path(self, path: str) -> Node | None:
        """What is at a path, whatever its case."""
        node: Node | None = self.root
        for name in path.strip("/").lower().split("/"):
            if node is not None and name:
                node = next((child for child in node.children.values() if child.name.lower() == name), None)
        return node

    def _put(self, folder: Node, name: str, content: bytes | None) -> Node:
        node = Node(self._make_id(next(self._numbers)), name, folder, content, self._clock.now_s())
        if content is not None:
            node.versions[node.revision] = content
        folder.children[node.id] = node
        self.by_id[node.id] = node
        self._touch(node.id, node.path)
        return node

    def _shift(self, node: Node, folder: Node | None, name: str) -> None:
        assert node.parent is not None, "the root stays"
        assert folder is not None, "what moves goes somewhere"
        self._touch(None, node.path)
        del node.parent.children[node.id]
        node.parent, node.name = folder, name
        folder.children[node.id] = node
        self._touch(node.id, node.path)
        for inner in node.walk():
            self._touch(None, inner.path)

    def _touch(self, node_id: str | None, path: str | None) -> None:
        self.journal.append(Touched(node_id, None if path is None else path.lower()))
        self.tell()


def furnish(files: "Files") -> None:
    """Some 1,200 files: most in two large folders, some deep down, some oddly named."""
    rushes = files.add_folder(files.root, "Rushes")
    for day in (1, 2):
        folder = files.add_folder(rushes, f"Day {day}")
        for take in range(1, 551):
            files.add(folder, f"Scene {take // 50 + 1} take {take}.mp4", b"take %d of day %d" % (take, day))
        sound = files.add_folder(folder, "Sound")
        for take in range(1, 41):
            files.add(sound, f"T{take:03}.wav", b"sound %d of day %d" % (take, day))
    deep = files.add_folder(files.add_folder(files.root, "日本語"), "素材 🎬")
    files.add(files.add_folder(deep, "Übersicht & mehr"), "e\u0301te\u0301.mov", b"decomposed")
    for name in ("it's 100% #final+v2 (1).mp4", "名前.mp4", "no extension", ".hidden", "Ünïcödé & = ; @ $.txt"):
        files.add(deep, name, name.encode())
    files.add_folder(files.root, "Empty")
    files.add(files.root, "readme.txt", "Übersicht\n".encode())
