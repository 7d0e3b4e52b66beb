"""Keeping to a provider's rate: waiting a little, refusing to wait long, each connection by itself."""

import pytest

from providers.kit.egress import EgressGuard
from providers.kit.errors import Transient
from providers.kit.http import HttpClient
from providers.kit.manifest import Feature, Manifest, Rate
from providers.kit.pacing import Pacer


def manifest(**rates: Rate) -> Manifest:
    return Manifest(
        slug="x",
        name="Example",
        category="storage",
        description="x",
        features=(Feature("x"),),
        **rates,  # type: ignore[arg-type]
    )


def test_a_long_wait_is_refused_and_said() -> None:
    pacer = Pacer(lambda _: None, longest_wait_s=5)
    pacer.set_rates(manifest(rate_per_connection=Rate(2, 60)))
    for _ in range(2):
        pacer.wait_for_room("Example", "Bearer a")
    with pytest.raises(Transient) as refused:
        pacer.wait_for_room("Example", "Bearer a")
    assert refused.value.retry_after_s is not None
    assert 50 < refused.value.retry_after_s <= 60
    # Another connection has its own room, another provider no limit.
    pacer.wait_for_room("Example", "Bearer b")
    for _ in range(100):
        pacer.wait_for_room("Somebody", "Bearer a")


def test_a_short_wait_is_waited() -> None:
    waits: list[float] = []

    class Waited(Exception):
        pass

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        raise Waited

    pacer = Pacer(sleep, longest_wait_s=5)
    pacer.set_rates(manifest(rate_per_app=Rate(3, 2)))
    for number in range(3):
        pacer.wait_for_room("Example", f"Bearer {number}")
    with pytest.raises(Waited):
        pacer.wait_for_room("Example", "Bearer 9")
    assert 0 < waits[0] <= 2


def test_the_client_asks_before_it_sends() -> None:
    client = HttpClient(EgressGuard(), {"https://api.example.com": "http://127.0.0.1:9"}, sleep=lambda _: None)
    client.pacer.set_rates(manifest(rate_per_app=Rate(1, 60)))
    client.pacer.wait_for_room("Example", "")
    with pytest.raises(Transient, match="as much as it allows"):
        client.request("Example", "POST", "https://api.example.com/")
