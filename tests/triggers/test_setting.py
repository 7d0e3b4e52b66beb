"""setTriggers: what it takes, keeps and refuses, by name."""

from typing import Any

import pytest

from tests.conftest import TEAM
from tests.delivery.receiver import Receiver
from tests.service import PUBLIC_URL, RpcError
from tests.triggers.studio import CUT, URGENT, Json, Studio, condition, trigger


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
def test_the_whole_list_is_replaced(studio: Studio) -> None:
    first = studio.set(studio.jira, trigger("create_task", {"title": "A"}), trigger("create_task", {"title": "B"}))
    assert [one["action"]["config"]["title"] for one in first] == ["A", "B"]
    listed = studio.call("integration.getTriggers", integrationId=studio.jira)
    assert listed["triggers"] == first
    again = studio.set(studio.jira, first[1], trigger("update_status", {"status": "resolved"}, URGENT))
    assert again[0] == first[1], "what is given with its id keeps it"
    assert again[1]["conditions"] == [URGENT]
    assert studio.set(studio.jira) == []
    assert studio.call("integration.getTriggers", integrationId=studio.jira) == {"triggers": []}


def test_projects_are_known_by_key_and_kept_by_id(studio: Studio) -> None:
    [stored] = studio.set(studio.jira, trigger("create_task", {"projectId": "CUT"}))
    assert stored["action"]["config"]["projectId"] == CUT
    refused = studio.refuse(studio.jira, trigger("create_task", {}), trigger("create_task", {"projectId": "NONE"}))
    assert refused.fields == {
        "triggers.1.action.config.projectId": ["Jira has no such project, or does not show it to this account"]
    }


def wrong(action: str, config: Json, *conditions: Json, **more: Any) -> Json:
    return trigger(action, config, *conditions, **more)


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        (wrong("create_task", {}, event="video.exploded"), "event", "Invalid enum value"),
        (wrong("explode", {}), "action.type", "Invalid enum value"),
        (wrong("create_task", {"titel": "x"}), "action.config.titel", "There is no such setting"),
        (wrong("create_task", {"title": 5}), "action.config.title", "Expected string, received number"),
        (wrong("create_task", {"title": "a\n {% if x %}"}), "action.config.title", "line 2, column 2: Statements"),
        (wrong("create_task", {"integrationId": "int_x"}), "action.config.integrationId", "There is no such integ"),
        (wrong("send_notification", {"message": "x"}), "action.type", "Jira posts no messages; name an integration"),
        (wrong("update_status", {}), "action.config.status", "Required"),
        (wrong("webhook", {}), "action.config.url", "Required"),
        (wrong("webhook", {"url": "ftp://a.test"}), "action.config.url", "Invalid url"),
        (wrong("webhook", {"url": "https://10.0.0.1/x"}), "action.config.url", ""),
        (wrong("webhook", {"url": f"{PUBLIC_URL}/rpc"}), "action.config.url", "the trigger would call itself"),
        (wrong("webhook", {"url": "http://localhost:8400/rpc"}), "action.config.url", "the trigger would call itself"),
        (wrong("webhook", {"url": "http://[::1]:8400/"}), "action.config.url", "the trigger would call itself"),
        (
            wrong("webhook", {"url": f"{PUBLIC_URL.upper().replace('HTTPS', 'http')}./rpc"}),
            "action.config.url",
            "the trigger would call itself",
        ),
        (
            wrong("webhook", {"url": "https://a.test", "headers": {"Host": "b"}}),
            "action.config.headers.Host",
            "Is set by Koko",
        ),
        (wrong("webhook", {"url": "https://a.test", "secret": "short"}), "action.config.secret", "Expected 16 to 256"),
        (
            wrong("webhook", {"url": "https://a.test", "body": {"a": ["{{ x() }}"]}}),
            "action.config.body.a.0",
            "line 1, column 1",
        ),
        (wrong("webhook", {"url": "••••test"}), "action.config.url", "Invalid url"),
        (
            wrong("webhook", {"url": "https://a.test", "headers": {"X-A": "••••1234"}}),
            "action.config.headers.X-A",
            "This is the masked value that we show",
        ),
        (wrong("create_task", {}, condition("a..b", "equals", 1)), "conditions.0.field", "Expected names with dots"),
        (wrong("create_task", {}, condition("a", "like", 1)), "conditions.0.operator", "Invalid enum value"),
        (
            wrong("create_task", {}, URGENT, condition("a", "greater_than", "x")),
            "conditions.1.value",
            "greater_than compares numbers and ISO 8601 times, such as 10 or 2025-01-31; received string",
        ),
        (wrong("create_task", {}, condition("a", "contains", [])), "conditions.0.value", "contains looks for"),
        (wrong("create_task", {}, {"field": "a", "operator": "equals"}), "conditions.0.value", "Required"),
        (wrong("create_task", {}, *[URGENT] * 51), "conditions", "Array must contain 0 to 50 element(s)"),
        (wrong("create_task", {}) | {"id": "trg_unknown"}, "id", "This integration has no such trigger"),
    ],
)
def test_what_is_wrong_is_named(studio: Studio, given: Json, field: str, said: str) -> None:
    refused = studio.refuse(studio.jira, trigger("create_task", {}), given)
    assert refused.code == "BAD_REQUEST"
    assert list(refused.fields) == [f"triggers.1.{field}"]
    assert said in refused.fields[f"triggers.1.{field}"][0]
    assert studio.call("integration.getTriggers", integrationId=studio.jira) == {"triggers": []}


