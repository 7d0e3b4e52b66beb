"""Every field of every procedure, wrong in every way that zod would refuse: BAD_REQUEST that names the field."""

from typing import Any

import marshmallow as ma
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koko_integrations.rpc.fields import (
    Choice,
    Flag,
    Id,
    IdOr,
    Input,
    ListOf,
    Moment,
    Nested,
    Number,
    RecordOf,
    Text,
    Url,
)
from tests.conftest import TEAM, People
from tests.service import PROCEDURES, RpcError, Service

VALID: dict[str, dict[str, Any]] = {
    "integration.list": {"teamId": TEAM},
    "integration.connect": {"teamId": TEAM, "provider": "slack"},
    "integration.disconnect": {"integrationId": "int_x"},
    "integration.getStatus": {"integrationId": "int_x"},
    "integration.listResources": {"integrationId": "int_x", "kind": "channels"},
    "integration.test": {"integrationId": "int_x"},
    "integration.sync": {"integrationId": "int_x"},
    "integration.configure": {"integrationId": "int_x", "config": {}},
    "integration.getLogs": {"integrationId": "int_x"},
    "integration.getMetrics": {"integrationId": "int_x"},
    "integration.listJobs": {"integrationId": "int_x"},
    "integration.getJob": {"jobId": "job_x"},
    "integration.cancelJob": {"jobId": "job_x"},
    "integration.listFiles": {"integrationId": "int_x"},
    "integration.importAssets": {"integrationId": "int_x", "projectId": "p", "files": [{"externalPath": "/a"}]},
    "integration.exportAssets": {"integrationId": "int_x", "assetIds": ["a"]},
    "integration.exportMarkers": {"integrationId": "int_x", "videoId": "v", "format": "json"},
    "integration.share": {"integrationId": "int_x", "videoId": "v"},
    "integration.createCustom": {"teamId": TEAM, "name": "n", "webhookUrl": "https://h.example/", "events": ["team.*"]},
    "integration.getDeliveries": {"integrationId": "int_x"},
    "integration.redeliver": {"deliveryId": "msg_x"},
    "integration.recover": {"integrationId": "int_x", "since": "2025-01-15T10:30:00Z"},
    "integration.rotateSecret": {"integrationId": "int_x"},
    "event.publish": {
        "id": "e",
        "type": "video.ready",
        "teamId": TEAM,
        "occurredAt": "2025-01-15T10:30:00Z",
        "data": {},
    },
    "hook.subscribe": {"hookUrl": "https://hooks.zapier.com/x", "event": "video.ready"},
    "hook.unsubscribe": {"id": "hook_x"},
    "hook.sample": {"event": "video.ready"},
    "hook.me": {},
    "hook.listProjects": {},
    "hook.listVideos": {"projectId": "p"},
    "hook.createComment": {"videoId": "v", "text": "t"},
    "hook.createTask": {"projectId": "p", "title": "t"},
    "integration.mapFields": {"integrationId": "int_x", "entityType": "video", "mappings": []},
    "integration.previewMapping": {"integrationId": "int_x"},
    "integration.getTriggers": {"integrationId": "int_x"},
    "integration.setTriggers": {"integrationId": "int_x", "triggers": []},
    "integration.testTriggers": {"integrationId": "int_x", "event": "event_x"},
}
WRONG_TYPES: list[Any] = [None, 5, 5.5, True, [], {}, "text"]


def wrong_values(field: ma.fields.Field[Any]) -> list[Any]:
    """What zod refuses for a field of this kind."""
    if isinstance(field, Url):
        return [
            *WRONG_TYPES,
            "",
            "javascript:alert(1)",
            "//host",
            "https://",
            "https://exa mple.com",
            "https://h:99999999/",
        ]
    if isinstance(field, Choice):
        return [*WRONG_TYPES, "", "SLACK", " slack"]
    if isinstance(field, Id):
        return [value for value in WRONG_TYPES if value != "text"] + ["", "x" * 257, "a\0b"]
    if isinstance(field, Moment):
        return [*WRONG_TYPES, "", "2025-01-15", "2025-01-15T10:30:00", "2025-13-01T00:00:00Z"]
    if isinstance(field, Text):
        empty = [""] if field.min_chars else []
        return [value for value in WRONG_TYPES if value != "text"] + ["x" * (field.max_chars + 1), "a\0b", *empty]
    if isinstance(field, Flag):
        return [None, 0, 1, "true", "yes", [], {}]
    if isinstance(field, IdOr):
        return [None, 5, "", [], {}, True]
    if isinstance(field, RecordOf | Nested):
        return [None, 5, "text", [], True]
    if isinstance(field, ListOf):
        wrong: list[Any] = [None, 5, "text", {}, True, [None], ["tasks"] * (field.max_items + 1)]
        return wrong if isinstance(field.item, Text) else [*wrong, ["no such thing"]]
    if isinstance(field, Number):
        too_small, too_large = (field.minimum or 0) - 1, (field.maximum or 0) + 1
        return [None, "5", True, [], {}, too_small, too_large, *([5.5] if field.whole else [])]
    raise AssertionError(field)


