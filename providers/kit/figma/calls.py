"""Calling Figma, and what people paste: addresses of files and of what is in them.

Source: developers.figma.com/docs/rest-api/{authentication,errors,files}, @figma/rest-api-spec.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

from providers.kit.answer import Answer
from providers.kit.base import Proves
from providers.kit.connection import Connection
from providers.kit.errors import CredentialsRefused, Missing, ProtocolBroken, ProviderError, Rejected
from providers.kit.http import DEADLINE_S

API = "https://api.figma.com/v1"
SITE = "https://www.figma.com"
_KEY = r"[0-9A-Za-z]{10,128}"
_ADDRESS = re.compile(
    rf"(?:https?://)?(?:www\.)?figma\.com/(?:file|design|proto|board|slides|deck|buzz|site|make)/(?P<key>{_KEY})"
    rf"(?:/branch/(?P<branch>{_KEY}))?(?:[/?#].*)?"
)
_NODE = r"I?[0-9]+[:-][0-9]+(?:;[0-9]+[:-][0-9]+)*"
_PATH = re.compile(rf"(?P<key>{_KEY})(?:/(?P<node>{_NODE}))?(?:\?(?P<query>.*))?")
_UNKNOWN = "Figma has no such file, or does not show it to this account"


class Place(NamedTuple):
    """A file, or something in it. `format` is how it is to be rendered, where that is said."""

    key: str
    node_id: str | None
    format: str | None
    pasted: bool


class CallsFigma(Proves):
    """Speaks Figma's protocol."""

    def get(
        self,
        connection: Connection,
        path: str,
        params: Mapping[str, str] | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> dict[str, Any]:
        answer = self.request(connection, path, params, deadline_s)
        if answer.status == 403:
            raise forbidden(answer)
        if answer.status == 404:
            raise Missing(_UNKNOWN)
        return answer.require_success().json_object()

    def meta(self, connection: Connection, key: str) -> dict[str, Any]:
        """What there is to know of a file without its content."""
        found = self.get(connection, f"/files/{key}/meta").get("file")
        if not isinstance(found, dict):
            raise ProtocolBroken("Figma sent an answer without a file")
        return found

    def request(
        self,
        connection: Connection,
        path: str,
        params: Mapping[str, str] | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> Answer:
        return self.http.request(
            "Figma",
            "GET",
            f"{API}{path}",
            params=params,
            bearer=connection.credentials.access_token,
            deadline_s=deadline_s,
        )


def file_key(target: str) -> str | None:
    """The key in a file's address, or the key itself; None for anything else. A branch has a key of its own."""
    text = target.strip()
    if re.fullmatch(_KEY, text):
        return text
    found = _ADDRESS.fullmatch(text)
    return None if found is None else found["branch"] or found["key"]


def read_place(text: str) -> Place | None:
    """What an address means, or a path: a file's key, a slash and the id of what is in it. Either may end with
    `?format=svg` or the like. None for anything else."""
    text = text.strip()
    if (found := _PATH.fullmatch(text)) is not None:
        return _place(found["key"], found["node"], found["query"] or "", pasted=False)
    key = file_key(text)
    if key is None:
        return None
    query = urlsplit(text).query
    node = parse_qs(query).get("node-id", [""])[-1]
    return _place(key, node if re.fullmatch(_NODE, node) else None, query, pasted=True)


def address_of(key: str, node_id: str | None = None) -> str:
    """Where people see it."""
    at_node = f"?node-id={quote(node_id.replace(':', '-'), safe='')}" if node_id else ""
    return f"{SITE}/file/{key}{at_node}"


def _place(key: str, node: str | None, query: str, *, pasted: bool) -> Place:
    chosen = parse_qs(query).get("format", [None])[-1]
    return Place(key, node.replace("-", ":") if node else None, chosen, pasted)


def forbidden(answer: Answer) -> ProviderError:
    """What a 403 is about is said in words alone, in one of two members."""
    body = answer.json_object()
    said = str(body.get("err") or body.get("message") or "").lower()
    if "scope" in said:
        return Rejected("Figma did not grant a permission that this needs; connect Figma again", reason="missing_scope")
    if "token" in said:
        return CredentialsRefused("Figma no longer accepts the token; connect Figma again")
    return Missing(_UNKNOWN)
