"""integration.mapFields and integration.previewMapping: what is refused, what is tried, and what is shown."""

from typing import Any

import pytest

from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.connections.consent import connect
from tests.mapping.scene import UPPER, Scene, furnish, to
from tests.service import RpcError, Service
from tests.sync.cases import CASES
from tests.sync.team import PROJECT

ASANA = CASES[0]
CANARY = "canary-77aa"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def scene(service: Service, people: People, sandbox: Sandbox) -> Scene:
    return furnish(ASANA, service, people, sandbox)


def test_what_is_stored_is_what_was_given(scene: Scene) -> None:
    given = [to("Timecode", "text", "custom", UPPER), to("due date", "comment.createdAt", "date")]
    saved = scene.map(*given)
    assert [one["kokoField"] for one in saved] == ["text", "createdAt"]
    assert [one["externalFieldId"] for one in saved] == ["140070", "due_on"]
    assert saved[0]["customTransform"] == UPPER
    assert "cannot be undone" in saved[0]["reason"]
    scene.map(to("Stage", "status"), entity="video")
    rows = scene.team.service.rows.query("SELECT entity_type, koko_field FROM field_mapping ORDER BY 1, position")
    assert rows == [("comment", "text"), ("comment", "createdAt"), ("video", "status")]
    scene.map()
    assert scene.team.service.rows.query("SELECT entity_type FROM field_mapping") == [("video",)]


def test_every_wrong_member_is_named(scene: Scene) -> None:
    refused = scene.refuse(
        to("Timecode", "txt"),
        to("Timecode", "text", "custom"),
        to("Timecode", "text", "none", UPPER),
        to("Timecode", "resolved", "uppercase"),
        to("Timecode", "timecodeSeconds", "date"),
    )
    assert refused.code == "BAD_REQUEST"
    assert refused.fields == {
        "mappings.0.kokoField": ["a comment has no field 'txt'; did you mean text?"],
        "mappings.1.customTransform": ["Required: a JavaScript function (value, item)"],
        "mappings.2.customTransform": ["Only with the transform custom, not with none"],
        "mappings.3.transform": ["uppercase takes a text; resolved is true or false"],
        "mappings.4.transform": ["date takes a time; timecodeSeconds is a number"],
    }
    refused = scene.refuse(to("Nothing like it", "text"), to("Name", "text"), to("Seconds", "resolved"))
    assert refused.fields["mappings.0.externalField"] == [
        "there is no field 'Nothing like it'; there are Due date, Timecode, Seconds, Noted on, Stage"
    ]
    assert "kept in step by itself" in refused.fields["mappings.1.externalField"][0]
    assert "Seconds is a number, and resolved is true or false" in refused.fields["mappings.2.externalField"][0]


@pytest.mark.parametrize(
    ("member", "value"),
    [("transform", "reverse"), ("kokoField", 5), ("externalField", ""), ("customTransform", 5), ("kokoField", "\0")],
)
def test_input_of_the_wrong_shape(scene: Scene, member: str, value: Any) -> None:
    assert f"mappings.0.{member}" in scene.refuse({**to("Timecode", "text"), member: value}).fields


def test_a_script_that_is_none_is_refused_with_its_place(scene: Scene) -> None:
    refused = scene.refuse(to("Timecode", "text", "custom", "function (value) {\n  return value +;\n}"))
    assert "(line 2, column 17)" in refused.fields["mappings.0.customTransform"][0]
    refused = scene.refuse(to("Timecode", "text", "custom", "function () { for (;;) {} }"))
    assert "longer than 100 ms" in refused.message
    refused = scene.refuse(to("Timecode", "text", "custom", "42"))
    assert "not a function" in refused.message
    assert scene.team.service.rows.query("SELECT * FROM field_mapping") == []


def test_a_script_that_throws_on_the_item_it_is_tried_on_is_stored_with_a_warning(scene: Scene) -> None:
    saved = scene.map(to("Timecode", "text", "custom", "function (value) { return value.foo.bar }"))
    assert "it threw TypeError" in saved[0]["warning"]
    saved = scene.map(to("Stage", "text", "custom", "function (value) { return 'Unheard of' }"))
    assert "has no option 'Unheard of'" in saved[0]["warning"]


def test_two_into_one(scene: Scene) -> None:
    refused = scene.refuse(to("Timecode", "text"), to("140070", "timecode"))
    assert "mapped to 140070 already" in refused.fields["mappings.1.externalField"][0]
    scene.map(to("Timecode", "title"), entity="video")
    assert "the video's title is mapped to Timecode already" in scene.refuse(to("Timecode", "text")).message


