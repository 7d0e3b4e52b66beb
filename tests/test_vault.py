"""Encryption at rest."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koko_integrations.vault import Place, Vault, VaultError

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
PLACE = Place("integration", "access_token", "int_1", "team-1")


@given(st.text())
def test_round_trip(plaintext: str) -> None:
    vault = Vault({"k1": OLD})
    assert vault.open(PLACE, vault.seal(PLACE, plaintext)) == plaintext


def test_the_form_of_a_blob() -> None:
    blob = Vault({"k1": OLD}).seal(PLACE, "secret")
    version, key_id, nonce, body = blob.split(".")
    assert (version, key_id) == ("v1", "k1")
    assert len(nonce) == 16, "12 bytes in base64url"
    assert len(body) == 30, "6 bytes of text and 16 of tag"
    assert "=" not in blob
    assert Vault({"k1": OLD}).seal(PLACE, "secret") != blob


@pytest.mark.parametrize(
    "elsewhere",
    [
        Place("integration", "refresh_token", "int_1", "team-1"),
        Place("integration_connection", "access_token", "int_1", "team-1"),
        Place("integration", "access_token", "int_2", "team-1"),
        Place("integration", "access_token", "int_1", "team-2"),
    ],
)
def test_a_blob_opens_only_in_its_place(elsewhere: Place) -> None:
    vault = Vault({"k1": OLD})
    with pytest.raises(VaultError):
        vault.open(elsewhere, vault.seal(PLACE, "secret"))


def test_any_key_opens_and_the_first_seals() -> None:
    blob = Vault({"k1": OLD}).seal(PLACE, "secret")
    both = Vault({"k2": NEW, "k1": OLD})
    assert both.open(PLACE, blob) == "secret"
    assert not both.is_current(blob)
    assert both.is_current(both.seal(PLACE, "secret"))
    with pytest.raises(VaultError, match="k1"):
        Vault({"k2": NEW}).open(PLACE, blob)
    with pytest.raises(VaultError):
        Vault({"k1": NEW}).open(PLACE, blob)


@pytest.mark.parametrize("blob", ["", "v1", "v1.k1.a.b", "v2.k1.AAAAAAAAAAAAAAAA.AAAA", "v1.k1.!.!", "a.b.c.d.e"])
def test_what_is_no_blob(blob: str) -> None:
    with pytest.raises(VaultError):
        Vault({"k1": OLD}).open(PLACE, blob)


@given(st.integers(min_value=0), st.binary(min_size=1, max_size=1))
def test_any_change_is_noticed(position: int, change: bytes) -> None:
    vault = Vault({"k1": OLD})
    blob = vault.seal(PLACE, "secret").encode()
    position %= len(blob)
    changed = blob[:position] + change + blob[position + 1 :]
    try:
        text = changed.decode()
    except UnicodeDecodeError:
        return
    if text == blob.decode():
        return
    try:
        opened = vault.open(PLACE, text)
    except VaultError:
        return
    # base64's last character has spare bits: another spelling of the same bytes.
    assert opened == "secret"


def test_keys_are_not_shown() -> None:
    key = os.urandom(32)
    assert repr(key)[2:-1] not in repr(Vault({"k1": key}))
