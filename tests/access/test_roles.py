"""Roles and teams: the API document's permissions table, and design.md section 4."""

from typing import Any

import pytest

from tests.conftest import TEAM, People
from tests.service import PROCEDURES, RpcError, Service

ADMIN_ONLY = {
    "integration.configure",
    "integration.connect",
    "integration.disconnect",
    "integration.getLogs",
    "integration.getMetrics",
    "integration.getTriggers",
    "integration.listResources",
    "integration.mapFields",
    "integration.previewMapping",
    "integration.sync",
    "integration.setTriggers",
    "integration.test",
    "integration.testTriggers",
}
MEMBERS = {
    "integration.exportMarkers",
    "integration.getJob",
    "integration.getStatus",
    "integration.list",
    "integration.listJobs",
}
# Those who are in the team; what they share must be the team's: tests/notifications/test_share.py has what that is.
SHARERS = {"integration.share"}
# Members who are owner or editor of a project: tests/transfers/test_import.py has who that is.
EDITORS = {"integration.exportAssets", "integration.importAssets", "integration.listFiles"}
# A member may cancel what they have asked for themselves.
OWN = {"integration.cancelJob"}
# Nobody who signs in: tests/delivery/test_refusals.py, test_hooks.py and test_hook_actions.py have who does.
SERVICES = {"event.publish"}
KEYS = {
    "hook.createComment",
    "hook.createTask",
    "hook.listProjects",
    "hook.listVideos",
    "hook.me",
    "hook.sample",
    "hook.subscribe",
    "hook.unsubscribe",
}
# By a webhook of the team's: tests/delivery/test_refusals.py.
WEBHOOK_ADMIN = {
    "integration.createCustom",
    "integration.getDeliveries",
    "integration.recover",
    "integration.redeliver",
    "integration.rotateSecret",
}
JOB = "job_1"


def params_for(method: str, integration_id: str) -> dict[str, Any]:
    if method == "integration.connect":
        return {"teamId": TEAM, "provider": "make"}
    if method == "integration.listResources":
        return {"integrationId": integration_id, "kind": "channels"}
    if method == "integration.mapFields":
        return {"integrationId": integration_id, "entityType": "comment", "mappings": []}
    if method == "integration.previewMapping":
        mapping = {"kokoField": "text", "externalField": "Text", "transform": "none"}
        return {"integrationId": integration_id, "mappings": [mapping]}
    if method in ("integration.getJob", "integration.cancelJob"):
        return {"jobId": JOB}
    if method == "integration.configure":
        return {"integrationId": integration_id, "config": {}}
    if method == "integration.importAssets":
        return {"integrationId": integration_id, "projectId": "p", "files": [{"externalPath": "/a"}]}
    if method == "integration.exportMarkers":
        return {"integrationId": integration_id, "videoId": "v", "format": "json"}
    if method == "integration.exportAssets":
        return {"integrationId": integration_id, "assetIds": ["a"]}
    if method == "integration.share":
        return {"integrationId": integration_id, "videoId": "v", "channelId": "c"}
    if method == "integration.setTriggers":
        return {"integrationId": integration_id, "triggers": []}
    if method == "integration.testTriggers":
        return {"integrationId": integration_id, "event": {"type": "video.created", "data": {}}}
    return {"teamId": TEAM} if method == "integration.list" else {"integrationId": integration_id}


@pytest.fixture
def integration_id(service: Service, people: People) -> str:
    connected = service.call("integration.connect", {"teamId": TEAM, "provider": "zapier"}, token=people.owner)
    found: str = connected["integration"]["id"]
    add_job(service, JOB, found, requested_by="user:owner")
    service.rows.insert("project", id="p", name="Film", owner_id="owner", status="active")
    service.rows.insert("video", id="v", project_id="p", title="Film", status="ready", fps=25.0, updated_at=0)
    return found


def add_job(service: Service, job_id: str, integration_id: str, *, requested_by: str) -> None:
    """A job that waits for tomorrow."""
    tomorrow = service.clock.now + 86_400_000
    service.rows.insert(
        "job",
        id=job_id,
        integration_id=integration_id,
        kind="sync",
        status="queued",
        cause="manual",
        requested_by=requested_by,
        request_id="r",
        created_at=service.clock.now,
        due_at=tomorrow,
        enqueued_at=service.clock.now,
    )


def test_every_procedure_is_in_the_table() -> None:
    people = ADMIN_ONLY | MEMBERS | SHARERS | EDITORS | OWN | WEBHOOK_ADMIN
    assert people | SERVICES | KEYS | {"rpc.discover"} == set(PROCEDURES)


@pytest.mark.parametrize("method", sorted(ADMIN_ONLY | MEMBERS))
def test_roles(service: Service, people: People, integration_id: str, method: str) -> None:
    params = params_for(method, integration_id)
    with pytest.raises(RpcError) as refused:
        service.call(method, params, token=people.stranger)
    assert refused.value.code == "NOT_FOUND"
    if method in ADMIN_ONLY:
        with pytest.raises(RpcError) as refused:
            service.call(method, params, token=people.member)
        assert (refused.value.code, refused.value.number) == ("FORBIDDEN", -32003)
    else:
        service.call(method, params, token=people.member)
    if method in ("integration.listResources", "integration.sync"):
        # Admitted, and told that Zapier has nothing to choose from, and nothing to sync.
        with pytest.raises(RpcError) as refused:
            service.call(method, params, token=people.admin)
        assert refused.value.code == "BAD_REQUEST"
    else:
        service.call(method, params, token=people.admin)


