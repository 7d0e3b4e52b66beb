"""Reads what a store has."""

from koko_integrations.assets.store import StoredFile


def read_all(stored: StoredFile, step: int = 100_000) -> bytes:
    buffer = memoryview(bytearray(step))
    with stored:
        pieces = []
        while count := stored.readinto(buffer):
            pieces.append(bytes(buffer[:count]))
    assert all(len(piece) == step for piece in pieces[:-1])
    return b"".join(pieces)