CASES = [
    (method, name, value)
    for method, procedure in PROCEDURES.items()
    for name, field in procedure.input.fields.items()
    for value in wrong_values(field)
]


@pytest.mark.parametrize(("method", "name", "value"), CASES, ids=lambda value: str(value)[:24])
def test_wrong_values(input_service: tuple[Service, People], method: str, name: str, value: Any) -> None:
    service, people = input_service
    with pytest.raises(RpcError) as refused:
        service.call(method, VALID[method] | {name: value}, token=people.admin)
    assert (refused.value.code, refused.value.number) == ("BAD_REQUEST", -32600)
    assert name in {path.partition(".")[0] for path in refused.value.fields}
    assert name in refused.value.message
    assert refused.value.data["path"] == method


@pytest.mark.parametrize("method", sorted(name for name, params in VALID.items() if params))
def test_missing_fields_are_all_named(input_service: tuple[Service, People], method: str) -> None:
    service, people = input_service
    with pytest.raises(RpcError) as refused:
        service.call(method, {}, token=people.admin)
    assert refused.value.fields == {name: ["Required"] for name in VALID[method]}


def test_unknown_keys_are_dropped(input_service: tuple[Service, People]) -> None:
    service, people = input_service
    result = service.call("integration.list", {"teamId": TEAM, "extra": 1, "__proto__": {}}, token=people.member)
    assert result["integrations"]


@pytest.fixture(scope="module")
def input_service(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One service for all of these: nothing they do is stored."""
    from tests.conftest import initialise
    from tests.service import running_service, settings_for

    url = f"sqlite:///{tmp_path_factory.mktemp('input')}/koko.db"
    initialise(url)
    # Every wrong value is a call of the same person, within the same minute.
    settings = settings_for(url, reads_per_hour=1_000_000, writes_per_hour=1_000_000)
    with running_service(settings) as service:
        yield service, People(service)


class Everything(Input):
    text = Text()
    number = Number(minimum=0, maximum=10)
    whole = Number(whole=True)
    flag = Flag()
    items = ListOf(Number(whole=True), min_items=1, max_items=3)
    record = RecordOf(Text())


@pytest.mark.parametrize(
    ("given_", "path"),
    [
        ({"number": -1}, "number"),
        ({"number": 11}, "number"),
        ({"number": "5"}, "number"),
        ({"number": True}, "number"),
        ({"number": float("inf")}, "number"),
        ({"whole": 5.5}, "whole"),
        ({"whole": "5"}, "whole"),
        ({"items": []}, "items"),
        ({"items": [1, 2, 3, 4]}, "items"),
        ({"items": [1, "2"]}, "items.1"),
        ({"items": {"0": 1}}, "items"),
        ({"record": {"a": "x", "b": 5}}, "record.b"),
        ({"flag": "true"}, "flag"),
    ],
)
def test_strict_fields(given_: dict[str, Any], path: str) -> None:
    from koko_integrations.rpc.fields import problems_by_path

    with pytest.raises(ma.ValidationError) as refused:
        Everything().load(given_)
    assert list(problems_by_path(refused.value.messages)) == [path]


def test_strict_fields_take_what_zod_takes() -> None:
    given_ = {"text": "", "number": 5.5, "whole": 5.0, "flag": False, "items": [1], "record": {"a": ""}, "other": 1}
    assert Everything().load(given_) == {
        "text": "",
        "number": 5.5,
        "whole": 5,
        "flag": False,
        "items": [1],
        "record": {"a": ""},
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(value=JSON)
def test_any_json_is_either_loaded_or_refused(value: Any) -> None:
    for name in Everything().fields:
        try:
            Everything().load({name: value})
        except ma.ValidationError:
            continue
