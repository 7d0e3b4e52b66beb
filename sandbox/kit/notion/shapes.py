"""How Notion writes and reads what the stand-in holds: pages with their properties, data sources, blocks, comments.

Source: developers.notion.com/reference/{page,page-property-values,property-object,block,comment-object}.
"""

from collections.abc import Callable
from typing import Any

from sandbox.kit.notion.pages import DataSource
from sandbox.kit.notion.wire import Json, invalid, only, plain, read_runs, runs
from sandbox.kit.work import Comment, CustomField, Task, is_value, iso, seconds_of

BOT = {"object": "user", "id": "b0700000-0000-4000-8000-000000000001"}
PERSON = {"object": "user", "id": "b0700000-0000-4000-8000-000000000002"}
BOT_NAME = "Koko"


def minute(at_s: float) -> str:
    """Notion's times are whole minutes."""
    return iso(at_s // 60 * 60)


KINDS = {
    "text": "rich_text",
    "number": "number",
    "date": "date",
    "checkbox": "checkbox",
    "choice": "select",
    "votes": "people",
}
MOMENTS: dict[str, Callable[[Task], float]] = {
    "created_time": lambda task: seconds_of(minute(task.created_s)),
    "last_edited_time": lambda task: seconds_of(minute(task.modified_s)),
}


def order_of(sort: Json) -> Callable[[Task], float]:
    if sort.get("timestamp") not in MOMENTS or sort.get("direction") not in ("ascending", "descending"):
        raise invalid("body failed validation: body.sorts")
    return MOMENTS[sort["timestamp"]]


def matches(task: Task, condition: Any) -> bool:
    if condition is None:
        return True
    if "and" in condition:
        return all(matches(task, one) for one in only(condition, "and")["and"])
    name = condition.get("timestamp")
    if name not in MOMENTS:
        raise invalid("body failed validation: body.filter")
    bound = only(only(condition, "timestamp", name).get(name), "on_or_after").get("on_or_after")
    try:
        return MOMENTS[name](task) >= seconds_of(str(bound))
    except ValueError:
        raise invalid("body failed validation: body.filter should be a valid ISO 8601 date string") from None


def show_block(block: Json) -> Json:
    content = {"rich_text": block["rich_text"], "color": "default"}
    return {**_object("block", block["id"]), "type": block["type"], "has_children": False, block["type"]: content}


def show_comment(comment: Comment, page_id: str) -> Json:
    ours = comment.author == BOT_NAME
    return {
        **_object("comment", comment.id),
        "parent": {"type": "page_id", "page_id": page_id},
        "discussion_id": comment.id,
        "created_time": minute(comment.created_s),
        "last_edited_time": minute(comment.edited_s),
        "created_by": BOT if ours else PERSON,
        "rich_text": runs(comment.text),
        "display_name": {"type": "integration" if ours else "user", "resolved_name": comment.author},
    }


def show_source(source: DataSource) -> Json:
    options = [{"id": column.id, "name": column.name, "color": "default"} for column in source.columns]
    todo, rest = source.columns[:1], source.columns[1:]
    groups = {"To-do": todo, "In progress": [one for one in rest if not one.done], "Complete": []}
    groups["Complete"] = [one for one in rest if one.done]
    details: dict[str, Json] = {
        "status": {
            "options": options,
            "groups": [
                {"id": f"group-{name}", "name": name, "color": "gray", "option_ids": [one.id for one in members]}
                for name, members in groups.items()
            ],
        },
        "select": {"options": options},
    }
    return {
        **_object("data_source", source.id),
        "title": runs(source.name),
        "parent": {"type": "database_id", "database_id": source.database},
        "properties": {
            name: {"id": _property_id(name), "name": name, "type": kind, kind: details.get(kind, {})}
            for name, kind in source.schema.items()
        }
        | {one.name: _show_property(one) for one in source.fields},
        "url": f"https://www.notion.so/{source.database.replace('-', '')}",
        "in_trash": False,
    }


def show_page(task: Task, source: DataSource, *, trashed: bool = False, signature: str = "") -> Json:
    option = next(column for column in source.columns if column.id == task.status)
    chosen = {"id": option.id, "name": option.name, "color": "default"}
    values: Json = {
        "title": runs(task.title),
        "rich_text": runs(task.text),
        "status": chosen,
        "select": chosen,
        "checkbox": task.done,
        "url": task.links[0]["url"] if task.links else None,
        "date": None,
        "people": [],
        "files": [
            {"name": one.name, "type": "file", "file": {"url": f"https://s3.example/{one.id}?{signature}"}}
            for one in task.files
        ],
    }
    return {
        **_object("page", task.id),
        "created_time": minute(task.created_s),
        "last_edited_time": minute(task.modified_s),
        "created_by": BOT,
        "last_edited_by": BOT,
        "parent": {"type": "data_source_id", "data_source_id": source.id, "database_id": source.database},
        "archived": trashed,
        "in_trash": trashed,
        "properties": {
            name: {"id": _property_id(name), "type": kind, kind: values[kind]} for name, kind in source.schema.items()
        }
        | {one.name: _show_value(one, task.fields.get(one.id)) for one in source.fields},
        "url": f"https://www.notion.so/{task.id.replace('-', '')}",
    }


def read_properties(given: Any, source: DataSource, known: dict[str, object] | None = None) -> dict[str, object]:
    """The members of a task that these property values set; its fields among them, beside those that are `known`."""
    if not isinstance(given, dict):
        raise invalid("body failed validation: body.properties should be an object")
    members: dict[str, object] = {}
    fields = dict(known or {})
    for name, value in given.items():
        own = next((one for one in source.fields if name in (one.id, one.name)), None)
        if own is not None:
            fields[own.id] = _read_value(own, value)
            continue
        kind = source.schema.get(name)
        if kind is None:
            raise invalid(f"{name} is not a property that exists.")
        content = only(value, "id", "type", kind).get(kind)
        if kind in ("title", "rich_text"):
            members["title" if kind == "title" else "text"] = plain(read_runs(content))
        elif kind in ("status", "select"):
            wanted = only(content, "id", "name")
            found = [one for one in source.columns if wanted.get("id", one.id) == one.id]
            found = [one for one in found if wanted.get("name", one.name) == one.name]
            if not found or not wanted:
                raise invalid(f"Invalid {kind} option. {name} has no such option.")
            members["status"] = found[0].id
        elif kind == "checkbox" and isinstance(content, bool):
            members["done"] = content
        elif kind == "url" and isinstance(content, str):
            members["links"] = [{"url": content}]
        else:
            raise invalid(f"{name} is expected to be {kind}.")
    return members | ({"fields": fields} if fields else {})


def _show_property(field: CustomField) -> Json:
    kind = KINDS[field.type]
    options = [{"id": one.id, "name": one.name, "color": "default"} for one in field.options]
    return {"id": field.id, "name": field.name, "type": kind, kind: {"options": options} if options else {}}


def _show_value(field: CustomField, value: Any) -> Json:
    kind = KINDS[field.type]
    shown = {
        "text": runs(str(value or "")),
        "date": None if value is None else {"start": value, "end": None},
        "choice": next(({"id": one.id, "name": one.name} for one in field.options if one.id == value), None),
        "checkbox": bool(value),
        "votes": [],
    }
    return {"id": field.id, "type": kind, kind: shown.get(field.type, value)}


def _read_value(field: CustomField, given: Any) -> object:
    content = only(given, "id", "type", KINDS[field.type]).get(KINDS[field.type])
    if field.type == "text":
        content = plain(read_runs(content))
    elif field.type in ("date", "choice") and content is not None:
        content = only(content, "start", "end", "time_zone", "id", "name").get(
            "start" if field.type == "date" else "id"
        )
    if not is_value(field, content):
        raise invalid(f"{field.name} is expected to be {KINDS[field.type]}.")
    value: object = content
    return value


def _property_id(name: str) -> str:
    return "title" if name in ("Name", "Task name") else name.encode().hex()[:4]


def _object(kind: str, object_id: str) -> Json:
    return {"object": kind, "id": object_id}
