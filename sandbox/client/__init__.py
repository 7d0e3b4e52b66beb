"""A stand-in of Koko's web client: what a team admin sees of the integrations."""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.kit.stand_in import Clock, StandIn

FOLDER = Path(__file__).parent
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
SECURITY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src *; img-src *; form-action 'none'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class ClientPage(StandIn):
    """Serves three files; `/integrations/callback` is the OAuth redirect URI."""

    slug = "client"
    origins = ()

    def __init__(self, clock: Clock, examples: dict[str, Any]) -> None:
        self._examples = examples
        super().__init__(clock)

    def announcement(self) -> dict[str, dict[str, Any]]:
        return {}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self._page),
            Route("/integrations/callback", self._page),
            Route("/examples.json", self._show_examples),
            Route("/{name}", self._file),
        ]

    async def _page(self, _: Request) -> Response:
        return _serve("page.html")

    async def _show_examples(self, _: Request) -> Response:
        """Keys that the stand-ins take, to fill in forms with."""
        return JSONResponse(self._examples, headers=SECURITY)

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        return _serve(name) if name in ("client.js", "style.css") else Response(status_code=404)


def _serve(name: str) -> Response:
    path = FOLDER / name
    return Response(path.read_bytes(), media_type=TYPES[path.suffix], headers=SECURITY)
