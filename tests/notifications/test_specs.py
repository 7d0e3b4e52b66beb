"""What is posted and answered, against the providers' own API descriptions, where they are beside the checkout."""

import re

import pytest
import yaml

from tests.connections.test_specs import CASES as DESCRIPTIONS
from tests.connections.test_specs import FOLDER, check_all, find_operation, resolve
from tests.files.test_specs import check_body
from tests.notifications.channels import COMMENT, Channels
from tests.notifications.test_messages import HOSTILE
from tests.sync.team import VIDEO

pytestmark = pytest.mark.skipif(
    not FOLDER.exists(), reason="the providers' API descriptions are not beside this checkout"
)
BY_SLUG = {slug: (name, stand_in, prefix) for slug, name, stand_in, prefix in DESCRIPTIONS}


@pytest.mark.parametrize("kind", ["slack", "teams", "discord", "forum"])
def test_messages_and_replies(channels: Channels, kind: str) -> None:
    channels.sandbox.discord.is_forum = kind == "forum"
    channel = channels.join("discord" if kind == "forum" else kind)
    name, stand_in, prefix = BY_SLUG[channel.slug]
    witness = getattr(channels.sandbox, stand_in)
    witness.seen.clear()
    for text in ("First", HOSTILE, "x" * 100_000):
        channels.koko.change(COMMENT, text=text)
        channels.tell(channel)
    channels.tell(channel, "video.uploaded", data={"video": {"id": VIDEO}})
    channels.share(channel, message=HOSTILE)
    spec = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    for seen in witness.seen:
        if "json" in seen.headers.get("content-type", ""):
            check_body(spec, re.sub(f"^{prefix}", "", seen.path), seen.method, seen.data)
    # In a forum the first message and the shared video are refused once, as they name no thread.
    refused = [seen for seen in witness.seen if seen.status == 400]
    assert len(refused) == (2 if kind == "forum" else 0)
    witness.seen = [seen for seen in witness.seen if seen not in refused]
    assert check_all(spec, witness, prefix) == 5


def test_arguments_of_slacks_form(channels: Channels) -> None:
    channel = channels.join("slack")
    channels.tell(channel)
    channels.tell(channel)
    spec = yaml.safe_load((FOLDER / "slack.yaml").read_text())
    operation = find_operation(spec, "/chat.postMessage", "POST")
    assert operation is not None
    body = resolve(spec, operation["requestBody"])["content"]["application/x-www-form-urlencoded"]["schema"]
    sent = [seen.data for seen in channels.sandbox.slack.requests_to("/api/chat.postMessage")]
    assert set(sent[1]) <= set(body["properties"])
    assert set(sent[1]) - set(sent[0]) == {"thread_ts"}
