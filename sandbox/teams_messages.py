"""Messages in Teams: through Graph, and through a workflow.

Source: learn.microsoft.com/graph/api/{channel-post-messages,chatmessage-post-replies}, learn.microsoft.com/
microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using, adaptivecards.io/explorer.
"""

import itertools
import re
from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.messages import Message, Messages
from sandbox.kit.oauth import Token
from sandbox.teams import JoinedTeams

WORKFLOWS = "https://prod-01.westeurope.logic.azure.com"
WORKFLOW_PATH = "/workflows/sandbox/triggers/manual/paths/invoke"
SIGNATURE = "sandbox-signature-of-the-reviews-workflow"
WORKFLOW_URL = f"{WORKFLOWS}{WORKFLOW_PATH}?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={SIGNATURE}"
CARD = "application/vnd.microsoft.card.adaptive"
SIZE_MAX = 28 * 1024
_MARKDOWN_LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
_MENTION = re.compile(r"<at[^>]*>(.*?)</at>")


class BadCardError(Exception):
    """Not a card that Teams shows."""


class TeamsMessages:
    """`refuse` makes an error answer of a status and a code. A deleted workflow is `gone`."""

    def __init__(
        self,
        teams: JoinedTeams,
        find_token: Callable[[Request], Token | None],
        refuse: Callable[[int, str], Response],
    ) -> None:
        self._teams = teams
        self._find_token = find_token
        self._refuse = refuse
        self.messages = Messages("Microsoft Teams")
        self.reset()

    def reset(self) -> None:
        self.messages.reset()
        self.gone = False
        self._numbers = itertools.count(1_700_000_000_001)

    def routes(self) -> list[BaseRoute]:
        messages = "/v1.0/teams/{team}/channels/{channel}/messages"
        return [
            Route(messages, self._post, methods=["POST"]),
            Route(messages + "/{message}/replies", self._post, methods=["POST"]),
            Route(WORKFLOW_PATH, self._run, methods=["POST"]),
            *self.messages.routes(),
        ]

    async def _post(self, request: Request) -> Response:
        token = self._find_token(request)
        if token is None:
            return self._refuse(401, "InvalidAuthenticationToken")
        if "ChannelMessage.Send" not in token.scopes:
            return self._refuse(403, "Forbidden")
        team = self._teams.teams.get(request.path_params["team"])
        channels = {} if team is None else {channel.id: channel for channel in team.channels}
        channel = channels.get(request.path_params["channel"])
        if team is None or channel is None:
            return self._refuse(404, "NotFound")
        if channel.archived or team.archived:
            return self._refuse(403, "Forbidden")
        name, thread = f"{team.name} / {channel.name}", request.path_params.get("message")
        if thread is not None and self.messages.find(name, thread) is None:
            return self._refuse(404, "NotFound")
        raw = await request.body()
        if _size(raw) > SIZE_MAX:
            return self._refuse(413, "RequestEntityTooLarge")
        try:
            body = orjson.loads(raw)
            message = self._message(name, thread, _card_of(body), body)
        except (BadCardError, orjson.JSONDecodeError):
            return self._refuse(400, "BadRequest")
        told = {name: body[name] for name in ("body", "attachments", "summary") if name in body}
        made = {"id": message.id, "replyToId": thread, "messageType": "message", "importance": "normal"}
        return JSONResponse(made | {"createdDateTime": "2026-11-24T00:00:00Z", "locale": "en-us"} | told, 201)

    async def _run(self, request: Request) -> Response:
        if self.gone:
            return JSONResponse({"error": {"code": "WorkflowNotFound", "message": "Not there."}}, 404)
        if request.query_params.get("sig") != SIGNATURE:
            return JSONResponse({"error": {"code": "DirectApiAuthorizationRequired", "message": "No."}}, 401)
        raw = await request.body()
        if _size(raw) > SIZE_MAX:
            return JSONResponse({"error": {"code": "RequestEntityTooLarge", "message": "Too large."}}, 413)
        body = orjson.loads(raw)
        attachments = body.get("attachments") if body.get("type") == "message" else None
        # What the workflow cannot show it drops, and nobody is told: it has been accepted by then.
        if attachments and attachments[0].get("contentType") == CARD:
            self._message("A workflow's channel", None, attachments[0]["content"], body)
        return Response(status_code=202)

    def _message(self, channel: str, thread: str | None, card: Any, raw: Any) -> Message:
        lines, links, notified = _read(card)
        message = Message(
            id=str(next(self._numbers)),
            channel=channel,
            thread=thread,
            lines=lines,
            links=links,
            notified=notified,
            raw=raw,
        )
        self.messages.add(message)
        return message


def _size(raw: bytes) -> int:
    return len(raw.decode().encode("utf-16-le"))


def _card_of(body: Any) -> Any:
    """The card of a chatMessage, which the message's HTML has to name. Raises BadCardError."""
    attachments = body.get("attachments") or []
    if body.get("body", {}).get("contentType") != "html" or len(attachments) != 1:
        raise BadCardError
    attachment = attachments[0]
    named = f'<attachment id="{attachment.get("id")}"></attachment>'
    if named not in body["body"]["content"] or attachment.get("contentType") != CARD:
        raise BadCardError
    if not isinstance(attachment.get("content"), str):
        raise BadCardError
    return orjson.loads(attachment["content"])


def _read(card: Any) -> tuple[list[str], list[tuple[str, str]], list[str]]:
    """Lines, links and mentions of a card. Markdown is read in a TextBlock and in facts, not in a TextRun."""
    if card.get("type") != "AdaptiveCard" or card.get("version") not in ("1.2", "1.3", "1.4", "1.5"):
        raise BadCardError
    lines: list[str] = []
    links: list[tuple[str, str]] = []
    for element in card["body"]:
        match element["type"]:
            case "RichTextBlock":
                runs = [run if isinstance(run, str) else run["text"] for run in element["inlines"]]
                if not runs or not all(isinstance(run, str) and run for run in runs):
                    raise BadCardError
                lines.append("".join(runs))
            case "TextBlock":
                lines.append(element["text"])
                links += _MARKDOWN_LINK.findall(element["text"])
            case _:
                raise BadCardError
    for action in card.get("actions", []):
        if action["type"] != "Action.OpenUrl" or not action["url"].startswith(("https://", "http://")):
            raise BadCardError
        links.append((action["title"], action["url"]))
    entities = card.get("msteams", {}).get("entities", [])
    notified = [entity["text"] for entity in entities if _MENTION.search(entity["text"])]
    return lines, links, notified
