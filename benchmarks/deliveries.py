"""Deliveries: draining a queue beside a bare loop, one endpoint that hangs among fifty, and what publishing costs."""

import asyncio
import contextlib
import ipaddress
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import jwt
import orjson
import requests

from benchmarks.rpc import wait_for
from benchmarks.served import KEY, Koko, Served, make_connected, serving
from koko_integrations.access import Actor
from koko_integrations.assembly import build_app
from koko_integrations.clock import SystemClock
from koko_integrations.database import open_database
from koko_integrations.delivery.custom import CustomRequest
from koko_integrations.delivery.lane import AT_ONCE
from koko_integrations.development import DEMO_ADMIN, DEMO_TEAM
from koko_integrations.events.event import Event
from koko_integrations.outside import Outside
from providers.asana import Asana
from tests.process.running import free_port
from tests.service import settings_for

ENDPOINTS = 50
EVENTS = 100
SUBSCRIBERS = 10
PUBLISHED = 300
HANG_EVENTS = 80
HANG_PAUSE_S = 0.125
LONGEST_S = 120
SERVICE_SECRET = "benchmark-service-secret"
ROUNDS = 3


def main() -> None:
    """Prints the figures."""
    with _receiver() as receiver, tempfile.TemporaryDirectory() as folder:
        ratios = [_measure_drain(f"sqlite:///{folder}/drain-{number}.db", receiver) for number in range(ROUNDS)]
        print(f"  median ratio: {statistics.median(ratios):.2f}x (wanted: 0.5x)")
        _measure_hanging(f"sqlite:///{folder}/hang.db", receiver)
        _measure_publish(f"sqlite:///{folder}/publish.db", receiver)


@contextlib.contextmanager
def _receiver() -> Iterator[str]:
    port = free_port()
    with subprocess.Popen([sys.executable, "-m", "benchmarks.loopback_receiver", str(port)]) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}/counted", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _measure_drain(url: str, receiver: str) -> float:
    koko = make_connected(url, Asana.manifest, [])
    asyncio.run(_fill(url, [f"{receiver}/{number}" for number in range(ENDPOINTS)], EVENTS))
    with _serving(koko):
        ours = _rate(receiver, ENDPOINTS * EVENTS)
    asyncio.run(_bare_loop(receiver, ENDPOINTS * EVENTS))
    bare = _rate(receiver, ENDPOINTS * EVENTS)
    what = f"{ENDPOINTS * EVENTS} deliveries to {ENDPOINTS} endpoints"
    print(f"{what}: {ours:.0f}/s, bare aiohttp {bare:.0f}/s: {ours / bare:.2f}x")
    return ours / bare


def _rate(receiver: str, wanted: int) -> float:
    """Deliveries per second, from the first to the last of them."""
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + LONGEST_S
    while sum(one["count"] for one in found) < wanted:
        if time.monotonic() > deadline:
            raise RuntimeError(f"only {sum(one['count'] for one in found)} of {wanted} have arrived")
        time.sleep(0.5)
        found.append(requests.get(f"{receiver}/counted", timeout=10).json())
    some = [one for one in found if one["count"]]
    return wanted / float(max(one["last"] for one in some) - min(one["first"] for one in some))


async def _fill(url: str, targets: list[str], events: int) -> None:
    """Webhooks at these addresses, and events that wait for somebody to send them."""
    database, outside = open_database(url), Outside()
    settings = settings_for(url, egress_allow=(ipaddress.ip_network("127.0.0.0/8"),), encryption_keys={"k1": KEY})
    app = build_app(settings, database, SystemClock(), outside)
    try:
        for target in targets:
            request = CustomRequest(name="Webhook", description=None, url=target, events=["comment.created"])
            await app.webhooks.create(Actor(f"user:{DEMO_ADMIN}", DEMO_ADMIN), DEMO_TEAM, request)
        for number in range(events):
            await app.publisher.publish(_event(f"event_{number}"))
    finally:
        outside.close()
        database.close()