@pytest.mark.parametrize(
    ("method", "foreign", "unknown"),
    [
        ("integration.list", {"teamId": "team-2"}, {"teamId": "no-such-team"}),
        ("integration.connect", {"teamId": "team-2", "provider": "make"}, {"teamId": "none", "provider": "make"}),
        ("integration.getStatus", {"integrationId": "FOREIGN"}, {"integrationId": "int_unknown"}),
        ("integration.disconnect", {"integrationId": "FOREIGN"}, {"integrationId": "int_unknown"}),
        ("integration.test", {"integrationId": "FOREIGN"}, {"integrationId": "int_unknown"}),
        ("integration.sync", {"integrationId": "FOREIGN"}, {"integrationId": "int_unknown"}),
        ("integration.configure", {"integrationId": "FOREIGN", "config": {}}, {"integrationId": "no", "config": {}}),
        ("integration.getLogs", {"integrationId": "FOREIGN"}, {"integrationId": "int_unknown"}),
        ("integration.getMetrics", {"integrationId": "FOREIGN"}, {"integrationId": "int_unknown"}),
        ("integration.listFiles", {"integrationId": "FOREIGN"}, {"integrationId": "int_unknown"}),
        (
            "integration.exportAssets",
            {"integrationId": "FOREIGN", "assetIds": ["a"]},
            {"integrationId": "int_unknown", "assetIds": ["a"]},
        ),
        (
            "integration.exportMarkers",
            {"integrationId": "FOREIGN", "videoId": "v", "format": "edl"},
            {"integrationId": "int_unknown", "videoId": "v", "format": "edl"},
        ),
        (
            "integration.share",
            {"integrationId": "FOREIGN", "videoId": "v"},
            {"integrationId": "int_unknown", "videoId": "v"},
        ),
        ("integration.listJobs", {"integrationId": "FOREIGN"}, {"integrationId": "int_unknown"}),
        ("integration.getJob", {"jobId": "job_foreign"}, {"jobId": "job_unknown"}),
        ("integration.cancelJob", {"jobId": "job_foreign"}, {"jobId": "job_unknown"}),
        (
            "integration.listResources",
            {"integrationId": "FOREIGN", "kind": "sites"},
            {"integrationId": "int_unknown", "kind": "sites"},
        ),
    ],
)
def test_foreign_and_unknown_ids_look_the_same(
    service: Service, people: People, method: str, foreign: dict[str, Any], unknown: dict[str, Any]
) -> None:
    theirs = service.call("integration.connect", {"teamId": "team-2", "provider": "make"}, token=people.stranger)
    add_job(service, "job_foreign", theirs["integration"]["id"], requested_by="user:stranger")
    answers = []
    for params in (foreign, unknown):
        sent = {name: theirs["integration"]["id"] if v == "FOREIGN" else v for name, v in params.items()}
        with pytest.raises(RpcError) as refused:
            service.call(method, sent, token=people.admin)
        answers.append((refused.value.number, refused.value.message, refused.value.data))
    assert answers[0] == answers[1]
    assert answers[0][0] == -32004


def test_deleted_team_does_not_exist(service: Service, people: People, integration_id: str) -> None:
    service.rows.query("UPDATE team SET deleted_at = 1 WHERE id = ?", TEAM)
    for method in sorted(ADMIN_ONLY | MEMBERS | SHARERS | EDITORS | OWN):
        with pytest.raises(RpcError) as refused:
            service.call(method, params_for(method, integration_id), token=people.owner)
        assert refused.value.code == "NOT_FOUND"


def test_demoted_admin_is_refused_on_the_next_call(service: Service, people: People, integration_id: str) -> None:
    service.call("integration.test", {"integrationId": integration_id}, token=people.admin)
    service.rows.query("UPDATE team_member SET role = 'member' WHERE user_id = ?", "admin")
    with pytest.raises(RpcError) as refused:
        service.call("integration.test", {"integrationId": integration_id}, token=people.admin)
    assert refused.value.code == "FORBIDDEN"
    service.rows.query("DELETE FROM team_member WHERE user_id = ?", "admin")
    with pytest.raises(RpcError) as refused:
        service.call("integration.getStatus", {"integrationId": integration_id}, token=people.admin)
    assert refused.value.code == "NOT_FOUND"


def test_a_member_cancels_what_they_asked_for_themselves(service: Service, people: People, integration_id: str) -> None:
    with pytest.raises(RpcError) as refused:
        service.call("integration.cancelJob", {"jobId": JOB}, token=people.stranger)
    assert refused.value.code == "NOT_FOUND"
    with pytest.raises(RpcError) as refused:
        service.call("integration.cancelJob", {"jobId": JOB}, token=people.member)
    assert refused.value.code == "FORBIDDEN"
    add_job(service, "job_theirs", integration_id, requested_by="user:member")
    for job_id, token in (("job_theirs", people.member), (JOB, people.admin)):
        cancelled = service.call("integration.cancelJob", {"jobId": job_id}, token=token)["job"]
        assert cancelled["status"] == "cancelled"
        with pytest.raises(RpcError) as refused:
            service.call("integration.cancelJob", {"jobId": job_id}, token=token)
        assert refused.value.code == "PRECONDITION_FAILED"
