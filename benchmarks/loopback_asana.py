"""A provider that is never what one waits for: Asana's answers, made before anybody asks, by a process of its own.

    python -m benchmarks.loopback_asana PORT PROJECT=TASKS...

Speaks as much of Asana's API as a sync asks for: a project, and the pages of its tasks (offset, limit, modified_since).
Every other path answers an empty list. `GET /counted` tells how often each path was asked for, and begins anew.
"""

import asyncio
import sys
from collections import Counter
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

API = "/api/1.0"
PAGE = 100
SITE = "https://app.asana.com"
NOTES = "The cut to the harbour comes half a second early; hold the wide shot until the gulls are out of frame. " * 3
MODIFIED_AT = "2026-01-15T10:30:00.000Z"


class Provider:
    """What there is, as bytes."""

    def __init__(self, projects: dict[str, int]) -> None:
        self._pages = {project: pages_of(project, tasks) for project, tasks in projects.items()}
        self._empty = orjson.dumps({"data": [], "next_page": None})
        self.asked: Counter[str] = Counter()

    def answer(self, target: str) -> bytes:
        url = urlsplit(target)
        if url.path == "/counted":
            counted, self.asked = self.asked, Counter()
            return orjson.dumps(counted)
        self.asked[url.path] += 1
        query = parse_qs(url.query)
        if url.path == f"{API}/tasks" and "modified_since" not in query:
            assert query["limit"] == [str(PAGE)], "one size of page for whoever is compared"
            return self._pages[query["project"][0]][int(query.get("offset", ["0"])[0]) // PAGE]
        if url.path.startswith(f"{API}/projects/"):
            return orjson.dumps({"data": _project(url.path.rpartition("/")[2])})
        return self._empty


def pages_of(project: str, tasks: int) -> list[bytes]:
    """The bodies of all pages of a project's tasks; one that is empty for a project without any."""
    bodies = []
    for start in range(0, max(tasks, 1), PAGE):
        end = min(start + PAGE, tasks)
        following = None
        if end < tasks:
            path = f"/tasks?project={project}&limit={PAGE}&offset={end}"
            following = {"offset": str(end), "path": path, "uri": f"{SITE}{API}{path}"}
        found = [_task(project, number) for number in range(start, end)]
        bodies.append(orjson.dumps({"data": found, "next_page": following}))
    return bodies


def _task(project: str, number: int) -> dict[str, Any]:
    gid = f"{project}{number:08}"
    return {
        "gid": gid,
        "name": f"Shot {number}: the harbour, wide",
        "notes": f"{number}. {NOTES}",
        "completed": number % 3 == 0,
        "due_on": "2026-02-01",
        "assignee": {"gid": "12", "name": "Ada Admin"},
        "modified_at": MODIFIED_AT,
        "permalink_url": f"{SITE}/0/{project}/{gid}",
        "memberships": [{"project": {"gid": project}, "section": {"gid": f"{project}1"}}],
    }


def _project(project: str) -> dict[str, Any]:
    return {
        "gid": project,
        "name": f"Project {project}",
        "modified_at": MODIFIED_AT,
        "permalink_url": f"{SITE}/0/{project}",
        "archived": False,
    }


class Wire(asyncio.Protocol):
    """As much of HTTP/1.1 as GET with keep-alive takes."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.Transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            method, target, _ = self._received[: self._received.index(b"\r\n")].decode().split(" ")
            self._received = self._received[end + 4 :]
            assert method == "GET", "nothing can be changed here"
            body = self._provider.answer(target)
            head = (
                f"HTTP/1.1 200 OK\r\nDate: {formatdate(usegmt=True)}\r\n"
                f"Content-Type: application/json; charset=UTF-8\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            self._transport.write(head.encode() + body)


async def serve(port: int, projects: dict[str, int]) -> None:
    provider = Provider(projects)
    server = await asyncio.get_running_loop().create_server(lambda: Wire(provider), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    given = (argument.split("=") for argument in sys.argv[2:])
    asyncio.run(serve(int(sys.argv[1]), {project: int(tasks) for project, tasks in given}))
