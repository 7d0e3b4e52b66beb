"""What Jira sends of projects, issues, their comments and attachments, read as items.

Source: developer.atlassian.com/cloud/jira/platform/rest/v3/intro and its groups of issues, comments and projects.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from providers.kit.errors import ProtocolBroken
from providers.kit.field_values import ExternalField
from providers.kit.items import Item
from providers.kit.jira.adf import to_text
from providers.kit.jira.fields import read_values
from providers.kit.jira.site import JiraSite
from providers.kit.timestamps import parse_ms

Entry = Mapping[str, Any]

FIELDS = ("summary", "description", "status", "assignee", "duedate", "updated")
CHILDREN = ("attachment", "comment")
CUT_AT = 20
"""Searches are known to leave comments out beyond so many; an issue has all of its attachments."""


def part(whole: Entry, name: str) -> Entry:
    """A member that is an object; an empty one for none. Raises ProtocolBroken."""
    value = whole.get(name)
    if not isinstance(value, dict | None):
        raise ProtocolBroken(f"Jira sent {name} of the wrong type")
    return value or {}


def text(whole: Entry, name: str) -> str:
    """A member that must be there. Raises ProtocolBroken."""
    value = whole.get(name)
    if not isinstance(value, str) or not value:
        raise ProtocolBroken(f"Jira sent something without {name}")
    return value


def is_done(status: Entry) -> bool:
    """Whether nothing is left to do, whatever the status is called."""
    return category(status) == "done"


def category(status: Entry) -> object:
    """`new`, `indeterminate` or `done`."""
    return part(status, "statusCategory").get("key")


def read_project(site: JiraSite, entry: Entry) -> Item:
    key = text(entry, "key")
    return Item(
        id=text(entry, "id"),
        title=text(entry, "name"),
        url=site.address_of(f"/browse/{key}"),
        fields={"key": key, "archived": bool(entry.get("archived"))},
    )


def read_issue(site: JiraSite, entry: Entry, reads: Sequence[ExternalField] = ()) -> Item:
    key, fields = text(entry, "key"), part(entry, "fields")
    status = part(fields, "status")
    return Item(
        id=text(entry, "id"),
        title=str(fields.get("summary") or ""),
        text=to_text(fields.get("description")),
        status_id=text(status, "id"),
        done=is_done(status),
        url=site.address_of(f"/browse/{key}"),
        modified_at=parse_ms(fields.get("updated")),
        fields={
            "key": key,
            "dueOn": fields.get("duedate"),
            "assignee": part(fields, "assignee").get("displayName"),
        },
        mapped=read_values(fields, reads),
    )


def read_comment(entry: Entry, task_id: str) -> Item:
    return Item(
        entity="comments",
        id=text(entry, "id"),
        title="",
        text=to_text(entry.get("body")),
        parent_id=task_id,
        author=part(entry, "author").get("displayName"),
        modified_at=parse_ms(entry.get("updated")),
    )


def read_file(site: JiraSite, entry: Entry, task_id: str) -> Item:
    # Jira's own examples have it as a number, too.
    file_id = str(entry["id"])
    return Item(
        entity="files",
        id=file_id,
        title=text(entry, "filename"),
        parent_id=task_id,
        url=site.address_of(f"/rest/api/3/attachment/content/{file_id}"),
        modified_at=parse_ms(entry.get("created")),
        fields={"size": entry.get("size"), "kind": entry.get("mimeType")},
    )


def all_comments(issue: Entry) -> list[Any] | None:
    """The comments that came with an issue; None when it is not certain that these are all."""
    came = part(part(issue, "fields"), "comment")
    entries = came.get("comments")
    if not isinstance(entries, list) or len(entries) >= CUT_AT or came.get("total") != len(entries):
        return None
    return entries


def is_for_all(comment: Any) -> bool:
    """Whether everybody who sees the issue sees the comment: what was said to some is not for all of Koko."""
    return not isinstance(comment, dict) or (
        comment.get("visibility") is None and comment.get("jsdPublic") is not False
    )
