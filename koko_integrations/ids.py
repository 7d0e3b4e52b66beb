"""Ids are opaque text."""

import secrets


def new_id(prefix: str) -> str:
    """A random id: 120 bits behind a prefix that tells people what it names."""
    return f"{prefix}_{secrets.token_urlsafe(15)}"