def test_projects_without_the_field_are_named(scene: Scene) -> None:
    scene.koko.add_project("proj-2")
    scene.team.configure(projectMapping={PROJECT: "1400", "proj-2": "1401"})
    del scene.work.projects["1401"].fields[0]
    assert scene.map(to("Timecode", "timecode"))[0]["missingIn"] == ["1401"]
    job = scene.team.sync()
    assert any("timecode is not written in project 1401" in note for note in job["notes"])


def test_what_is_not_ready_for_mappings(scene: Scene, service: Service, people: People) -> None:
    scene.team.configure(projectMapping={})
    assert scene.refuse(to("Timecode", "timecode")).code == "PRECONDITION_FAILED"
    service.call("integration.disconnect", {"integrationId": scene.team.target}, token=people.admin)
    assert scene.refuse(to("Timecode", "timecode")).code == "PRECONDITION_FAILED"
    slack = connect(service, people.admin, "slack")["id"]
    params = {"integrationId": slack, "entityType": "comment", "mappings": [to("Text", "text")]}
    with pytest.raises(RpcError, match="Slack has no fields to map to"):
        service.call("integration.mapFields", params, token=people.admin)


def test_a_field_that_is_renamed_or_gone_is_told_of(scene: Scene) -> None:
    scene.map(to("Timecode", "timecode"))
    scene.koko.comment("comment-1", "Words", timecode=1000)
    scene.team.succeed("full")
    field = scene.work.projects["1400"].fields.pop(0)
    scene.koko.change("comment-1", timecode=2000)
    job = scene.team.sync("full")
    assert any("there is no field 'Timecode'" in note for note in job["notes"])
    scene.work.projects["1400"].fields.insert(0, field)
    scene.team.succeed("full")
    assert scene.values("comment-1")["Timecode"] == "0:02"


def test_a_preview_on_the_newest_comment(scene: Scene) -> None:
    scene.koko.comment("comment-1", "older", created_at=1)
    scene.koko.comment("comment-2", "Newest", timecode=62_500)
    shown = scene.preview(
        to("Timecode", "text", "custom", UPPER),
        to("Seconds", "timecode"),
        to("Timecod", "text"),
        to("Timecode", "text", "custom", "function (v) {\n return v +; }"),
        to("Timecode", "txt"),
    )
    assert (shown[0]["value"], shown[0]["result"]) == ("Newest", "NEWEST @1:02.5")
    assert "error" not in shown[0]
    assert "Seconds is a number" in shown[1]["error"]
    assert "did you mean Timecode?" in shown[2]["error"]
    assert (shown[3]["line"], shown[3]["column"]) == (2, 12)
    assert "did you mean text?" in shown[4]["error"]
    assert scene.team.service.rows.query("SELECT * FROM field_mapping") == []


def test_a_preview_on_a_sample(scene: Scene) -> None:
    sample = {"text": "sampled", "extra": [1]}
    shown = scene.preview(
        to("Timecode", "text", "custom", "function (value, item) { return value + item.extra[0] }"), sample=sample
    )
    assert shown[0]["result"] == "sampled1"
    shown = scene.preview(to("Timecode", "title", "uppercase"), entityType="video", sample={"title": "cut"})
    assert shown[0]["result"] == "CUT"
    shown = scene.preview(to("Timecode", "text", "uppercase"), sample={"text": 5})
    assert "takes a text" in shown[0]["error"]


def test_what_is_stored_can_be_looked_at(scene: Scene) -> None:
    scene.koko.comment("comment-1", "Words")
    scene.map(to("Timecode", "text", "custom", UPPER))
    params = {"integrationId": scene.team.target}
    answer = scene.team.service.call("integration.previewMapping", params, token=scene.team.people.admin)
    (shown,) = answer["mappings"]
    assert (shown["kokoField"], shown["customTransform"], shown["result"]) == ("text", UPPER, "WORDS @null")


def test_a_script_sees_neither_secrets_nor_the_environment(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KOKO_CANARY", CANARY)
    script = "function (value, item) { return JSON.stringify([item, Object.keys(globalThis)]) }"
    scene.koko.comment("comment-1", "Words")
    result = scene.preview(to("Timecode", "text", "custom", script))[0]["result"]
    assert "Words" in result
    for secret in (CANARY, scene.team.service.settings.auth_secret, "@koko.test", "sandbox-asana"):
        assert secret not in result
