"""Values from Koko in the fields of tasks: the same cases over every project management provider."""

import pytest

from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.mapping.scene import UPPER, Scene, furnish, to
from tests.service import Service
from tests.sync.cases import CASES, Case
from tests.sync.team import VIDEO, moved


@pytest.fixture(params=CASES, ids=[case.slug for case in CASES])
def scene(request: pytest.FixtureRequest, service: Service, people: People, sandbox: Sandbox) -> Scene:
    case: Case = request.param
    return furnish(case, service, people, sandbox)


def map_all(scene: Scene) -> None:
    scene.map(to("Timecode", "timecode"), to("Seconds", "timecodeSeconds"), to("Noted on", "createdAt", "date"))
    scene.map(to("Stage", "status"), entity="video")


def retitle(scene: Scene, **columns: str) -> None:
    for name, value in columns.items():
        scene.team.service.rows.query(f"UPDATE video SET {name} = ? WHERE id = ?", value, VIDEO)


def test_fields_are_listed_with_their_types(scene: Scene) -> None:
    params = {"integrationId": scene.team.target, "kind": "fields", "projectId": scene.case.container}
    found = scene.team.service.call("integration.listResources", params, token=scene.team.people.admin)["resources"]
    named = {one["name"]: one for one in found}
    assert (named["Timecode"]["type"], named["Timecode"]["writable"]) == ("text", True)
    assert named["Seconds"]["type"] == "number"
    assert named["Noted on"]["type"] in ("date", "datetime")
    assert named["Stage"]["type"] == "choice"
    assert not named["Votes"]["writable"]


def test_a_new_task_has_the_values(scene: Scene) -> None:
    map_all(scene)
    scene.team.succeed("full")
    scene.koko.comment("comment-1", "Brighter, please", timecode=62_500)
    assert moved(scene.team.succeed())["pushed"] in (1, 2), "where fields come afterwards, that is a second push"
    values = scene.values("comment-1")
    day = str(values.pop("Noted on"))[:10]
    assert values == {"Timecode": "1:02.5", "Seconds": 62.5, "Stage": "Ready"}
    assert len(day) == 10
    assert moved(scene.team.succeed()) == {}, "nothing echoes"
    assert moved(scene.team.succeed("full")) == {}, "not in a full pass either"


def test_what_changes_in_koko_is_written_once(scene: Scene) -> None:
    map_all(scene)
    scene.koko.comment("comment-1", "Brighter, please", timecode=62_500)
    scene.koko.comment("comment-2", "Darker, please")
    scene.team.succeed()
    assert not scene.values("comment-2").get("Timecode")
    retitle(scene, status="failed")
    assert moved(scene.team.succeed()) == {"pushed": 2}
    assert scene.values("comment-1")["Stage"] == scene.values("comment-2")["Stage"] == "Failed"
    assert moved(scene.team.succeed()) == {}
    scene.koko.change("comment-1", timecode=None)
    assert moved(scene.team.succeed()) == {"pushed": 1}
    assert not scene.values("comment-1")["Timecode"], "what is not there any more is cleared"
    assert scene.values("comment-1")["Seconds"] is None
    assert moved(scene.team.succeed()) == {}


def test_what_is_not_mapped_costs_nothing(scene: Scene) -> None:
    map_all(scene)
    scene.koko.comment("comment-1", "Brighter, please")
    scene.team.succeed()
    scene.stand_in.seen.clear()
    retitle(scene, title="Another name")
    assert moved(scene.team.succeed()) == {}
    assert all(one.method != "PUT" for one in scene.stand_in.seen)


def test_tasks_that_were_there_before_get_values(scene: Scene) -> None:
    scene.koko.comment("comment-1", "Brighter, please", timecode=62_500)
    scene.team.succeed()
    scene.map(to("Timecode", "text", "custom", UPPER))
    assert moved(scene.team.succeed()) == {"pushed": 1}
    assert scene.values("comment-1")["Timecode"] == "BRIGHTER, PLEASE @1:02.5"
    scene.map(to("Timecode", "text", "lowercase"))
    scene.team.succeed()
    assert scene.values("comment-1")["Timecode"] == "brighter, please"
    scene.map()
    assert moved(scene.team.succeed()) == {}, "what is not mapped any more stays as it is"


def test_one_value_that_does_not_fit_fails_alone(scene: Scene) -> None:
    scene.map(
        to("Stage", "text", "custom", "function (value) { return value.includes('dark') ? 'Dreadful' : 'Ready' }"),
    )
    scene.koko.comment("comment-1", "so dark")
    scene.koko.comment("comment-2", "so bright")
    job = scene.team.sync()
    assert job["status"] == "partial"
    assert "has no option 'Dreadful'; it has Processing, Ready, Failed" in job["errors"][0]
    assert scene.values("comment-2")["Stage"] == "Ready"
    scene.koko.change("comment-1", text="not so bad")
    scene.team.succeed()
    assert scene.values("comment-1")["Stage"] == "Ready"


