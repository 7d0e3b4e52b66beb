"""The same contracts for every provider that sends webhooks: proven, or refused; kept once."""

import pytest

from tests.inbound.cases import CASES, Case, Sent
from tests.inbound.hall import Hall

EACH = pytest.mark.parametrize("case", CASES, ids=str)


def kept(hall: Hall, sent: Sent) -> int:
    return 0 if sent.target is None else len(hall.messages(sent.target))


@EACH
def test_what_is_proven_is_kept_once(hall: Hall, case: Case) -> None:
    sent = case.make(hall, 0)
    for _ in range(3):
        assert hall.send(sent.path, sent.body, sent.headers).status_code == case.status
    # What looks the same twice may have happened twice: nothing is lost.
    assert kept(hall, sent) == (sent.target is not None) * (1 if case.repeats else 3)


@pytest.mark.parametrize("case", [case for case in CASES if case.unread is not None], ids=str)
def test_an_altered_body(hall: Hall, case: Case) -> None:
    sent = case.make(hall, 0)
    if case.covers_body:
        assert hall.send(sent.path, sent.body.replace(b":", b": ", 1), sent.headers).status_code == 401
    else:
        # Its proof is that of the sender alone: what it says is looked at only to know where to look.
        assert hall.send(sent.path, b'{"no": "event"}', sent.headers).status_code == case.unread
    assert kept(hall, sent) == 0


@EACH
def test_an_altered_proof(hall: Hall, case: Case) -> None:
    sent = case.make(hall, 0)
    for unproven in case.unproven(sent):
        answer = hall.send(unproven.path, unproven.body, unproven.headers)
        assert (answer.status_code, answer.content) == (case.refused, b"")
    assert kept(hall, sent) == 0


@EACH
def test_altered_times(hall: Hall, case: Case) -> None:
    sent = case.make(hall, 0)
    for name in case.times:
        was = sent.headers[name]
        other = str(int(was) + 1) if was.isdecimal() else f"{was}2"
        for value in (other, "", "now"):
            assert hall.send(sent.path, sent.body, {**sent.headers, name: value}).status_code == 401, (name, value)
    assert kept(hall, sent) == 0


@pytest.mark.parametrize("case", [case for case in CASES if case.has_time], ids=str)
@pytest.mark.parametrize(("in_s", "fits"), [(-299, True), (-301.5, False), (298, True), (302, False)])
def test_the_window(hall: Hall, case: Case, in_s: float, fits: bool) -> None:
    sent = case.make(hall, in_s)
    assert hall.send(sent.path, sent.body, sent.headers).status_code == (case.status if fits else 401)
    assert kept(hall, sent) == (fits and sent.target is not None)


@EACH
def test_another_address(hall: Hall, case: Case) -> None:
    """An address that is not there, and another integration's."""
    sent = case.make(hall, 0)
    slug = sent.path.split("/")[2]
    answer = hall.send(f"/webhooks/{slug}/AAAAAAAAAAAAAAAAAAAAAAAA", sent.body, sent.headers)
    assert (answer.status_code, answer.content) == (case.unknown_status, b"")
    _, foreign = hall.custom()
    answer = hall.send(f"/webhooks/custom/{foreign}", sent.body, sent.headers)
    assert answer.status_code == (401 if slug != "custom" else 200)
    if slug != "custom":
        answer = hall.send(f"/webhooks/{slug}/{foreign}", sent.body, sent.headers)
        assert answer.status_code == case.unknown_status
    assert kept(hall, sent) == 0


@EACH
def test_too_large(hall: Hall, case: Case) -> None:
    sent = case.make(hall, 0)
    assert hall.send(sent.path, b"{" * (1024 * 1024 + 1), sent.headers).status_code == 413
