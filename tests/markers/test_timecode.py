"""Frames, moments and labels, held against a count of labels one by one."""

import math
from collections.abc import Iterator
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koko_integrations.markers.rate import TICKS_PER_SECOND, Rate, read_rate
from koko_integrations.markers.timecode import from_timecode, to_timecode

RATES = {
    23.976: (24_000, 1001, 24, 0),
    24.0: (24, 1, 24, 0),
    25.0: (25, 1, 25, 0),
    29.97: (30_000, 1001, 30, 2),
    30.0: (30, 1, 30, 0),
    50.0: (50, 1, 50, 0),
    59.94: (60_000, 1001, 60, 4),
    60.0: (60, 1, 60, 0),
}
"""Numerator, denominator, frames in a second of timecode, labels left out at the begin of nine minutes in ten."""
DAY_S = 86_400


def edges(counted: int, left_out: int) -> Iterator[tuple[int, str]]:
    """The first and the last labels of each minute of a day with their frames, counted minute by minute."""
    mark = ";" if left_out else ":"
    begun = 0
    for minute in range(24 * 60):
        missing = left_out if minute % 10 else 0
        at = f"{minute // 60:02d}:{minute % 60:02d}"
        for label in range(missing, missing + 6):
            yield begun + label - missing, f"{at}:00{mark}{label:02d}"
        begun += counted * 60 - missing
        for label in range(counted - 3, counted):
            yield begun - counted + label, f"{at}:59{mark}{label:02d}"


@pytest.mark.parametrize("fps", RATES)
def test_each_minute_of_a_day(fps: float) -> None:
    numerator, denominator, counted, left_out = RATES[fps]
    rate = read_rate(fps)
    assert (rate.fps, rate.counted) == (Fraction(numerator, denominator), counted)
    assert rate.is_drop_frame is bool(left_out)
    frame = 0
    for frame, label in edges(counted, left_out):
        assert to_timecode(rate, frame) == label
        assert from_timecode(rate, label) == frame
    assert to_timecode(rate, frame + 1) == to_timecode(rate, 0)


@given(st.sampled_from(sorted(RATES)), st.integers(min_value=0, max_value=DAY_S * 23))
def test_labels_lead_back(fps: float, frame: int) -> None:
    rate = read_rate(fps)
    assert from_timecode(rate, to_timecode(rate, frame)) == frame


@pytest.mark.parametrize(
    ("fps", "frame", "label"),
    [
        (29.97, 1799, "00:00:59;29"),
        (29.97, 1800, "00:01:00;02"),
        (29.97, 17_981, "00:09:59;29"),
        (29.97, 17_982, "00:10:00;00"),
        (29.97, 107_892, "01:00:00;00"),
        (59.94, 3599, "00:00:59;59"),
        (59.94, 3600, "00:01:00;04"),
        (59.94, 215_784, "01:00:00;00"),
        (23.976, 86_399, "00:59:59:23"),
        (60.0, 3600, "00:01:00:00"),
        (119.88, 119, "00:00:00:119"),
    ],
)
def test_well_known_labels(fps: float, frame: int, label: str) -> None:
    assert to_timecode(read_rate(fps), frame) == label
    assert from_timecode(read_rate(fps), label) == frame


@pytest.mark.parametrize("fps", RATES)
def test_every_frame_is_found_again(fps: float) -> None:
    """However a player made milliseconds of it. What is cut or rounded repeats itself after `numerator` frames, which
    are whole seconds; what is cut after a calculation in floats does not, so that is tried all over a day."""
    numerator, denominator, *_ = RATES[fps]
    rate = read_rate(fps)
    for frame in range(numerator + 2):
        cut, rest = divmod(frame * 1000 * denominator, numerator)
        assert rate.frame_at(cut) == frame
        assert rate.frame_at(cut + (2 * rest >= numerator)) == frame
    for frame in (*range(5000), *range(0, DAY_S * numerator // denominator, 499)):
        assert rate.frame_at(math.floor(frame / (numerator / denominator) * 1000)) == frame


@given(st.sampled_from(sorted(RATES)), st.integers(min_value=0, max_value=DAY_S * 60))
def test_what_is_told_of_a_frame_leads_back_to_it(fps: float, frame: int) -> None:
    rate = read_rate(fps)
    assert rate.seconds(frame) * rate.fps == frame
    assert math.floor(Fraction(rate.seconds_inside(frame)) * rate.fps) in (frame - 1, frame)
    assert math.floor(Fraction(f"{rate.seconds_inside(frame):.6f}") * rate.fps) == frame
    assert Fraction(rate.ticks(frame), TICKS_PER_SECOND) == rate.seconds(frame)


@given(st.sampled_from(sorted(RATES)), st.integers(min_value=0, max_value=DAY_S * 1000), st.integers(0, 100))
def test_a_later_moment_is_not_an_earlier_frame(fps: float, ms: int, later: int) -> None:
    rate = read_rate(fps)
    assert rate.frame_at(ms) <= rate.frame_at(ms + later)
    shown = math.floor(Fraction(ms, 1000) * rate.fps)
    assert rate.frame_at(ms) in (shown, math.floor(Fraction(ms + 1, 1000) * rate.fps))


@pytest.mark.parametrize(
    ("fps", "exact"),
    [
        (23.98, Fraction(24_000, 1001)),
        (23.97, Fraction(24_000, 1001)),
        (23.976023976023978, Fraction(24_000, 1001)),
        (29.970029970029969, Fraction(30_000, 1001)),
        (59.94005994, Fraction(60_000, 1001)),
        (47.952, Fraction(48_000, 1001)),
        (14.985, Fraction(15_000, 1001)),
        (119.88, Fraction(120_000, 1001)),
        (12.5, Fraction(25, 2)),
        (29.83, Fraction(2983, 100)),
        (1, Fraction(1)),
        (300, Fraction(300)),
    ],
)
def test_rates_as_people_write_them(fps: float, exact: Fraction) -> None:
    assert read_rate(fps) == Rate(exact)


@pytest.mark.parametrize("fps", [0.0, -25.0, 0.5, 301.0, float("nan"), float("inf")])
def test_what_is_no_rate(fps: float) -> None:
    with pytest.raises(ValueError, match="from 1 to 300"):
        read_rate(fps)


@pytest.mark.parametrize(
    ("fps", "label"),
    [
        (25.0, "00:00:00:25"),
        (25.0, "24:00:00:00"),
        (25.0, "00:60:00:00"),
        (25.0, "1:00:00:00"),
        (25.0, "00:00:00"),
        (25.0, "00:00:00:00\n"),
        (25.0, "\u0660\u0660:00:00:00"),
        (29.97, "00:01:00;00"),
        (29.97, "00:01:00;01"),
        (59.94, "00:59:00;03"),
    ],
)
def test_labels_that_no_frame_has(fps: float, label: str) -> None:
    with pytest.raises(ValueError, match="timecode"):
        from_timecode(read_rate(fps), label)
