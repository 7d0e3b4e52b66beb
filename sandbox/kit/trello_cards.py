"""Cards, comments and attachments as Trello's API shows them.

Source: developer.atlassian.com/cloud/trello/guides/rest-api/object-definitions.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.kit.work import Comment, CustomField, File, Task, is_value, iso

ME = {"id": "5abbe4b7ddc1b351ef961414", "username": "ada", "fullName": "Ada Admin"}
SOMEBODY = "5abbe4b7ddc1b351ef961499"
TEXT_MAX_CHARS = 16_384
FLAGS = {"dueComplete": bool, "closed": bool}
NOT_EMPTY = ("name", "text")


def show_card(card: Task, asked: Mapping[str, str], *, closed: bool) -> dict[str, Any]:
    """With those fields and attachments that are asked for."""
    whole = {
        "name": card.title,
        "desc": card.text,
        "closed": closed,
        "dueComplete": card.done,
        "due": card.fields.get("due"),
        "dateLastActivity": iso(card.modified_s),
        "idBoard": card.project,
        "idList": card.status,
        "idMembers": [],
        "shortUrl": f"https://trello.com/c/{card.id[-8:]}",
        "badges": {"comments": len(card.comments), "attachments": len(card.files) + len(card.links)},
    }
    fields = asked.get("fields", "all").split(",")
    shown = {name: value for name, value in whole.items() if fields == ["all"] or name in fields}
    if asked.get("attachments") == "true":
        shown["attachments"] = [*(_show_upload(card, one) for one in card.files), *card.links]
    if asked.get("customFieldItems") == "true":
        shown["customFieldItems"] = [
            {"id": f"{name[:-1]}e", "idCustomField": name, "value": _show_item(value), "idModel": card.id}
            for name, value in card.fields.items()
            if name != "due" and value is not None
        ]
    if asked.get("members") == "true":
        shown["members"] = []
    return {"id": card.id, **shown}


def _show_item(value: object) -> dict[str, str]:
    if isinstance(value, bool):
        return {"checked": "true" if value else "false"}
    return {"number" if isinstance(value, float) else "text": str(value)}


def _show_upload(card: Task, file: File) -> dict[str, Any]:
    return {
        "id": file.id,
        "name": file.name,
        "url": f"https://trello.com/1/cards/{card.id}/attachments/{file.id}/download/{file.name}",
        "bytes": file.size,
        "mimeType": "image/png",
        "isUpload": True,
    }


def show_comment(card: Task, comment: Comment) -> dict[str, Any]:
    """The action that made it; only a date in it says that it was edited."""
    author = ME if comment.author == ME["fullName"] else {"id": SOMEBODY, "fullName": comment.author}
    data: dict[str, Any] = {"text": comment.text, "card": {"id": card.id}, "board": {"id": card.project}}
    if comment.edited_s != comment.created_s:
        data["dateLastEdited"] = iso(comment.edited_s)
    return {
        "id": comment.id,
        "type": "commentCard",
        "date": iso(comment.created_s),
        "data": data,
        "memberCreator": author,
        "idMemberCreator": author["id"],
    }


def show_field(field: CustomField, board: str) -> dict[str, Any]:
    """The definition of a custom field."""
    shown = {
        "id": field.id,
        "idModel": board,
        "modelType": "board",
        "name": field.name,
        "type": "list" if field.type == "choice" else field.type,
    }
    options = [{"id": one.id, "idCustomField": field.id, "value": {"text": one.name}} for one in field.options]
    return shown | ({"options": options} if options else {})


def read_item(field: CustomField, item: Mapping[str, Any], values: dict[str, object]) -> bool:
    """Adds what a custom field item says; False for one that is not of the field's type. Values are texts."""
    given, value = item.get("value"), item.get("idValue") or None
    if field.type != "choice" and given != "":
        said = (given or {}).get("checked" if field.type == "checkbox" else field.type)
        if not isinstance(said, str):
            return False
        value = {"true": True, "false": False}.get(said) if field.type == "checkbox" else said
        value = float(said) if field.type == "number" else value
    values[field.id] = value
    return is_value(field, value)


def show_departure(kind: str, card_id: str, board: str, at_s: float) -> dict[str, Any]:
    """The action of a card that has left its board."""
    data = {"card": {"id": card_id}, "board": {"id": board}}
    return {"id": f"a{card_id[1:]}", "type": kind, "date": iso(at_s), "data": data, "memberCreator": ME}


def find_problem(asked: Mapping[str, Any]) -> str | None:
    """The name of a value that Trello refuses."""
    for name, value in asked.items():
        if name == "due" and value is None:
            continue
        kind = FLAGS.get(name, str)
        if not isinstance(value, kind) or len(str(value)) > TEXT_MAX_CHARS or (value == "" and name in NOT_EMPTY):
            return name
    return None
