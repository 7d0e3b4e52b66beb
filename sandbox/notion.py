"""Notion, API version 2025-09-03. Source: developers.notion.com/reference, makenotion/notion-sdk-js."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.notifying import Notifier
from sandbox.kit.notion.pages import DataSource, Pages, furnish
from sandbox.kit.notion.shapes import (
    BOT_NAME,
    matches,
    order_of,
    read_properties,
    show_block,
    show_comment,
    show_page,
    show_source,
)
from sandbox.kit.notion.webhooks import Portal
from sandbox.kit.notion.wire import Json, Refusal, invalid, list_page, not_found, only, plain, read_runs
from sandbox.kit.oauth import AuthorizationServer, read_basic, read_bearer
from sandbox.kit.stand_in import Clock, StandIn
from sandbox.kit.work import Comment, Task

VERSION = "2025-09-03"
CAPABILITIES = frozenset({"read content", "insert content", "update content", "read comments", "insert comments"})
BOT_ID = "bot-1"
PAGE_PARAMS = ("start_cursor", "page_size")


class NotionStandIn(StandIn):
    """`capabilities` are what the operator has switched on for the app, `most_results` where a query ends."""

    slug = "notion"
    origins = ("https://api.notion.com",)

    def __init__(self, clock: Clock) -> None:
        self.oauth = AuthorizationServer(
            clock=clock,
            provider="Notion",
            account="Sandbox Workspace",
            client_id="sandbox-notion",
            client_secret="sandbox-notion-client-secret",
            client_auth="basic",
            encoding="json",
            omits=("expires_in", "scope"),
            refuse=_refuse,
            succeed=lambda _: {
                "bot_id": BOT_ID,
                "workspace_id": "workspace-1",
                "workspace_name": "Sandbox Workspace",
                "owner": {"type": "workspace"},
                "duplicated_template_id": None,
            },
        )
        self.notifier = Notifier()
        self.portal = Portal(clock, self.notifier, BOT_ID)
        self.work = Pages(clock, first_id=7_000_000)
        self.work.listeners.append(self.portal.told)
        super().__init__(clock)
        self._furnish()

    def _furnish(self) -> None:
        self.capabilities = CAPABILITIES
        self.most_results = 10_000
        self._signatures = itertools.count()
        furnish(self.work)

    def routes(self) -> list[BaseRoute]:
        def api(
            method: str, path: str, capability: str | None, answer: Callable[[Request], Any], *params: str
        ) -> Route:
            async def endpoint(request: Request) -> Response:
                try:
                    self._admit(request, capability, params)
                    return JSONResponse(await answer(request))
                except Refusal as refusal:
                    return _error(refusal.status, refusal.code, refusal.message)

            return Route(f"/v1{path}", endpoint, methods=[method])

        return [
            Route("/v1/oauth/authorize", self.oauth.authorize, methods=["GET", "POST"]),
            Route("/v1/oauth/token", self.oauth.token, methods=["POST"]),
            Route("/v1/oauth/revoke", self._revoke, methods=["POST"]),
            api("GET", "/users/me", None, self._me),
            api("POST", "/search", "read content", self._search),
            api("GET", "/databases/{id}", "read content", self._database),
            api("GET", "/data_sources/{id}", "read content", self._data_source),
            api("POST", "/data_sources/{id}/query", "read content", self._query),
            api("POST", "/pages", "insert content", self._create_page),
            api("GET", "/pages/{id}", "read content", self._page),
            api("PATCH", "/pages/{id}", "update content", self._update_page),
            api("GET", "/blocks/{id}/children", "read content", self._children, *PAGE_PARAMS),
            api("PATCH", "/blocks/{id}/children", "insert content", self._append),
            api("PATCH", "/blocks/{id}", "update content", self._update_block),
            api("GET", "/comments", "read comments", self._comments, "block_id", *PAGE_PARAMS),
            api("POST", "/comments", "insert comments", self._create_comment),
            api("PATCH", "/comments/{id}", "insert comments", self._update_comment),
        ]

    def announcement(self) -> dict[str, dict[str, Any]]:
        return {self.slug: self.oauth.announcement()}

    def reset(self) -> None:
        super().reset()
        self.notifier.reset()
        self.portal.forget()
        self.oauth.reset()
        self.work.reset()
        self._furnish()

    def _admit(self, request: Request, capability: str | None, params: Sequence[str]) -> None:
        if request.headers.get("notion-version") != VERSION:
            raise Refusal(400, "missing_version", f"Notion-Version header should be {VERSION}")
        if self.oauth.find_live(read_bearer(request)) is None:
            raise Refusal(401, "unauthorized", "API token is invalid.")
        if capability is not None and capability not in self.capabilities:
            raise Refusal(403, "restricted_resource", "Insufficient permissions for this endpoint.")
        if not set(request.query_params) <= set(params):
            raise invalid("query failed validation: there is a parameter that is not known here")

    async def _revoke(self, request: Request) -> Response:
        if read_basic(request) != (self.oauth.client_id, self.oauth.client_secret):
            return _refuse("invalid_client")
        self.oauth.revoke(orjson.loads(await request.body()).get("token"))
        return JSONResponse({"request_id": "sandbox"})

    async def _me(self, request: Request) -> Json:
        bot = {"owner": {"type": "workspace", "workspace": True}, "workspace_name": "Sandbox Workspace"}
        return {"object": "user", "id": BOT_ID, "type": "bot", "name": BOT_NAME, "bot": bot}

    async def _search(self, request: Request) -> Json:
        body = only(await _json(request), "query", "sort", "filter", *PAGE_PARAMS)
        if only(body.get("filter", {}), "property", "value").get("value") != "data_source":
            raise invalid("the sandbox searches for data sources only")
        found = [show_source(self.work.source(one)) for one in self.work.projects]
        # One a page, so that whoever asks has to turn pages.
        return list_page(found, {**body, "page_size": 1}, "page_or_data_source")

    async def _database(self, request: Request) -> Json:
        database = request.path_params["id"]
        sources = [one for one in map(self.work.source, self.work.projects) if one.database == database]
        if not sources:
            raise not_found(f"database with ID: {database}")
        return {
            "object": "database",
            "id": database,
            "title": [],
            "data_sources": [{"id": one.id, "name": one.name} for one in sources],
        }

    async def _data_source(self, request: Request) -> Json:
        return show_source(self.work.source(request.path_params["id"]))

    async def _query(self, request: Request) -> Json:
        source = self.work.source(request.path_params["id"])
        body = only(await _json(request), "filter", "sorts", "archived", "in_trash", *PAGE_PARAMS)
        found = [task for task in self.work.of(source.id) if matches(task, body.get("filter"))]
        for sort in body.get("sorts", ()):
            found.sort(key=order_of(only(sort, "timestamp", "direction")), reverse=sort["direction"] == "descending")
        capped = len(found) > self.most_results
        shown = [self._show(task) for task in found[: self.most_results]]
        answer = list_page(shown, body, "page_or_data_source")
        if capped:
            answer["request_status"] = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
        return answer

    async def _create_page(self, request: Request) -> Json:
        body = only(await _json(request), "parent", "properties", "children", "icon", "cover")
        parent = only(body.get("parent"), "type", "data_source_id")
        source = self.work.source(str(parent.get("data_source_id")))
        members = read_properties(body.get("properties"), source)
        blocks = self._blocks(body.get("children", []))
        task = self.work.add_task(source.id, str(members.pop("title", "")))
        if members:
            self.work.change(task.id, **members)
        self.work.blocks[task.id] = blocks
        self.work.settle(task)
        return self._show(task)

    async def _page(self, request: Request) -> Json:
        return self._show(self.work.find(request.path_params["id"]))

    async def _update_page(self, request: Request) -> Json:
        task = self.work.live(request.path_params["id"])
        body = only(await _json(request), "properties", "in_trash", "archived", "icon", "cover")
        self.work.change(
            task.id, **read_properties(body.get("properties", {}), self.work.source(task.project), task.fields)
        )
        return self._show(task)

    async def _children(self, request: Request) -> Json:
        task = self.work.find(request.path_params["id"])
        return list_page([show_block(one) for one in self.work.blocks_of(task)], request.query_params, "block")

    async def _append(self, request: Request) -> Json:
        task = self.work.live(request.path_params["id"])
        blocks = self._blocks(only(await _json(request), "children", "after").get("children"))
        self.work.blocks_of(task).extend(blocks)
        self.work.settle(task)
        return list_page([show_block(one) for one in blocks], {}, "block")

    async def _update_block(self, request: Request) -> Json:
        block_id = request.path_params["id"]
        for task in [*self.work.tasks.values(), *self.work.trash.values()]:
            for block in self.work.blocks.get(task.id, ()):
                if block["id"] == block_id:
                    self.work.live(task.id)
                    content = only(await _json(request), block["type"], "archived", "in_trash")[block["type"]]
                    block["rich_text"] = read_runs(content.get("rich_text"))
                    self.work.settle(task)
                    return show_block(block)
        raise not_found(f"block with ID: {block_id}")

    async def _comments(self, request: Request) -> Json:
        task = self.work.find(request.query_params.get("block_id", ""))
        return list_page([show_comment(one, task.id) for one in task.comments], request.query_params, "comment")

    async def _create_comment(self, request: Request) -> Json:
        body = only(await _json(request), "parent", "rich_text", "display_name")
        task = self.work.live(str(only(body.get("parent"), "type", "page_id").get("page_id")))
        return self._show_comment(self.work.comment(task.id, BOT_NAME, plain(read_runs(body.get("rich_text")))))

    async def _update_comment(self, request: Request) -> Json:
        comment_id = request.path_params["id"]
        ours = [one.id for task in self.work.tasks.values() for one in task.comments if one.author == BOT_NAME]
        if comment_id not in ours:
            # Those of others are as good as none.
            raise not_found(f"comment with ID: {comment_id}")
        text = plain(read_runs(only(await _json(request), "rich_text").get("rich_text")))
        changed = self.work.edit_comment(comment_id, text)
        assert changed is not None
        return self._show_comment(changed)

    def _blocks(self, given: Any) -> list[Json]:
        if not isinstance(given, list) or len(given) > 100:
            raise invalid("body failed validation: body.children should be an array of at most 100 blocks")
        return [self.work.make_block(one) for one in given]

    def _show(self, task: Task) -> Json:
        source: DataSource = self.work.source(task.project)
        trashed = task.id in self.work.trash
        return show_page(task, source, trashed=trashed, signature=f"X-Amz-Signature={next(self._signatures)}")

    def _show_comment(self, comment: Comment) -> Json:
        return show_comment(comment, next(task.id for task in self.work.tasks.values() if comment in task.comments))


async def _json(request: Request) -> Any:
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise Refusal(400, "invalid_json", "Error parsing JSON body.") from None


def _refuse(code: str) -> Response:
    code = {"code_used": "invalid_grant", "redirect_uri_mismatch": "invalid_grant"}.get(code, code)
    return _error(401 if code == "invalid_client" else 400, code, "Refused.")


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"object": "error", "status": status, "code": code, "message": message}, status)
