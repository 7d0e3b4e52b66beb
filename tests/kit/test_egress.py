"""The outgoing guard: pitfalls of addresses and of the ways to write them."""

import ipaddress

import pytest

from providers.kit.egress import EgressGuard
from providers.kit.errors import Rejected
from providers.kit.http import HttpClient

REFUSED = """
0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.255.255.255 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1
192.31.196.1 192.52.193.1 192.88.99.1 192.168.1.1 192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1
224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 168.63.129.16
:: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 100::1 2001::1 2001:db8::1 2002:7f00:1::
2620:4f:8000::1 3fff::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1
""".split()
ALLOWED = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1", "::ffff:1.1.1.1"]


@pytest.mark.parametrize("address", REFUSED)
def test_refused_addresses(address: str) -> None:
    with pytest.raises(Rejected):
        EgressGuard().check_address(address, encrypted=True)


@pytest.mark.parametrize("address", ALLOWED)
def test_public_addresses(address: str) -> None:
    EgressGuard().check_address(address, encrypted=True)
    with pytest.raises(Rejected):
        EgressGuard().check_address(address, encrypted=False)


def test_allowed_networks() -> None:
    guard = EgressGuard([ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("fd00::/8")])
    guard.check_address("127.0.0.1", encrypted=False)
    guard.check_address("::ffff:127.0.0.1", encrypted=False)
    guard.check_address("fd00::1", encrypted=False)
    with pytest.raises(Rejected):
        guard.check_address("10.0.0.1", encrypted=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user@example.com/",
        "https://user:pw@example.com/",
        "https://1.1.1.1\\@127.0.0.1/",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://example.com\t/",
        "https://example.com/\r\nHost: x",
        "https://[::1",
        "//example.com/",
        "example.com",
    ],
)
def test_refused_urls(url: str) -> None:
    with pytest.raises(Rejected):
        EgressGuard().check_url(url)


@pytest.mark.parametrize("url", ["https://example.com/", "https://example.com:8443/a?b=c", "https://[2606:4700::1]/"])
def test_plain_urls(url: str) -> None:
    EgressGuard().check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:9/",
        "https://localhost:9/",
        "https://2130706433:9/",
        "https://0x7f000001:9/",
        "https://0177.0.0.1:9/",
        "https://127.1:9/",
        "https://[::1]:9/",
        "https://[::ffff:127.0.0.1]:9/",
    ],
)
def test_the_client_judges_the_address_it_connects_to(url: str) -> None:
    with pytest.raises(Rejected) as refused:
        HttpClient(EgressGuard()).request("Somebody", "GET", url)
    assert refused.value.message == "this address is not allowed: use a public https address"


def test_override_targets_are_the_operators_choice_and_only_by_the_meant_origin() -> None:
    client = HttpClient(EgressGuard(), {"https://api.example.com": "http://127.0.0.1:9"})
    assert client.target("https://api.example.com/a?b=c") == ("http://127.0.0.1:9/a?b=c", True)
    assert client.target("https://API.example.com/") == ("http://127.0.0.1:9/", True)
    assert client.target("https://api.example.com.evil.example/").trusted is False
    assert client.target("https://api.example.com:444/").trusted is False
    with pytest.raises(Rejected):
        client.request("Somebody", "GET", "http://127.0.0.1:9/")
