"""A receiver of webhooks in a process of its own: `python -m benchmarks.loopback_receiver PORT`.

`/hang` takes half a minute to answer; everything else is counted and answered at once. `/counted` tells how many there
were, when the first and the last came (epoch seconds), and how old each was by the `at` in its data; then it forgets.
"""

import asyncio
import sys
import time
from typing import Any

import orjson
from aiohttp import web

HANG_S = 30
seen: list[tuple[float, float]] = []


async def receive(request: web.Request) -> web.Response:
    body: dict[str, Any] = orjson.loads(await request.read())
    if request.path == "/hang":
        await asyncio.sleep(HANG_S)
    else:
        now = time.time()
        seen.append((now, now - body["data"]["at"]))
    return web.Response(text="ok")


async def counted(_: web.Request) -> web.Response:
    known, seen[:] = list(seen), []
    answer = {
        "count": len(known),
        "first": min((at for at, _ in known), default=0),
        "last": max((at for at, _ in known), default=0),
        "ages": [age for _, age in known],
    }
    return web.Response(body=orjson.dumps(answer), content_type="application/json")


def main() -> None:
    app = web.Application()
    app.router.add_get("/counted", counted)
    app.router.add_post("/{path:.*}", receive)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)


if __name__ == "__main__":
    main()
