"""Calling Dropbox, with arguments in the body or in a header, and what it refuses.

Source: dropbox/dropbox-api-spec, dropbox.com/developers/documentation/http/documentation (formats, errors).
"""

import json
from collections.abc import Mapping
from typing import Any

from providers.kit.answer import Answer
from providers.kit.base import Proves
from providers.kit.connection import Connection
from providers.kit.errors import CredentialsRefused, Missing, ProtocolBroken, Rejected
from providers.kit.streams import Stream

API = "https://api.dropboxapi.com"
CONTENT = "https://content.dropboxapi.com"
NOT_THERE = frozenset({"not_found", "not_file", "not_folder", "malformed_path"})


class CallsDropbox(Proves):
    """Speaks Dropbox's protocol. What 400 and 409 mean, each call has to tell."""

    def call(
        self,
        path: str,
        connection: Connection,
        asked: Mapping[str, Any] | None = None,
        *,
        repeatable: bool = False,
    ) -> Answer:
        """Calls without arguments have no body at all."""
        answer = self.http.request(
            "Dropbox",
            "POST",
            f"{API}{path}",
            json=asked,
            bearer=connection.credentials.access_token,
            repeatable=repeatable,
        )
        return _require_permission(answer)

    def send(
        self,
        path: str,
        connection: Connection,
        asked: Mapping[str, Any],
        content: bytes | memoryview,
        deadline_s: float,
    ) -> Answer:
        """Never repeated by itself."""
        answer = self.http.request(
            "Dropbox",
            "POST",
            f"{CONTENT}{path}",
            headers={"Dropbox-API-Arg": in_header(asked), "Content-Type": "application/octet-stream"},
            content=content,
            bearer=connection.credentials.access_token,
            deadline_s=deadline_s,
        )
        return _require_permission(answer)

    def receive(
        self, path: str, connection: Connection, asked: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Stream:
        return self.http.open(
            "Dropbox",
            "POST",
            f"{CONTENT}{path}",
            headers={"Dropbox-API-Arg": in_header(asked), **headers},
            bearer=connection.credentials.access_token,
        )

    def find_metadata(self, connection: Connection, path: str) -> dict[str, Any]:
        """Of what is at a path. Raises Missing, and Rejected for what Dropbox does not show."""
        answer = self.call("/2/files/get_metadata", connection, {"path": path}, repeatable=True)
        if answer.status == 409:
            raise lookup_refusal(answer)
        found = answer.require_success().json_object()
        if found.get(".tag") not in ("file", "folder"):
            raise Missing("Dropbox has no such file")
        return found


def path_of(folder: str | None) -> str:
    """A path as Dropbox wants it: an id, or with a slash before and none behind; empty for the root."""
    if folder is None or folder.startswith(("id:", "ns:")):
        return folder or ""
    inner = folder.strip("/")
    return f"/{inner}" if inner else ""


def in_header(asked: Mapping[str, Any]) -> str:
    """JSON in ASCII that HTTP allows in a header."""
    return json.dumps(asked).replace("\x7f", "\\u007f")


def tags_of(answer: Answer) -> list[str]:
    """What an error is, from the general to the particular."""
    summary = answer.json_object().get("error_summary")
    return [tag for tag in summary.split("/") if tag.strip(".")] if isinstance(summary, str) else []


def error_in(answer: Answer) -> dict[str, Any]:
    """The members of an error. Raises ProtocolBroken."""
    error = answer.json_object().get("error")
    if not isinstance(error, dict):
        raise ProtocolBroken("Dropbox sent an error of the wrong shape")
    return error


def lookup_refusal(answer: Answer) -> Rejected:
    """Why something was not found: a 409."""
    tags = tags_of(answer)
    reason = tags[-1] if tags else None
    if reason in NOT_THERE:
        return Missing("Dropbox has no such file", reason=reason)
    if reason == "restricted_content":
        return Rejected("Dropbox shows this file to nobody: somebody has claimed rights to it", reason=reason)
    return Rejected("Dropbox does not give this file away", reason=reason)


def permission_refusal(answer: Answer) -> CredentialsRefused | Rejected:
    """Why a token is not good enough: a 401 or a 403."""
    tags = tags_of(answer)
    reason = tags[0] if tags else None
    if answer.status == 401 and reason != "missing_scope":
        return CredentialsRefused("Dropbox no longer accepts the token; connect Dropbox again", reason=reason)
    return Rejected("Dropbox did not grant a permission that this needs; connect again", reason=reason)


def _require_permission(answer: Answer) -> Answer:
    if answer.status in (401, 403):
        raise permission_refusal(answer)
    return answer