def test_everything_that_is_wrong_is_named_at_once(studio: Studio) -> None:
    one = trigger("create_task", {"title": "{{"}, condition("a", "less_than", "b"))
    other = trigger("webhook", {"url": "http://127.0.0.1:8400", "more": 1})
    assert list(studio.refuse(studio.jira, one, other).fields) == [
        "triggers.0.conditions.0.value",
        "triggers.0.action.config.title",
        "triggers.1.action.config.more",
    ]


def test_an_integration_of_another_team_is_none(studio: Studio) -> None:
    theirs = studio.service.call(
        "integration.connect", {"teamId": "team-2", "provider": "make"}, token=studio.people.stranger
    )
    refused = studio.refuse(
        studio.zapier, trigger("create_task", {"integrationId": theirs["integration"]["id"], "title": "x"})
    )
    assert list(refused.fields) == ["triggers.0.action.config.integrationId"]


def test_too_many(studio: Studio) -> None:
    small = {"event": "video.created", "conditions": [], "action": {"type": "webhook", "config": {}}}
    refused = studio.refuse(studio.zapier, *[small] * 10_000)
    assert (refused.code, refused.fields) == (
        "BAD_REQUEST",
        {"triggers": ["Array must contain 0 to 1000 element(s)"]},
    )
    hosts = [trigger("webhook", {"url": f"http://127.0.0.1:{port}/"}) for port in range(2000, 2051)]
    assert "50 hosts" in studio.refuse(studio.zapier, *hosts).fields["triggers"][0]


def test_a_thousand_are_not_too_many(studio: Studio) -> None:
    given = [trigger("create_task", {"projectId": "CUT"}, URGENT) for _ in range(1000)]
    assert len(studio.set(studio.jira, *given)) == 1000


def test_secrets_are_masked_and_kept(studio: Studio, receiver: Receiver) -> None:
    config = {"url": receiver.url, "headers": {"X-Token": "canary-header-token"}, "secret": "whsec-canary-0123456789"}
    [stored] = studio.set(studio.zapier, trigger("webhook", config))
    shown = stored["action"]["config"]
    assert shown == {"url": "••••oken", "headers": {"X-Token": "••••oken"}, "secret": "••••6789"}
    changed = stored | {"action": {"type": "webhook", "config": shown | {"body": {"text": "hi"}}}}
    studio.set(studio.zapier, changed)
    event_id = studio.react(studio.comment("x"))
    assert studio.runs(event_id) == ["succeeded"]
    [received] = receiver.received
    assert (received.json()["text"], received.headers["x-token"]) == ("hi", "canary-header-token")
    without_id = {name: value for name, value in changed.items() if name != "id"}
    assert studio.refuse(studio.zapier, without_id).code == "BAD_REQUEST"


@pytest.mark.parametrize("method", ["integration.setTriggers", "integration.testTriggers", "integration.getTriggers"])
def test_admins_alone(studio: Studio, method: str) -> None:
    params = {"integrationId": studio.zapier, "triggers": [], "event": {"type": "video.created", "data": {}}}
    for token, code in ((studio.people.member, "FORBIDDEN"), (studio.people.stranger, "NOT_FOUND")):
        with pytest.raises(RpcError) as refused:
            studio.service.call(method, params, token=token)
        assert refused.value.code == code
    studio.service.call(method, params, token=studio.people.owner)


def test_triggers_outlive_a_reconnection(studio: Studio) -> None:
    studio.set(studio.zapier, trigger("webhook", {"url": "http://127.0.0.1:9/"}))
    studio.call("integration.disconnect", integrationId=studio.zapier)
    event_id = studio.react(studio.comment("x"))
    assert (studio.runs(event_id), studio.log(studio.zapier, action="webhook")) == ([], [])
    assert studio.call("integration.connect", teamId=TEAM, provider="zapier")["integration"]["id"] == studio.zapier
    assert len(studio.call("integration.getTriggers", integrationId=studio.zapier)["triggers"]) == 1
