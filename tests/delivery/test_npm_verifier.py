"""Standard Webhooks' own verifier for Node accepts what we send, and nothing else."""

import base64
import json
import subprocess

from tests.client.node import installed
from tests.delivery.conftest import Publishing
from tests.delivery.receiver import Received, Receiver

VERIFY = """
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";
const cases = JSON.parse(readFileSync(0, "utf8"));
const verdicts = cases.map(({ secret, format, body, headers }) => {
  try {
    return new Webhook(secret, { format }).verify(body, headers).event;
  } catch (error) {
    return error.constructor.name;
  }
});
console.log(JSON.stringify(verdicts));
"""


def case(received: Received, secret: str, **changes: object) -> dict[str, object]:
    headers = {name: value for name, value in received.headers.items() if name.startswith("webhook-")}
    text = {"secret": secret, "format": "" if secret.startswith("whsec_") else "raw", "body": received.body.decode()}
    return {**text, "headers": headers, **changes}


def verdicts(cases: list[dict[str, object]]) -> list[str]:
    done = subprocess.run(
        ["node", "--input-type=module", "-e", VERIFY],
        cwd=installed(),
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: list[str] = json.loads(done.stdout)
    return found


def test_accepts_and_refuses(publishing: Publishing, receiver: Receiver) -> None:
    integration_id, old = publishing.create(receiver.url)
    new = publishing.call("integration.rotateSecret", {"integrationId": integration_id})["webhookSecret"]
    publishing.publish("event_1")
    [first] = receiver.wait()
    _, own = publishing.create(receiver.url, secret="a-secret-of-my-own-0123456789")
    publishing.publish("event_2")
    second = next(one for one in receiver.wait(3) if one.json()["webhookId"] != integration_id)
    stranger = "whsec_" + base64.b64encode(b"somebody else's secret..").decode()
    late = {**first.headers, "webhook-timestamp": str(int(first.headers["webhook-timestamp"]) - 301)}
    assert (
        verdicts(
            [
                case(first, old),
                case(first, new),
                case(second, own),
                case(first, stranger),
                case(first, new, body=first.body.decode().replace("Great", "Awful")),
                case(first, new, headers=late),
            ]
        )
        == ["comment.created"] * 3 + ["WebhookVerificationError"] * 3
    )
