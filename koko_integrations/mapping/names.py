"""What a team calls a field, found among those that there are."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from koko_integrations.mapping.koko_fields import KOKO_FIELDS, EntityType
from providers.kit.field_values import ExternalField

MOST_NAMED = 20


def find_koko_field(entity_type: EntityType, wanted: str) -> str:
    """The field's name; the kind of thing before it, as in `video.title`, is let pass. Raises LookupError that says
    which there are."""
    known = KOKO_FIELDS[entity_type]
    bare = wanted.removeprefix(f"{entity_type}.")
    if bare in known:
        return bare
    raise LookupError(f"a {entity_type} has no field {wanted[:60]!r}{_suggestion(bare, known)}")


def find_external_field(wanted: str, fields: Sequence[ExternalField]) -> ExternalField:
    """By id, or by a name that only one of them has. Raises LookupError that says which there are."""
    by_id = [one for one in fields if one.id == wanted]
    named = [one for one in fields if one.name.casefold() == wanted.casefold()]
    exact = [one for one in named if one.name == wanted]
    if by_id:
        return by_id[0]
    if len(named) == 1 or len(exact) == 1:
        return (exact or named)[0]
    if named:
        ids = ", ".join(one.id for one in named)
        raise LookupError(f"{wanted[:60]!r} names {len(named)} fields there; give the id of one: {ids}")
    writable = [one.name for one in fields if one.writable]
    raise LookupError(f"there is no field {wanted[:60]!r}{_suggestion(wanted, writable)}")


def _suggestion(wanted: str, known: Iterable[str]) -> str:
    names = {name.casefold(): name for name in known}
    close = [names[one] for one in get_close_matches(wanted.casefold(), names, n=3, cutoff=0.6)]
    if close:
        return f"; did you mean {' or '.join(close)}?"
    shown = list(names.values())
    more = ", ..." if len(shown) > MOST_NAMED else ""
    return f"; there are {', '.join(shown[:MOST_NAMED])}{more}" if shown else "; there are none that can be written to"
