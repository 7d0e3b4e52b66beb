"""Sends what is due: endpoints are leased, each gets a lane of its own, so that a slow one holds up no other.

Nothing here is remembered by the job engine: the ledger in our database is. A process that dies leaves leases that
lapse, and whatever it had not recorded is sent again under the same id.
"""

import asyncio
from collections import Counter
from functools import partial
from secrets import token_hex

import structlog

from koko_integrations.clock import DAY_MS, Clock
from koko_integrations.connections import outlets
from koko_integrations.connections.credentials import lost, set_error
from koko_integrations.database import Database, Transaction
from koko_integrations.delivery import leases, ledger
from koko_integrations.delivery.lane import SHORTEST_REST_MS, Lane, end_turn
from koko_integrations.delivery.leases import Health, Leased
from koko_integrations.delivery.recorder import Recorder
from koko_integrations.delivery.senders import Sender, Senders
from koko_integrations.journal import write_entry, write_news
from koko_integrations.limits import RateLimiter

log = structlog.get_logger(__name__)

HEARTBEAT_S = 2.5
POLL_S = 0.5
"""How soon is seen what another process has published, or what has become due."""
LANES = 200
LANES_OF_TEAM = 100
CLAIM_AT_ONCE = 50
LOOK_AT = 1000
OVERDUE_MS = 2 * DAY_MS
WHEN_BACK = "Test it when the receiver is back: that turns it on again."


class Drain:
    """One per process."""

    def __init__(self, clock: Clock, database: Database, senders: Senders, limiter: RateLimiter) -> None:
        self._clock = clock
        self._database = database
        self._senders = senders
        self._limiter = limiter
        self._recorder = Recorder(clock, database)
        self._holder = f"drain-{token_hex(8)}"
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._teams: Counter[str] = Counter()
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something is due, in this process's knowledge."""
        self._woken.set()

    async def keep(self) -> None:
        """Rounds until cancelled; what is under way then is sent to its end by somebody else, once more."""
        heart = asyncio.create_task(self._beat())
        try:
            while True:
                try:
                    await self.round()
                except Exception as error:
                    log.error("draining failed", exc_info=error)
                await self._pause()
        finally:
            tasks = [heart, *self._lanes.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._senders.close()
            await self._database.write(partial(leases.let_go, holder=self._holder))

    async def round(self) -> int:
        """Begins with every endpoint that has something due, as far as there is room. Returns how many those are."""
        begun = 0
        self._woken.clear()
        while (room := LANES - len(self._lanes)) > 0:
            now = self._clock.now_ms()
            due = await self._database.read(leases.FIND_DUE_ENDPOINTS, now=now, limit=LOOK_AT)
            # Looked at first: a claim is a write, and most rounds have nothing to do.
            chosen = self._choose(due, min(room, CLAIM_AT_ONCE))
            if not chosen:
                break
            claim = partial(leases.claim, endpoint_ids=chosen, holder=self._holder, now=now)
            claimed = await self._database.write(claim)
            for leased in claimed:
                self._lanes[leased.id] = asyncio.create_task(self._run(leased))
                self._teams[leased.team_id] += 1
            begun += len(claimed)
            if not claimed:
                break
        return begun

    async def give_up_overdue(self) -> int:
        """Fails what has been due for two days at endpoints that do not answer. Returns how many."""
        now = self._clock.now_ms()
        return await self._database.write(
            lambda tx: tx.change(ledger.GIVE_UP_OVERDUE, now=now, before=now - OVERDUE_MS)
        )

    def _choose(self, due: list[tuple[str, str]], room: int) -> list[str]:
        """The longest waiting, of no team so many that others wait for it; none that is under way here already."""
        counts = Counter(self._teams)
        chosen: list[str] = []
        for endpoint_id, team_id in due:
            if len(chosen) < room and endpoint_id not in self._lanes and counts[team_id] < LANES_OF_TEAM:
                chosen.append(endpoint_id)
                counts[team_id] += 1
        return chosen

    async def idle(self) -> None:
        """Returns when everything that has been begun has ended."""
        while self._lanes:
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if self._lanes:
                try:
                    lanes, now = tuple(self._lanes), self._clock.now_ms()
                    await self._database.write(
                        partial(leases.prolong, endpoint_ids=lanes, holder=self._holder, now=now)
                    )
                except Exception as error:
                    log.error("leases not prolonged", exc_info=error)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _run(self, leased: Leased) -> None:
        try:
            sender = await self._senders.open(leased)
            lane = Lane(self._clock, self._database, self._limiter, self._recorder, self._holder, leased, sender.send)
            resets_at = await lane.run()
            await self._database.write(partial(self._end, leased=leased, lane=lane, resets_at=resets_at, sender=sender))
        except Exception as error:
            log.error("sending failed", endpoint_id=leased.id, exc_info=error)
            await self._leave(leased)
        finally:
            del self._lanes[leased.id]
            self._teams[leased.team_id] -= 1
            # There may be more: what was published meanwhile, and endpoints that had no room.
            self.wake()

    async def _leave(self, leased: Leased) -> None:
        """Lets the endpoint rest after what nobody expected; what has not been recorded is sent by the next turn."""
        rests_until = self._clock.now_ms() + SHORTEST_REST_MS
        health = Health(failures=leased.failures, rests_until=rests_until, degraded_at=leased.degraded_at)
        try:
            release = partial(leases.release, endpoint_id=leased.id, holder=self._holder, health=health)
            await self._database.write(release)
        except Exception as error:
            # Nobody prolongs the lease any more: it lapses.
            log.error("lease not given back", endpoint_id=leased.id, exc_info=error)

    def _end(self, tx: Transaction, leased: Leased, lane: Lane, resets_at: int | None, sender: Sender) -> None:
        now = self._clock.now_ms()
        health = lane.health()
        if lane.tally.verdicts.total():
            write_entry(tx, leased.integration_id, sender.action, lane.tally.status, lane.tally.details(now), now)
        if not leases.is_as_leased(tx, leased, self._holder):
            leases.settle(tx, leased.id, self._holder)
            return
        if not end_turn(tx, leased.id, self._holder, health, resets_at):
            return
        if lane.gone is not None:
            self._turn_off(tx, leased, lane.gone, now)
        if health.degraded_at is not None and leased.degraded_at is None:
            said = {"event": "endpoint degraded", "errors": [health.error], "advice": "Koko keeps trying."}
            write_news(tx, leased.integration_id, "failed", said, now)
        if health.degraded_at is None and leased.degraded_at is not None:
            write_news(tx, leased.integration_id, "success", {"event": "endpoint recovered"}, now)

    def _turn_off(self, tx: Transaction, leased: Leased, said: str, now: int) -> None:
        """A hook goes by itself; of anything else the team has to know."""
        off = leases.turn_off(tx, leased.id, said, now)
        if off and leased.kind != "hook" and set_error(tx, leased.integration_id, now):
            advice = WHEN_BACK if leased.kind == "webhook" else "Connect it again."
            outlets.explain(tx, leased.integration_id, f"{said}. {advice}")
            write_news(tx, leased.integration_id, "failed", lost(said) | {"advice": advice}, now)
