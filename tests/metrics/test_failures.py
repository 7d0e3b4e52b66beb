"""byError: one failure of many things is one, and there are never too many."""

import pytest

from koko_integrations.metrics.failures import wording_of
from tests.metrics.counted import HOUR, Counted, Entry


@pytest.mark.parametrize(
    ("message", "wording"),
    [
        ("Cancelled", "Cancelled"),
        ("“Cut 3.mov”: Dropbox does not have this (HTTP 404)", "Dropbox does not have this (HTTP 404)"),
        ("“Say: what?”: Asana refused the request (HTTP 403)", "Asana refused the request (HTTP 403)"),
        ("tasks of 1400: S3 cannot be reached (unreachable)", "S3 cannot be reached (unreachable)"),
        ("projects: 9f3c-11aa: Jira asks us to slow down (rate_limited)", "Jira asks us to slow down (rate_limited)"),
        ("Drive has 1048576 bytes of a file of 2097152", "Drive has … bytes of a file of …"),
        ("There is no channel 'secret plans' for the user's key", "There is no channel … for the user's key"),
        ("See https://example.test/a?token=1 or ask a@b.test", "See … or ask …"),
        ("“”", "…"),
        ("", "other"),
        ("x " * 500, "x " * 79 + "x "),
    ],
)
def test_wordings(message: str, wording: str) -> None:
    assert wording_of(message) == wording


def test_an_error_of_many_things_is_one(one: Counted) -> None:
    one.write(*(Entry(errors=[f"“Take {n}.mov”: Gone", f"tasks of {n}: Slow ({n} s)"]) for n in range(30)))
    assert [(error["error"], error["count"]) for error in one.metrics()["byError"]] == [
        ("Gone", 30),
        ("Slow (… s)", 30),
    ]


def words(number: int) -> str:
    """A message of letters, which is like no other."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:04}")


def test_no_more_are_told_apart_than_there_is_room_for(one: Counted) -> None:
    for number in range(60):
        one.write(Entry(errors=[words(number)]))
    one.write(Entry(errors=[words(3)]), Entry(errors=[words(n) for n in range(100, 120)]))
    (rows,) = one.service.rows.query("SELECT COUNT(*) FROM integration_failure")
    assert rows == (2 * 21,), "of the hour and of the day"
    for period in ("24h", "30d"):
        first, *between, last = one.metrics(period)["byError"]
        assert (first["error"], first["count"]) == (words(3), 2)
        assert len(between) == 19
        assert (last["error"], last["count"]) == ("other", 41), "forty more, and the run that had twenty"


def test_the_rest_of_several_hours_is_other(one: Counted) -> None:
    for hour in range(3):
        one.write(*(Entry(hour * HOUR, errors=[words(100 * hour + n)]) for n in range(15)))
    *named, last = one.metrics("24h")["byError"]
    assert len(named) == 20
    assert (last["error"], last["count"]) == ("other", 25)
