"""The transforms that are not the user's own, and what fields of each kind take."""

import contextlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from koko_integrations.mapping.transforms import TRANSFORMS, TransformError, apply
from providers.kit.errors import Rejected
from providers.kit.field_values import ExternalField, FieldKind, Option, fit

DATES: list[tuple[Any, str]] = [
    ("2026-01-31", "2026-01-31"),
    (" 2026-01-31 ", "2026-01-31"),
    ("2026-01-31T09:30:00Z", "2026-01-31T09:30:00Z"),
    ("2026-01-31T09:30:00+01:00", "2026-01-31T08:30:00Z"),
    ("2026-01-31T23:30:00-0500", "2026-02-01T04:30:00Z"),
    ("2026-01-31 09:30", "2026-01-31T09:30:00Z"),
    ("2026-01-31T09:30:00.250Z", "2026-01-31T09:30:00.250Z"),
    ("2026-01-31T09:30:00,25Z", "2026-01-31T09:30:00.250Z"),
    (0, "1970-01-01T00:00:00Z"),
    (1_769_851_800_250, "2026-01-31T09:30:00.250Z"),
    (-1000, "1969-12-31T23:59:59Z"),
]
NO_DATES: list[Any] = [
    *("01/02/2026", "2026-02-30", "2026-13-01", "yesterday", "", "2026-1-1", "2026-01-31T25:00:00Z", "1767225600"),
    *("9999-12-31T23:59:59-12:00", "٢٠٢٦-01-31"),
    *(True, [], {}, 1e18, -1e18, float("inf")),
]


@pytest.mark.parametrize(("value", "expected"), DATES)
def test_dates(value: Any, expected: str) -> None:
    assert apply("date", value) == expected
    assert apply("date", expected) == expected, "what is normalised stays so"


@pytest.mark.parametrize("value", NO_DATES)
def test_what_is_no_date(value: Any) -> None:
    with pytest.raises(TransformError, match="date takes"):
        apply("date", value)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.lists(st.text())))
def test_any_value_is_transformed_or_refused(value: Any) -> None:
    for transform in TRANSFORMS[:-1]:
        with contextlib.suppress(TransformError):
            orjson.dumps(apply(transform, value))


def test_case_does_not_depend_on_a_locale() -> None:
    assert apply("uppercase", "straße i") == "STRASSE I"
    assert apply("lowercase", "İI") == "i\u0307i"
    assert apply("uppercase", ["a", "b"]) == ["A", "B"]
    assert apply("uppercase", None) is None
    with pytest.raises(TransformError, match="takes a text, not a value of the type number"):
        apply("uppercase", 5)


OPTIONS = (Option(id="o1", name="Ready"), Option(id="o2", name="Failed"))
FITS: list[tuple[FieldKind, Any, Any]] = [
    ("text", "words", "words"),
    ("text", 62.5, "62.5"),
    ("text", 10**20, "100000000000000000000"),
    ("text", True, "true"),
    ("text", ["a", "b"], "a, b"),
    ("number", 5, 5),
    ("checkbox", False, False),
    ("date", "2026-01-31T09:30:00Z", "2026-01-31"),
    ("datetime", "2026-01-31", "2026-01-31"),
    ("choice", "ready", "o1"),
    ("choice", "o2", "o2"),
    ("choices", "Ready", ["o1"]),
    ("choices", ["Ready", "failed", "READY"], ["o1", "o2"]),
    ("url", "https://koko.example/a", "https://koko.example/a"),
    ("number", None, None),
]
MISFITS: list[tuple[FieldKind, Any]] = [
    ("text", {}),
    ("text", [1]),
    ("number", "5"),
    ("number", True),
    ("checkbox", 1),
    ("checkbox", "true"),
    ("date", "soon"),
    ("date", "2026-02-30"),
    ("date", 5),
    ("choice", "Gone"),
    ("choice", ""),
    ("choices", ["Ready", "Gone"]),
    ("choices", 5),
    ("url", "javascript:alert(1)"),
    ("url", "https://a b"),
    ("other", "x"),
]


def field(kind: FieldKind) -> ExternalField:
    return ExternalField(
        id="f", name="Field", kind=kind, options=OPTIONS, writable=kind != "other", why="it is special"
    )


@pytest.mark.parametrize(("kind", "value", "expected"), FITS)
def test_what_fits(kind: FieldKind, value: Any, expected: Any) -> None:
    assert fit(field(kind), value) == expected


@pytest.mark.parametrize(("kind", "value"), MISFITS)
def test_what_does_not_fit(kind: FieldKind, value: Any) -> None:
    with pytest.raises(Rejected, match="Field"):
        fit(field(kind), value)