def test_a_script_that_throws_fails_the_item(scene: Scene) -> None:
    script = "function (value, item) { if (!value) throw new Error('no timecode on ' + item.id); return value }"
    scene.koko.comment("comment-1", "with one", timecode=1000)
    scene.koko.comment("comment-2", "without")
    scene.team.succeed()
    scene.map(to("Timecode", "timecode", "custom", script))
    job = scene.team.sync()
    assert job["status"] == "partial"
    assert job["errors"] == ["“without”: timecode to Timecode: it threw Error: no timecode on comment-2"]
    assert scene.values("comment-1")["Timecode"] == "0:01"
    entities = {one["entity"]: one for one in job["entities"]}
    assert (entities["tasks"]["pushed"], entities["tasks"]["failed"]) == (1, 1)


def test_a_typo_is_told(scene: Scene) -> None:
    refused = scene.refuse(to("Timecod", "timecode"), to("Seconds", "timcodeSeconds"))
    assert refused.fields == {
        "mappings.1.kokoField": ["a comment has no field 'timcodeSeconds'; did you mean timecodeSeconds or timecode?"]
    }
    refused = scene.refuse(to("Timecod", "timecode"))
    assert "did you mean Timecode?" in refused.fields["mappings.0.externalField"][0]
    assert "cannot be written to" in scene.refuse(to("Votes", "timecode")).message
    assert "Seconds is a number" in scene.refuse(to("Seconds", "timecode")).message


def test_what_changes_there_comes_back_where_nothing_was_transformed(scene: Scene) -> None:
    mapped = scene.map(to("Timecode", "text"))[0]
    assert mapped["direction"] == "both"
    scene.team.succeed("full")
    scene.koko.comment("comment-1", "First words")
    scene.team.succeed()
    assert scene.values("comment-1")["Timecode"] == "First words"
    assert moved(scene.team.succeed()) == {}, "nothing echoes"
    write(scene, "comment-1", "Timecode", "Their words")
    scene.team.succeed()
    assert scene.koko.read("comment-1")["text"] == "Their words"
    assert scene.task("comment-1").title == "Their words", "the task says the same in every place"
    scene.team.succeed()
    assert moved(scene.team.succeed()) == {}
    scene.koko.change("comment-1", text="Our words")
    scene.team.succeed()
    assert scene.values("comment-1")["Timecode"] == "Our words"
    assert moved(scene.team.succeed()) == {}
    assert moved(scene.team.succeed("full")) == {}


def test_a_checkbox_and_resolved_stay_in_step(scene: Scene) -> None:
    if not any(one.name == "Approved" for one in scene.work.projects[scene.case.container].fields):
        refused = scene.refuse(to("Approved", "resolved"))
        assert "there is no field" in refused.message
        return
    assert scene.map(to("Approved", "resolved"))[0]["direction"] == "both"
    scene.team.succeed("full")
    scene.koko.comment("comment-1", "Fix the sound")
    scene.team.succeed()
    write(scene, "comment-1", "Approved", True)
    scene.team.succeed()
    assert scene.koko.read("comment-1")["resolved"] == 1
    assert scene.task("comment-1").done
    scene.team.succeed()
    assert moved(scene.team.succeed()) == {}
    scene.koko.change("comment-1", resolved=0)
    scene.team.succeed()
    assert not scene.values("comment-1")["Approved"]
    assert not scene.task("comment-1").done
    scene.team.succeed()
    assert moved(scene.team.succeed()) == {}


def test_what_cannot_be_undone_is_written_only(scene: Scene) -> None:
    upper, timecode = scene.map(to("Timecode", "text", "uppercase"), to("Seconds", "timecodeSeconds"))
    assert (upper["direction"], timecode["direction"]) == ("toExternal", "toExternal")
    assert "upper case" in upper["reason"]
    assert "from outside" in timecode["reason"]
    scene.koko.comment("comment-1", "Words")
    scene.team.succeed()
    write(scene, "comment-1", "Timecode", "Somebody's own")
    scene.team.succeed()
    assert scene.koko.read("comment-1")["text"] == "Words"
    assert scene.values("comment-1")["Timecode"] == "Somebody's own", "until the comment changes"


def write(scene: Scene, comment_id: str, name: str, value: object) -> None:
    """As somebody at the provider would."""
    task = scene.task(comment_id)
    field = next(one for one in scene.work.projects[task.project].fields if one.name == name)
    scene.work.change(task.id, fields={**task.fields, field.id: value})
