"""Names that somebody typed stay where they are put in a URL."""

import pytest
import requests

from providers.asana import Asana
from providers.figma import Figma
from providers.google_drive import GoogleDrive
from providers.jira import Jira
from providers.kit.base import PushesItems
from providers.kit.connection import Connection, Credentials
from providers.kit.egress import EgressGuard
from providers.kit.errors import Missing
from providers.kit.http import HttpClient
from providers.kit.items import Entity, Pull
from providers.kit.paths import segment, segments
from providers.notion import Notion
from providers.trello import Trello

ELSEWHERE = ("", ".", "..")
NAMED = [
    (Asana, "projects"),
    (Trello, "projects"),
    (Trello, "tasks"),
    (Notion, "projects"),
    (Notion, "tasks"),
    (Jira, "projects"),
    (Figma, "files"),
]


@pytest.mark.parametrize("name", ["../users/me", "a/../../b", "a?b#c", "100%", "é", "a b", "%2e%2e"])
def test_a_name_is_one_segment(name: str) -> None:
    url = requests.Request("GET", f"https://api.example.com/1/{segment(name)}/tail").prepare().url
    assert url is not None
    assert url.count("/") == 5
    assert url.startswith("https://api.example.com/1/")
    assert not {"?", "#"} & set(url)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_names_that_lead_elsewhere(name: str) -> None:
    for path in (name, f"a/{name}", f"{name}/a"):
        with pytest.raises(Missing):
            segments(path)
    with pytest.raises(Missing):
        segment(name)


def test_a_path_keeps_its_slashes() -> None:
    assert segments("Rushes/Day 1/50%") == "Rushes/Day%201/50%25"


@pytest.mark.parametrize("name", ELSEWHERE)
@pytest.mark.parametrize(("provider", "entity"), NAMED)
def test_a_mapped_project_leads_nowhere_else(
    provider: type[Asana | Trello | Notion | Jira | Figma], entity: Entity, name: str
) -> None:
    """Nothing is sent: sockets are closed here."""
    there = Connection(credentials=Credentials(access_token="token"), config={"cloudId": "cloud"})
    asked = provider(HttpClient(EgressGuard()))
    with pytest.raises(Missing):
        asked.pull(there, Pull(entity=entity, container=name))
    if isinstance(asked, PushesItems):
        with pytest.raises(Missing):
            asked.update_comment(there, "project", "task", name, "text")


def test_a_folder_leads_nowhere_else() -> None:
    there = Connection(credentials=Credentials(access_token="token"))
    with pytest.raises(Missing, match="check syncFolder"):
        GoogleDrive(HttpClient(EgressGuard())).pull(there, Pull(entity="files", container=".."))