def _event(event_id: str) -> Event:
    return Event(
        id=event_id,
        type="comment.created",
        team_id=DEMO_TEAM,
        project_id=None,
        actor_id=None,
        occurred_at=int(time.time() * 1000),
        data=_data(),
    )


def _data() -> dict[str, Any]:
    author = {"id": "user_789", "name": "John Doe"}
    return {"at": time.time(), "comment": {"id": "c", "videoId": "v", "content": "Great work!" * 20, "author": author}}


async def _bare_loop(receiver: str, count: int) -> None:
    """The same bodies, as many at once, with no signature and no database."""
    waiting = list(range(count))
    body = orjson.dumps(
        {"event": "comment.created", "timestamp": "", "webhookId": "", "data": _data(), "signature": ""}
    )
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def work() -> None:
            while waiting:
                number = waiting.pop()
                async with session.post(
                    f"{receiver}/{number % ENDPOINTS}", data=body, headers={"Content-Type": "application/json"}
                ) as response:
                    await response.read()

        async with asyncio.TaskGroup() as group:
            for _ in range(ENDPOINTS * AT_ONCE):
                group.create_task(work())


def _serving(koko: Koko) -> contextlib.AbstractContextManager[Served]:
    return serving(
        koko, "http://127.0.0.1:9", KOKO_EGRESS_ALLOW="127.0.0.0/8", KOKO_SERVICE_KEYS=f"bench:{SERVICE_SECRET}"
    )


class Publishing:
    """Publishes as Koko's server does: over one connection, with a service token."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/rpc"
        self._session = requests.Session()
        claims = {"iss": "bench", "aud": "koko-integrations", "exp": int(time.time()) + 290}
        self._session.headers["authorization"] = f"Bearer {jwt.encode(claims, SERVICE_SECRET, algorithm='HS256')}"

    def publish(self, event_id: str) -> float:
        """How long it took, in seconds."""
        params = {
            "id": event_id,
            "type": "comment.created",
            "teamId": DEMO_TEAM,
            "occurredAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "data": _data(),
        }
        body = {"jsonrpc": "2.0", "id": 1, "method": "event.publish", "params": params}
        started = time.perf_counter()
        answer = self._session.post(self._url, json=body, timeout=30).json()
        took = time.perf_counter() - started
        if "result" not in answer:
            raise RuntimeError(f"event.publish: {answer}")
        return took


def _measure_hanging(url: str, receiver: str) -> None:
    koko = make_connected(url, Asana.manifest, [])
    targets = [f"{receiver}/hang", *(f"{receiver}/{number}" for number in range(1, ENDPOINTS))]
    asyncio.run(_fill(url, targets, 0))
    wanted = HANG_EVENTS * (ENDPOINTS - 1)
    ages: list[float] = []
    with _serving(koko) as service:
        publishing = Publishing(service.url)
        for number in range(HANG_EVENTS):
            publishing.publish(f"event_{number}")
            time.sleep(HANG_PAUSE_S)
        deadline = time.monotonic() + LONGEST_S
        while len(ages) < wanted and time.monotonic() < deadline:
            time.sleep(0.5)
            ages += requests.get(f"{receiver}/counted", timeout=10).json()["ages"]
    p50, p99 = statistics.median(ages), statistics.quantiles(ages, n=100)[-1]
    print(
        f"one of {ENDPOINTS} endpoints hangs: {len(ages)} of {wanted} deliveries to the others, from publish to receipt"
        f" p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms (wanted: under 2000)"
    )


def _measure_publish(url: str, receiver: str) -> None:
    koko = make_connected(url, Asana.manifest, [])
    asyncio.run(_fill(url, [f"{receiver}/{number}" for number in range(SUBSCRIBERS)], 0))
    with _serving(koko) as service:
        publishing = Publishing(service.url)
        took = [publishing.publish(f"event_{number}") for number in range(PUBLISHED)]
    p50, p95 = statistics.median(took) * 1000, statistics.quantiles(took, n=20)[-1] * 1000
    print(f"event.publish with {SUBSCRIBERS} subscribers: p50 {p50:.1f} ms (wanted: under 15), p95 {p95:.1f} ms")
