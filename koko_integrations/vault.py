"""Encryption at rest: AES-256-GCM, a key id in every blob, each blob bound to the row and column it stands in.

A blob is `v1.<key id>.<nonce>.<ciphertext + tag>`, the last two in unpadded base64url. The nonce is 12 random bytes,
the tag 16 bytes (NIST SP 800-38D). The associated data are table, column, row id and team, so a blob that is moved
elsewhere does not open.
"""

import base64
import binascii
import json
import secrets
from dataclasses import dataclass

from Crypto.Cipher import AES

NONCE_BYTES = 12
TAG_BYTES = 16
_VERSION = "v1"


class VaultError(Exception):
    """A blob does not open: unknown key, another place, damaged or forged. Says which key id, never what was inside."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a blob stands."""

    table: str
    column: str
    row_id: str
    team_id: str

    def associated_data(self) -> bytes:
        # JSON, so that no two places give the same bytes.
        return json.dumps([self.table, self.column, self.row_id, self.team_id]).encode()


class Vault:
    """Seals with the first key, opens with any."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        if not keys:
            raise ValueError("a vault needs at least one key")
        self._keys = keys
        self.current_key_id = next(iter(keys))

    def __repr__(self) -> str:
        return f"Vault(keys={list(self._keys)})"

    def seal(self, place: Place, plaintext: str) -> str:
        nonce = secrets.token_bytes(NONCE_BYTES)
        cipher = AES.new(self._keys[self.current_key_id], AES.MODE_GCM, nonce=nonce, mac_len=TAG_BYTES)
        cipher.update(place.associated_data())
        ciphertext, tag = cipher.encrypt_and_digest(plaintext.encode())
        return f"{_VERSION}.{self.current_key_id}.{_encode(nonce)}.{_encode(ciphertext + tag)}"

    def open(self, place: Place, blob: str) -> str:
        """The plaintext. Raises VaultError."""
        version, key_id, nonce_text, body_text = _split(blob)
        key = self._keys.get(key_id)
        if version != _VERSION or key is None:
            raise VaultError(f"{place.table}.{place.column}: sealed with the key {key_id!r}, which is not configured")
        try:
            nonce, body = _decode(nonce_text), _decode(body_text)
            if len(nonce) != NONCE_BYTES or len(body) < TAG_BYTES:
                raise ValueError("wrong length")
            cipher = AES.new(key, AES.MODE_GCM, nonce=nonce, mac_len=TAG_BYTES)
            cipher.update(place.associated_data())
            return cipher.decrypt_and_verify(body[:-TAG_BYTES], body[-TAG_BYTES:]).decode()
        except (ValueError, binascii.Error):
            raise VaultError(f"{place.table}.{place.column}: the blob sealed with {key_id!r} does not verify") from None

    def is_current(self, blob: str) -> bool:
        """Whether the blob is sealed with the key that seals now."""
        return _split(blob)[1] == self.current_key_id


def _split(blob: str) -> tuple[str, str, str, str]:
    parts = blob.split(".")
    if len(parts) != 4:
        raise VaultError("not a sealed value")
    return parts[0], parts[1], parts[2], parts[3]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
