"""What is asked for webhooks, and answered, against the providers' own API descriptions, where they are beside the
checkout."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
import yaml

from providers.figma import Figma
from providers.google_drive import GoogleDrive
from providers.jira import Jira
from providers.kit.base import ConnectsByOAuth
from providers.onedrive import OneDrive
from providers.teams import Teams
from providers.trello import Trello
from sandbox.atlassian import SITES
from sandbox.figma import FILE
from sandbox.kit.notifying import Got, Message
from sandbox.kit.oauth import AuthorizationServer
from sandbox.stand_ins import Sandbox
from sandbox.trello import BOARDS
from tests.connections.test_specs import CASES as DESCRIPTIONS
from tests.connections.test_specs import FOLDER, check_all, find_operation
from tests.files.test_specs import check_body, check_value
from tests.inbound.providers.receiver import connect, made, receiving

pytestmark = pytest.mark.skipif(
    not FOLDER.exists(), reason="the providers' API descriptions are not beside this checkout"
)


@dataclass(frozen=True)
class Case:
    provider: type[ConnectsByOAuth]
    oauth: Callable[[Sandbox], AuthorizationServer]
    target: str
    config: dict[str, Any]


CASES = [
    Case(Jira, lambda s: s.atlassian.jira, "10000", {"cloudId": SITES[0]["id"]}),
    Case(Trello, lambda s: s.atlassian.trello, next(iter(BOARDS)), {}),
    Case(GoogleDrive, lambda s: s.google.oauth, "", {}),
    Case(OneDrive, lambda s: s.microsoft.oauth, "", {}),
    Case(Teams, lambda s: s.microsoft.oauth, "team-a", {}),
    Case(Figma, lambda s: s.figma.oauth, FILE, {}),
]


@pytest.mark.parametrize("case", CASES, ids=[case.provider.manifest.slug for case in CASES])
def test_subscribing(sandbox: Sandbox, case: Case) -> None:
    slug = case.provider.manifest.slug
    name, stand_in, prefix = next(found[1:] for found in DESCRIPTIONS if found[0] == slug)
    spec = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    provider = made(sandbox, case.provider, case.oauth(sandbox))
    connection = connect(case.oauth(sandbox), case.provider, **case.config)
    with receiving(provider) as receiver:
        subscription = provider.subscribe(connection, receiver.address, case.target)
        subscription = provider.renew(connection, receiver.address, case.target, subscription)
        provider.unsubscribe(connection, case.target, subscription)
        getattr(sandbox, stand_in).notifier.settle()
    witness = getattr(sandbox, stand_in)
    for seen in witness.seen:
        path = re.sub(f"^{prefix}", "", seen.path)
        assert find_operation(spec, path, seen.method) is not None, f"{seen.method} {path}"
        check_body(spec, path, seen.method, seen.data)
    assert check_all(spec, witness, prefix) == len(witness.seen) >= 3


def test_figmas_messages(sandbox: Sandbox) -> None:
    """The description says what is sent to us, too."""
    spec = yaml.safe_load((FOLDER / "figma.yaml").read_text())
    provider = made(sandbox, Figma, sandbox.figma.oauth)
    sent: list[Message] = []

    def carry(message: Message) -> Got:
        sent.append(message)
        return Got(200)

    sandbox.figma.notifier.carry = carry
    with receiving(provider) as receiver:
        provider.subscribe(connect(sandbox.figma.oauth, Figma), receiver.address, FILE)
    sandbox.figma.change(FILE, "Renamed")
    sandbox.figma.comment(FILE, "Grace", "Look")
    sandbox.figma.delete(FILE)
    sandbox.figma.notifier.settle()
    schemas = ["WebhookPingPayload"] * 2 + ["WebhookFileUpdatePayload", "WebhookFileCommentPayload"]
    for message, schema in zip(sent, [*schemas, "WebhookFileDeletePayload"], strict=True):
        check_value(spec, schema, {"$ref": f"#/components/schemas/{schema}"}, orjson.loads(message.body))
