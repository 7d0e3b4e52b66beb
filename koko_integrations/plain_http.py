"""What is not a procedure and needs nothing of the service: that it is alive, its metrics, the providers' icons."""

from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from koko_integrations.connections.icons import get_icon

ICON_MAX_AGE_S = 86_400


async def health(_: Request) -> Response:
    return JSONResponse({"ok": True})


async def metrics(_: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def icon(request: Request) -> Response:
    drawing = get_icon(request.path_params["slug"])
    if drawing is None:
        return Response(status_code=404)
    headers: dict[str, Any] = {
        "cache-control": f"public, max-age={ICON_MAX_AGE_S}",
        # An SVG opened by itself is a document: it may run and load nothing.
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
        "x-content-type-options": "nosniff",
        # Koko's pages show it from another origin.
        "cross-origin-resource-policy": "cross-origin",
    }
    return Response(drawing, media_type="image/svg+xml", headers=headers)
