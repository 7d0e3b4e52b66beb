"""Rate limits as callers meet them: koko.md, "Rate limits"."""

from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from tests.conftest import TEAM, People
from tests.service import ORIGIN, SERVICE_SECRET, START_MS, Service, running_service, settings_for

READS, WRITES, SERVICE_CALLS = 10, 5, 20
HOUR_END_S = (START_MS // 3_600_000 + 1) * 3600
LEFT_S = HOUR_END_S - START_MS // 1000
LIST = {"jsonrpc": "2.0", "id": 1, "method": "integration.list", "params": {"teamId": TEAM}}
# Refused for its input: counted all the same.
CONNECT = {"jsonrpc": "2.0", "id": 2, "method": "integration.connect", "params": {"teamId": TEAM, "provider": "slack"}}


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    """With limits that are soon reached."""
    limits = {"reads_per_hour": READS, "writes_per_hour": WRITES, "service_calls_per_hour": SERVICE_CALLS}
    with running_service(settings_for(database_url, **limits)) as running:
        yield running


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def service_token(service: Service, **claims: str) -> str:
    made = {"iss": "api", "aud": "koko-integrations", "exp": service.clock.now // 1000 + 200}
    return jwt.encode(made | claims, SERVICE_SECRET, algorithm="HS256")


def told(response: Any) -> tuple[int, int, int]:
    """Limit, remaining, reset."""
    limit, remaining, reset = (int(response.headers[f"x-ratelimit-{name}"]) for name in ("limit", "remaining", "reset"))
    return limit, remaining, reset


def codes(response: Any) -> list[str]:
    answers = response.json()
    answers = answers if isinstance(answers, list) else [answers]
    return [answer["error"]["data"]["code"] if "error" in answer else "OK" for answer in answers]


def use_up(service: Service, token: str, call: dict[str, Any] = LIST, times: int = READS) -> None:
    for _ in range(times):
        assert codes(service.post(call, **bearer(token))) != ["TOO_MANY_REQUESTS"]


def test_kokos_numbers(sqlite_url: str) -> None:
    with running_service(settings_for(sqlite_url)) as service:
        people = People(service)
        assert told(service.post(LIST, **bearer(people.admin))) == (2000, 1999, HOUR_END_S)
        assert told(service.post(CONNECT, **bearer(people.admin))) == (500, 499, HOUR_END_S)
        assert told(service.post(LIST, **bearer(service_token(service)))) == (100_000, 99_999, HOUR_END_S)


def test_over_the_limit(service: Service, people: People) -> None:
    for number in range(READS):
        answer = service.post(LIST, **bearer(people.member))
        assert (answer.status_code, codes(answer)) == (200, ["OK"])
        assert told(answer) == (READS, READS - number - 1, HOUR_END_S)
        assert "retry-after" not in answer.headers
    refused = service.post(LIST, **bearer(people.member))
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == str(LEFT_S)
    assert told(refused) == (READS, 0, HOUR_END_S)
    assert refused.json() == {
        "jsonrpc": "2.0",
        "id": 1,
        "error": {
            "code": -32029,
            "message": f"That was too much for one hour; try again in {-(-LEFT_S // 60)} minutes",
            "data": {
                "code": "TOO_MANY_REQUESTS",
                "httpStatus": 429,
                "path": "integration.list",
                "retryAfter": LEFT_S,
                "limit": READS,
                "window": 3600,
            },
        },
    }
    service.clock.advance(s=LEFT_S - 1)
    answer = service.post(LIST, **bearer(people.member))
    assert codes(answer) == ["TOO_MANY_REQUESTS"]
    assert answer.headers["retry-after"] == "1"
    service.clock.advance(s=1)
    assert told(service.post(LIST, **bearer(people.member))) == (READS, READS - 1, HOUR_END_S + 3600)


def test_a_person_has_one_allowance_however_they_come(service: Service, people: People) -> None:
    other_session = service.add_session("member")
    acting = service_token(service, sub="member")
    for number, token in enumerate((people.member, other_session, acting)):
        answer = service.post(LIST, **bearer(token))
        assert told(answer)[:2] == (READS, READS - number - 1)
    cookie = service.post(LIST, cookie=f"better-auth.session_token={people.member}")
    assert told(cookie)[1] == READS - 4
    use_up(service, acting, times=READS - 4)
    for token in (people.member, other_session, acting):
        assert codes(service.post(LIST, **bearer(token))) == ["TOO_MANY_REQUESTS"]
    assert codes(service.post(LIST, **bearer(people.admin))) == ["OK"]


def test_reads_and_writes_are_counted_apart(service: Service, people: People) -> None:
    use_up(service, people.admin, CONNECT, WRITES)
    refused = service.post(CONNECT, **bearer(people.admin))
    assert codes(refused) == ["TOO_MANY_REQUESTS"]
    assert refused.json()["error"]["data"]["limit"] == WRITES
    assert told(service.post(LIST, **bearer(people.admin)))[:2] == (READS, READS - 1)


def test_services_have_a_class_of_their_own(service: Service, people: People) -> None:
    token = service_token(service)
    use_up(service, token, times=SERVICE_CALLS - 1)
    # Reads and writes alike.
    assert told(service.post(CONNECT, **bearer(token))) == (SERVICE_CALLS, 0, HOUR_END_S)
    for call in (LIST, CONNECT):
        assert codes(service.post(call, **bearer(token))) == ["TOO_MANY_REQUESTS"]
    assert codes(service.post(LIST, **bearer(people.member))) == ["OK"]


def test_each_service_by_itself(sqlite_url: str) -> None:
    keys = {"api": SERVICE_SECRET, "worker": SERVICE_SECRET}
    with running_service(settings_for(sqlite_url, service_keys=keys, service_calls_per_hour=SERVICE_CALLS)) as service:
        People(service)
        use_up(service, service_token(service), times=SERVICE_CALLS)
        assert codes(service.post(LIST, **bearer(service_token(service)))) == ["TOO_MANY_REQUESTS"]
        assert codes(service.post(LIST, **bearer(service_token(service, iss="worker")))) == ["OK"]


def test_a_koko_api_key_has_the_allowance_of_its_integration(service: Service, people: People) -> None:
    connected = service.call("integration.connect", {"teamId": TEAM, "provider": "zapier"}, token=people.admin)
    target = {"integrationId": connected["integration"]["id"]}
    status = {"jsonrpc": "2.0", "id": 1, "method": "integration.getStatus", "params": target}
    use_up(service, connected["apiKey"], status)
    assert codes(service.post(status, **bearer(connected["apiKey"]))) == ["TOO_MANY_REQUESTS"]
    assert told(service.post(status, **bearer(people.admin)))[:2] == (READS, READS - 1)


def test_every_call_of_a_batch_counts(service: Service, people: People) -> None:
    batch = [LIST | {"id": number} for number in range(7)]
    assert told(service.post(batch, **bearer(people.member)))[1] == READS - 7
    partly = service.post(batch, **bearer(people.member))
    assert partly.status_code == 200, "some of it was done"
    assert "retry-after" not in partly.headers
    assert sorted(codes(partly)) == ["OK"] * 3 + ["TOO_MANY_REQUESTS"] * 4
    assert [answer["id"] for answer in partly.json()] == list(range(7))
    assert told(partly) == (READS, 0, HOUR_END_S)
    refused = service.post(batch, **bearer(people.member))
    assert (refused.status_code, refused.headers["retry-after"]) == (429, str(LEFT_S))
    assert codes(refused) == ["TOO_MANY_REQUESTS"] * 7


def test_the_headers_tell_of_what_has_the_least_left(service: Service, people: People) -> None:
    # 9 of 10 reads are left, and 3 of 5 writes, in whatever order they are counted.
    assert told(service.post([CONNECT, LIST, CONNECT], **bearer(people.admin))) == (WRITES, 3, HOUR_END_S)
    # 4 of 10 reads, 2 of 5 writes: the same share. Then 1 of 10 and 1 of 5.
    service.post([LIST] * 5, **bearer(people.admin))
    assert told(service.post([CONNECT, *[LIST] * 3], **bearer(people.admin))) == (READS, 1, HOUR_END_S)


def test_refused_calls_count_once_it_is_known_whose_they_are(service: Service, people: People) -> None:
    for number, (params, code) in enumerate(
        [({"teamId": 5}, "BAD_REQUEST"), ({"teamId": "team-2"}, "NOT_FOUND"), ({"teamId": TEAM}, "OK")]
    ):
        answer = service.post(LIST | {"params": params}, **bearer(people.member))
        assert codes(answer) == [code]
        assert told(answer)[1] == READS - number - 1
    forbidden = CONNECT | {"params": {"teamId": TEAM, "provider": "make"}}
    use_up(service, people.member, forbidden, WRITES)
    assert codes(service.post(forbidden, **bearer(people.member))) == ["TOO_MANY_REQUESTS"]


def test_who_is_not_signed_in_is_not_counted(service: Service, people: People) -> None:
    calls: tuple[Any, ...] = (LIST, {"jsonrpc": "2.0", "id": 1, "method": "rpc.discover"}, LIST | {"method": "no"}, [])
    for call in calls:
        for _ in range(READS + 1):
            answer = service.post(call)
            assert codes(answer) != ["TOO_MANY_REQUESTS"]
            assert "x-ratelimit-limit" not in answer.headers


def test_what_is_no_call_does_not_hide_that_nothing_was_let_in(service: Service, people: People) -> None:
    use_up(service, people.member)
    mixed = service.post([LIST, LIST | {"method": "no.such"}], **bearer(people.member))
    assert (mixed.status_code, codes(mixed)) == (200, ["TOO_MANY_REQUESTS", "NOT_FOUND"])


def test_notifications_that_were_not_let_in(service: Service, people: People) -> None:
    use_up(service, people.member)
    silent = {name: value for name, value in LIST.items() if name != "id"}
    answer = service.post(silent, **bearer(people.member))
    assert (answer.status_code, answer.content) == (429, b"")
    assert answer.headers["retry-after"] == str(LEFT_S)
    assert service.post(silent, **bearer(people.admin)).status_code == 204


def test_pages_may_read_the_headers(service: Service, people: People) -> None:
    answer = service.post(LIST, **bearer(people.member), origin=ORIGIN)
    exposed = {name.strip() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert exposed == {
        "x-request-id",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "retry-after",
    }
    use_up(service, people.member, times=READS - 1)
    refused = service.post(LIST, **bearer(people.member), origin=ORIGIN)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (429, ORIGIN)


def test_a_restart_forgets_nothing(database_url: str) -> None:
    settings = settings_for(database_url, reads_per_hour=400)
    with running_service(settings) as service:
        member = People(service).member
        assert told(service.post([LIST] * 50, **bearer(member)))[1] == 350
        assert told(service.post(LIST, **bearer(member)))[1] == 349
    with running_service(settings) as service:
        assert told(service.post(LIST, **bearer(member)))[1] == 348


def test_the_document_says_what_a_call_is_counted_as(service: Service) -> None:
    document = service.call("rpc.discover")
    classes = {method["name"]: method["x-rate-class"] for method in document["methods"]}
    assert (classes["integration.list"], classes["integration.connect"]) == ("read", "write")
    assert document["components"]["errors"]["TOO_MANY_REQUESTS"]["code"] == -32029
