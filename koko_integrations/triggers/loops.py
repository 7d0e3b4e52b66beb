"""The loop guard: what a trigger does must not set it off again.

An integration's own doing - what it says it is by actorId, and comments that its sync has brought - sets off nothing
that would be done at that integration. What comes back by other ways, such as a webhook's receiver that comments in
Koko, is told by its rate: a trigger that fires 20 times within a minute about the same video is paused there until
there was none for ten minutes; 500 times within a minute are the most in any case.
"""

import peewee

from koko_integrations.clock import MINUTE_MS
from koko_integrations.database import Statement, Transaction, param
from koko_integrations.models import SyncLink, TriggerRun
from koko_integrations.triggers.occasion import Occasion

MOST_PER_SUBJECT = 20
MOST_PER_MINUTE = 500
PAUSE_MS = 10 * MINUTE_MS
ACTOR_PREFIX = "integration:"

_RECENT = Statement(
    TriggerRun.select(
        peewee.fn.COUNT(TriggerRun.event_id),
        peewee.fn.COALESCE(peewee.fn.SUM(peewee.Case(None, [(TriggerRun.subject == param("subject"), 1)], 0)), 0),
    ).where(
        (TriggerRun.integration_id == param("integration_id"))
        & (TriggerRun.started_at > param("since"))
        & (TriggerRun.trigger_id == param("trigger_id"))
        & (TriggerRun.status != "skipped")
    )
)
_PAUSED = Statement(
    TriggerRun.select(TriggerRun.event_id)
    .where(
        (TriggerRun.integration_id == param("integration_id"))
        & (TriggerRun.started_at > param("since"))
        & (TriggerRun.trigger_id == param("trigger_id"))
        & (TriggerRun.status == "skipped")
        & (TriggerRun.subject == param("subject"))
    )
    .limit(1)
)
_IS_FROM = Statement(
    SyncLink.select(SyncLink.koko_id).where(
        (SyncLink.integration_id == param("integration_id"))
        & (SyncLink.koko_id == param("koko_id"))
        & (SyncLink.origin == "external")
    )
)


class Origins:
    """Whose doing an event is."""

    def __init__(self, tx: Transaction, occasion: Occasion) -> None:
        self._tx = tx
        self._occasion = occasion
        self._known: dict[str, bool] = {}

    def is_doing_of(self, integration_id: str) -> bool:
        """Whether the integration itself has done what the event tells of."""
        known = self._known.get(integration_id)
        if known is None:
            known = self._known[integration_id] = self._look(integration_id)
        return known

    def _look(self, integration_id: str) -> bool:
        if self._occasion.actor_id == f"{ACTOR_PREFIX}{integration_id}":
            return True
        comment_id = self._occasion.comment_id
        if comment_id is None:
            return False
        return self._tx.row(_IS_FROM, integration_id=integration_id, koko_id=comment_id) is not None


def objection(tx: Transaction, integration_id: str, trigger_id: str, subject: str, now: int) -> str | None:
    """Why a trigger that fired is not to do anything, if there is a reason."""
    about = {"integration_id": integration_id, "trigger_id": trigger_id, "subject": subject}
    row = tx.row(_RECENT, **about, since=now - MINUTE_MS)
    count, here = (0, 0) if row is None else row
    if here >= MOST_PER_SUBJECT or tx.row(_PAUSED, **about, since=now - PAUSE_MS) is not None:
        return (
            f"It has fired {MOST_PER_SUBJECT} times within a minute about the same video, which looks like a loop: "
            "it is paused there until it has been quiet for 10 minutes"
        )
    if count >= MOST_PER_MINUTE:
        return f"It has fired {MOST_PER_MINUTE} times within a minute, and does no more than that"
    return None
