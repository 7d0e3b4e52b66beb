"""webhook: posts the event, or a body of the team's own, to an address."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

from koko_integrations.clock import Clock
from koko_integrations.delivery.destination import Destination
from koko_integrations.delivery.poster import Poster
from koko_integrations.delivery.senders import post_signed
from koko_integrations.delivery.signing import Secret
from koko_integrations.rpc.fields import Anything, RecordOf, Text, Url
from koko_integrations.rpc.wire import dump
from koko_integrations.triggers.actions.action import Action, Config, Outcome, Plan, Scene, failed, missing_names
from koko_integrations.triggers.actions.refusals import later
from koko_integrations.triggers.templates import compile_template


class WebhookConfig(Config):
    url = Url(required=True)
    headers = RecordOf(Text())
    secret = Text()
    body = Anything()


class Webhook(Action):
    name = "webhook"
    schema = WebhookConfig()
    secrets = ("url", "headers", "secret")

    def __init__(self, clock: Clock, poster: Poster) -> None:
        self._clock = clock
        self._poster = poster

    def templates(self, config: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
        yield from _texts("body", config.get("body"), in_json=True)

    async def plan(self, scene: Scene) -> Plan:
        config = scene.config
        body, missing = _body(scene)
        to = Destination(
            url=config["url"],
            headers=config.get("headers") or {},
            secrets=(Secret(config["secret"]),) if "secret" in config else (),
        )
        try:
            shown = orjson.loads(body)
        except orjson.JSONDecodeError:
            said = "body: With the event's values in it this is not JSON"
            return Plan(does={"host": urlsplit(to.url).netloc}, problem=said)

        async def perform() -> Outcome:
            message_id = _message_id(scene)
            posted = await post_signed(self._clock, self._poster.to(to.url), to, message_id, scene.occasion.type, body)
            if posted.verdict == "delivered":
                return Outcome(status="succeeded", result={"httpStatus": posted.http_status})
            if posted.http_status == 429:
                return later(str(posted.error), posted.retry_after_s)
            return failed(str(posted.error))

        return Plan(
            does={"host": urlsplit(to.url).netloc, "body": shown},
            warnings=missing_names(scene, ("body", missing)),
            perform=perform,
        )


def _message_id(scene: Scene) -> str:
    """By which a receiver can tell that it is the same: of this trigger about this event there is no other."""
    told = f"{scene.trigger_id} {scene.occasion.id}"
    return f"msg_{hashlib.sha256(told.encode()).hexdigest()[:32]}"


def _body(scene: Scene) -> tuple[bytes, list[str]]:
    """What is posted, and the names in vain. A text is JSON with values between its quotes, anything else is a value
    whose texts are templates."""
    wanted = scene.config.get("body")
    if wanted is None:
        return dump({**scene.occasion.told(), "data": scene.occasion.data}), []
    missing: list[str] = []
    if isinstance(wanted, str):
        template = compile_template(wanted, in_json=True)
        return template.render(scene.view).encode(), template.missing(scene.view)
    return dump(_filled(wanted, scene.view, missing)), missing


def _filled(value: Any, view: Mapping[str, Any], missing: list[str]) -> Any:
    match value:
        case str():
            template = compile_template(value)
            missing.extend(template.missing(view))
            return template.render(view)
        case list():
            return [_filled(one, view, missing) for one in value]
        case dict():
            return {name: _filled(one, view, missing) for name, one in value.items()}
        case _:
            return value


def _texts(path: str, value: Any, *, in_json: bool = False) -> Iterator[tuple[str, str, bool]]:
    match value:
        case str():
            yield path, value, in_json
        case list():
            for number, one in enumerate(value):
                yield from _texts(f"{path}.{number}", one)
        case dict():
            for name, one in value.items():
                yield from _texts(f"{path}.{name}", one)
