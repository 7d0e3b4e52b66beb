"""Which triggers an event sets off. Runs in the transaction that stores the event."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from koko_integrations.database import Transaction
from koko_integrations.journal import write_evaluation
from koko_integrations.triggers import ledger, rules, story
from koko_integrations.triggers.conditions import Lookup, looking_into
from koko_integrations.triggers.loops import Origins
from koko_integrations.triggers.occasion import FIND_VIDEO, Occasion, known_of
from koko_integrations.triggers.rules import Rule

OWN_DOING = "The integration has done this itself"


def fire(tx: Transaction, occasion: Occasion, now: int) -> int:
    """Makes a turn for each integration with a trigger that fires; of the others the log tells why not. Returns at how
    many integrations there is something to do."""
    rows = tx.rows(rules.FOR_EVENT, team_id=occasion.team_id, event=occasion.type)
    if not rows:
        return 0
    video_id = occasion.video_id
    if video_id is not None:
        row = tx.row(FIND_VIDEO, id=video_id, team_id=occasion.team_id)
        occasion = replace(occasion, known=known_of(video_id, row))
    look_up, origins = looking_into(occasion.view), Origins(tx, occasion)
    turns = 0
    for integration_id, group in groupby(map(Rule._make, rows), key=lambda rule: rule.integration_id):
        turns += _fire_at(tx, occasion, look_up, origins, integration_id, list(group), now)
    return turns


def target_of(rule: Rule) -> str:
    """The integration at which the action is done: another one, where its configuration says so."""
    named = rule.action["config"].get("integrationId")
    return named if isinstance(named, str) else rule.integration_id


def _fire_at(
    tx: Transaction,
    occasion: Occasion,
    look_up: Lookup,
    origins: Origins,
    integration_id: str,
    group: Sequence[Rule],
    now: int,
) -> bool:
    event_id = str(occasion.id)
    matching = [rule for rule in group if rule.conditions.hold(look_up)]
    echoes = {
        rule.id for rule in matching if origins.is_doing_of(integration_id) or origins.is_doing_of(target_of(rule))
    }
    fired = [rule for rule in matching if rule.id not in echoes]
    matching_ids = {rule.id for rule in matching}
    # Those that fired first: of many, they are the ones to be shown.
    shown = sorted(group, key=lambda rule: rule.id not in matching_ids)[: story.MOST_SHOWN]
    explained = [
        story.explain(rule, look_up, OWN_DOING if rule.id in echoes else None, matches=rule.id in matching_ids)
        for rule in sorted(shown, key=lambda rule: rule.position)
    ]
    if not fired:
        details = story.idle(occasion.type, event_id, explained, len(group))
        write_evaluation(tx, integration_id, story.action_of(matching or group), details, now)
        return False
    kept = story.evaluation(fired, explained, len(group))
    ledger.add_turn(tx, integration_id, occasion.team_id, event_id, kept, now)
    return True
