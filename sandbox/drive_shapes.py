"""How Google Drive shows a file, what it answers of it, and which files a search query means.

Source: the Drive v3 discovery document,
developers.google.com/workspace/drive/api/guides/{search-files,fields-parameter}.
"""

import functools
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.kit.files import Node

FOLDER = "application/vnd.google-apps.folder"
SHORTCUT = "application/vnd.google-apps.shortcut"
TYPES = {"mp4": "video/mp4", "mov": "video/quicktime", "wav": "audio/wav", "txt": "text/plain"}
_VALUE = r"'((?:[^'\\]|\\.)*)'"
_TERM = re.compile(rf"{_VALUE} in parents|trashed ?= ?(true|false)|name (contains|=) {_VALUE}|(sharedWithMe)")


class Refusal(Exception):
    """`reason` is Google's own word for it."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


@dataclass
class Query:
    """What `q` asks for: terms joined by `and` alone are understood."""

    parent: str | None = None
    trashed: bool | None = None
    named: str | None = None
    contains: str | None = None
    shared_with_me: bool = False

    @classmethod
    def read(cls, text: str) -> "Query":
        query, rest = cls(), text
        while rest:
            found = _TERM.match(rest)
            if found is None:
                raise Refusal(400, "invalid", "Invalid Value")
            parent, trashed, how, name, shared = found.groups()
            if parent is not None:
                query.parent = _unescaped(parent)
            elif trashed is not None:
                query.trashed = trashed == "true"
            elif how == "=":
                query.named = _unescaped(name)
            elif how is not None:
                query.contains = _unescaped(name)
            elif shared:
                query.shared_with_me = True
            rest = rest[found.end() :].removeprefix(" and ")
        return query

    def means(self, node: Node) -> bool:
        """Names are compared whatever their case; `contains` looks where a word begins."""
        if self.trashed is not None and node.is_trashed != self.trashed:
            return False
        if self.named is not None and node.name.casefold() != self.named.casefold():
            return False
        if self.contains is None:
            return True
        return re.search(rf"(?<!\w){re.escape(self.contains.casefold())}", node.name.casefold()) is not None


@functools.lru_cache(maxsize=4096)
def sums(content: bytes) -> dict[str, str]:
    return {
        "md5Checksum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "sha1Checksum": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
        "sha256Checksum": hashlib.sha256(content).hexdigest(),
    }


def in_order(nodes: list[Node], order: str | None) -> list[Node]:
    """As `orderBy` says, as far as it is understood here."""
    if order is None:
        return nodes
    for key in reversed(order.split(",")):
        if key == "folder":
            nodes = sorted(nodes, key=lambda node: not node.is_folder)
        elif key == "name":
            nodes = sorted(nodes, key=lambda node: node.name)
        elif key == "modifiedTime desc":
            nodes = sorted(nodes, key=lambda node: node.modified_s, reverse=True)
        else:
            raise Refusal(400, "invalid", "Invalid Value")
    return nodes


def only(value: Any, fields: str) -> Any:
    """What of an answer was asked for, such as `nextPageToken,files(id,name)`."""
    if fields == "*":
        return value
    if isinstance(value, list):
        return [only(one, fields) for one in value]
    wanted: dict[str, str] = {}
    for name, inner in re.findall(r"(\w+)(?:\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\))?", fields):
        wanted[name] = inner or "*"
    return {name: only(one, wanted[name]) for name, one in value.items() if name in wanted}


def iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(at_s * 1000) % 1000:03d}Z"


def shown_file(node: Node, content: bytes, own_kind: str | None) -> dict[str, Any]:
    """What a file has beside what folders have; Google's own kinds have no bytes to sum up."""
    if own_kind == SHORTCUT:
        return {"mimeType": own_kind}
    if own_kind is not None:
        # What Google counts, not what an export is long.
        return {"mimeType": own_kind, "size": "1024"}
    return {
        "mimeType": TYPES.get(node.name.rpartition(".")[2], "application/octet-stream"),
        "size": str(len(content)),
        **sums(content),
        "headRevisionId": f"0B{node.id}r{node.revision}",
        "webViewLink": f"https://drive.google.com/file/d/{node.id}/view?usp=drivesdk",
    }


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
