"""Jira's wire: refusals, documents, dates and JQL. Source: developer.atlassian.com/cloud/jira/platform/rest/v3/intro,
/apis/document/structure; support.atlassian.com/jira-software-cloud/docs/jql-fields.
"""

import base64
import binascii
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from sandbox.kit.work import Column, Task

Json = dict[str, Any]

HOME = ZoneInfo("Europe/Berlin")
"""The time zone of the user's profile, in which absolute dates are read."""
UNITS_S = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
ORDERS: Mapping[str, tuple[Callable[[Task], float], bool]] = {
    "key ASC": (lambda task: int(task.id), False),
    "updated ASC": (lambda task: task.modified_s, False),
    "updated DESC": (lambda task: task.modified_s, True),
}
LONGEST_TEXT = 32_767


class Refused(Exception):
    """An error answer."""

    def __init__(self, status: int, *messages: str, **errors: str) -> None:
        super().__init__(*messages)
        self.status = status
        self.body = {"errorMessages": list(messages), "errors": errors}


class Query(NamedTuple):
    """What a search asks for: which project, changed since when, in which order."""

    project: str
    since_s: float | None
    order: str


def read_jql(jql: object) -> Query:
    """The few clauses that are known here."""
    if not isinstance(jql, str):
        raise Refused(400, "The JQL query is missing.")
    where, _, order = jql.partition(" ORDER BY ")
    if order not in ORDERS:
        raise Refused(400, f"Error in the JQL Query: cannot order by {order!r} here.")
    project = since = None
    for clause in where.split(" AND "):
        if named := re.fullmatch(r'project = (?:(\w+)|"([^"\\]+)")', clause):
            project = named[1] or named[2]
        elif dated := re.fullmatch(r'updated >= "([^"]+)"', clause):
            since = _read_date(dated[1])
        else:
            raise Refused(400, f"Error in the JQL Query: {clause!r} is not known here.")
    if project is None:
        raise Refused(400, "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
    return Query(project, since, order)


def _read_date(text: str) -> float:
    # By the wall clock, of which the Date header tells.
    if relative := re.fullmatch(r"-(\d+)([mhdw])", text):
        return time.time() - int(relative[1]) * UNITS_S[relative[2]]
    try:
        return datetime.strptime(text, "%Y/%m/%d %H:%M").replace(tzinfo=HOME).timestamp()
    except ValueError:
        raise Refused(400, f"Date value '{text}' for field 'updated' is invalid.") from None


def make_token(jql: str, start: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([jql, start])).decode()


def read_token(token: object, jql: str) -> int:
    """Where the page begins. A token is good for its own query."""
    if token is None:
        return 0
    try:
        asked, start = orjson.loads(base64.urlsafe_b64decode(str(token)))
    except (binascii.Error, ValueError):
        raise Refused(400, "The provided next page token is invalid or expired.") from None
    if asked != jql:
        raise Refused(400, "The provided next page token is of another query.")
    return int(start)


def document(text: str) -> Json:
    """A text as the editor would have made it."""
    paragraphs = []
    for block in text.split("\n\n"):
        nodes: list[Json] = []
        for line in block.split("\n"):
            nodes += [{"type": "hardBreak"}] * bool(nodes)
            nodes += [{"type": "text", "text": line}] * bool(line)
        paragraphs.append({"type": "paragraph", "content": nodes})
    return {"type": "doc", "version": 1, "content": paragraphs}


def read_document(given: object, field: str) -> tuple[Json, str]:
    """A document and what it says. Refuses what is none, and nodes that are not known here."""
    refusal = Refused(
        400, **{field: "Operation value must be an Atlassian Document (see the Atlassian Document Format)"}
    )
    if not isinstance(given, dict) or given.keys() != {"type", "version", "content"} or given["version"] != 1:
        raise refusal
    paragraphs = []
    for block in given["content"]:
        if block.get("type") != "paragraph" or not block.keys() <= {"type", "content"}:
            raise refusal
        said = ""
        for node in block.get("content", []):
            if node == {"type": "hardBreak"}:
                said += "\n"
            elif node.get("type") == "text" and node.get("text") and _are_links(node.get("marks", [])):
                said += node["text"]
            else:
                raise refusal
        paragraphs.append(said)
    text = "\n\n".join(paragraphs)
    if len(text) > LONGEST_TEXT:
        raise Refused(
            400, **{field: "The entered text is too long. It exceeds the allowed limit of 32,767 characters."}
        )
    return given, text


def _are_links(marks: list[Json]) -> bool:
    return all(
        mark.keys() == {"type", "attrs"}
        and mark["type"] == "link"
        and str(mark["attrs"].get("href")).startswith("http")
        for mark in marks
    )


def stamp(at_s: float) -> str:
    """A date as Jira writes it."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(at_s * 1000) % 1000:03d}+0000"


def status(column: Column, *, first: bool) -> Json:
    """A status with its category."""
    number, key = (3, "done") if column.done else (2, "new") if first else (4, "indeterminate")
    return {"id": column.id, "name": column.name, "statusCategory": {"id": number, "key": key}}


def user(name: str) -> Json:
    return {"accountId": f"5b10:{name.lower()}", "accountType": "atlassian", "active": True, "displayName": name}
