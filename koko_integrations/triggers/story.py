"""How the log tells what triggers made of an event: one entry for each event and integration."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from koko_integrations.journal import Action
from koko_integrations.journal import Outcome as JournalStatus
from koko_integrations.rpc.wire import present
from koko_integrations.triggers.conditions import Lookup
from koko_integrations.triggers.ledger import Run, Turn
from koko_integrations.triggers.rules import Rule

MOST_SHOWN = 50
CONDITIONS_SHOWN = 10
ERRORS_SHOWN = 5
JOURNAL_ACTIONS: dict[str, Action] = {
    "create_task": "sync",
    "send_notification": "notify",
    "update_status": "sync",
    "webhook": "webhook",
}


def explain(rule: Rule, look_up: Lookup, skipped: str | None, *, matches: bool) -> dict[str, Any]:
    """What one trigger makes of an event, and why."""
    return present(
        triggerId=rule.id,
        position=rule.position,
        action=rule.action["type"],
        matches=matches,
        conditions=rule.conditions.explain(look_up, CONDITIONS_SHOWN),
        skipped=skipped,
    )


def action_of(rules: Iterable[Rule]) -> Action:
    """What the journal calls it: after the first."""
    return JOURNAL_ACTIONS[next(iter(rules)).action["type"]]


def idle(event_type: str, event_id: str, explained: Sequence[Mapping[str, Any]], count: int) -> dict[str, Any]:
    """The entry for an event about which nothing is to be done. `count` triggers were looked at."""
    return _details(event_type, event_id, explained, count, done=0, failed=0)


def evaluation(fired: Sequence[Rule], explained: Sequence[Mapping[str, Any]], count: int) -> dict[str, Any]:
    """What is to be done, in order, and what is kept for the entry that is written when it has been."""
    return {
        "action": action_of(fired),
        "fired": [[rule.id, rule.position] for rule in fired],
        "looked": count,
        "triggers": list(explained),
    }


def ended(event_type: str, turn: Turn, runs: Sequence[Run], now: int) -> tuple[Action, JournalStatus, dict[str, Any]]:
    """The entry for an event about which something was done, with what came of each."""
    kept, by_id = turn.evaluation, {run.trigger_id: run for run in runs}
    told = [_with_outcome(one, by_id.get(one["triggerId"])) for one in kept["triggers"]]
    statuses = Counter(run.status for run in runs)
    failed, skipped = statuses["failed"], statuses["skipped"]
    reasons = Counter(str(run.result.get("reason")) for run in runs if run.status in ("failed", "skipped"))
    details = _details(event_type, turn.event_id, told, kept["looked"], done=statuses["succeeded"], failed=failed)
    details |= present(
        skipped=skipped or None,
        errors=[reason for reason, _ in reasons.most_common(ERRORS_SHOWN)] or None,
        duration=now - turn.created_at,
    )
    status: JournalStatus = "partial" if statuses["succeeded"] else "failed"
    return kept["action"], status if failed or skipped else "success", details


def _with_outcome(told: Mapping[str, Any], run: Run | None) -> dict[str, Any]:
    return dict(told) if run is None else {**told, "outcome": run.status, **run.result}


def _details(
    event_type: str, event_id: str, explained: Sequence[Mapping[str, Any]], count: int, *, done: int, failed: int
) -> dict[str, Any]:
    return present(
        event=event_type,
        eventId=event_id,
        itemsProcessed=done + failed,
        itemsFailed=failed,
        triggers=list(explained),
        notShown=count - len(explained) or None,
    )
