"""The fields of Koko's projects, videos and comments that can be mapped: what each is, and which way it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from providers.kit.field_values import FieldKind

EntityType = Literal["project", "video", "comment"]
ENTITY_TYPES: tuple[EntityType, ...] = get_args(EntityType)
KokoKind = Literal["text", "url", "number", "flag", "time", "list"]
TAKEN_BY: Mapping[KokoKind, frozenset[FieldKind]] = {
    "text": frozenset({"text", "choice", "choices"}),
    "url": frozenset({"text", "url"}),
    "number": frozenset({"text", "number"}),
    "flag": frozenset({"text", "checkbox"}),
    "time": frozenset({"text", "date", "datetime"}),
    "list": frozenset({"text", "choices"}),
}
"""Which kinds of fields take which values as they are."""
CALLED: Mapping[KokoKind, str] = {
    "text": "a text",
    "url": "a link",
    "number": "a number",
    "flag": "true or false",
    "time": "a time",
    "list": "a list of texts",
}


@dataclass(frozen=True, slots=True)
class KokoField:
    """One field. `writable`: what changes at the provider is brought to Koko."""

    kind: KokoKind
    writable: bool = False


_TEXT, _URL, _NUMBER = KokoField("text"), KokoField("url"), KokoField("number")
_TIME, _FLAG, _LIST = KokoField("time"), KokoField("flag"), KokoField("list")
KOKO_FIELDS: Mapping[EntityType, Mapping[str, KokoField]] = {
    "project": {"id": _TEXT, "name": _TEXT, "status": _TEXT, "url": _URL},
    "video": {
        "id": _TEXT,
        "title": _TEXT,
        "description": _TEXT,
        "tags": _LIST,
        "status": _TEXT,
        "duration": _NUMBER,
        "fps": _NUMBER,
        "updatedAt": _TIME,
        "url": _URL,
        "projectId": _TEXT,
        "projectName": _TEXT,
    },
    "comment": {
        "id": _TEXT,
        "text": KokoField("text", writable=True),
        "timecode": _TEXT,
        "timecodeSeconds": _NUMBER,
        "frame": _NUMBER,
        "author": _TEXT,
        "resolved": KokoField("flag", writable=True),
        "resolvedAt": _TIME,
        "resolvedBy": _TEXT,
        "createdAt": _TIME,
        "updatedAt": _TIME,
        "url": _URL,
        "videoId": _TEXT,
        "videoTitle": _TEXT,
        "projectId": _TEXT,
        "projectName": _TEXT,
    },
}
"""By the kind of thing. `duration` and `timecodeSeconds` are seconds, `timecode` is 1:02.5, `frame` counts from 0."""
