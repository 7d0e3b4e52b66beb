"""What a sync asks and is answered, against the providers' own API descriptions, where they are beside the checkout."""

import pytest
import yaml

from sandbox.stand_ins import Sandbox
from tests.conftest import People
from tests.connections.test_specs import CASES as DESCRIPTIONS
from tests.connections.test_specs import FOLDER, check_all
from tests.service import Service
from tests.sync.cases import CASES, Case
from tests.sync.team import PROJECT, join

pytestmark = pytest.mark.skipif(
    not FOLDER.exists(), reason="the providers' API descriptions are not beside this checkout"
)

BY_SLUG = {slug: (name, prefix) for slug, name, _, prefix in DESCRIPTIONS}
DESCRIBED = [case for case in CASES if case.slug in BY_SLUG]
# Trello's description leaves out what its guides document: nested resources, and the paging of lists.
DOCUMENTED = {
    "trello": frozenset(
        "filter fields limit before since attachments attachment_fields members member_fields cards_modifiedSince"
        " card_fields card_attachments card_attachment_fields card_members card_member_fields actions_since"
        " actions_limit customFieldItems card_customFieldItems".split()
    )
}


@pytest.mark.parametrize("case", DESCRIBED, ids=[case.slug for case in DESCRIBED])
def test_sync(service: Service, people: People, sandbox: Sandbox, case: Case) -> None:
    name, prefix = BY_SLUG[case.slug]
    spec = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    team = join(service, people, sandbox, case.slug)
    team.configure(projectMapping={PROJECT: case.container})
    mapped = [
        {"kokoField": "text", "externalField": "Timecode"},
        {"kokoField": "createdAt", "externalField": "Noted on"},
    ]
    params = {"integrationId": team.target, "entityType": "comment", "mappings": mapped}
    service.call("integration.mapFields", params, token=people.admin)
    team.koko.comment("comment-1", "A task", timecode=1_000)
    team.koko.comment("reply-1", "A reply", parent_id="comment-1")
    team.succeed("full")
    case.work(sandbox).change(team.linked("comment-1"), title="Renamed")
    team.succeed()
    team.koko.change("comment-1", text="Reworded", resolved=1)
    team.koko.change("reply-1", text="Reworded too")
    team.succeed()
    team.koko.change("comment-1", resolved=0)
    team.succeed()
    checked = check_all(spec, case.stand_in(sandbox), prefix, DOCUMENTED.get(case.slug, frozenset()))
    assert checked > 10
