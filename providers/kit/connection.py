"""What a provider is given to act for a team, and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """OAuth tokens, or the secret values that the user gave. Never in a repr."""

    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_in_s: int | None = None
    """Lifetime left when the provider answered; the service turns it into a time."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_empty(self) -> bool:
        return not (self.access_token or self.refresh_token or self.secrets)


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The live side of an integration: its credentials and its public configuration."""

    credentials: Credentials
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What an authorization server gave for a code. `scopes` is None where the answer does not say."""

    credentials: Credentials
    scopes: tuple[str, ...] | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    """Configuration that the answer carries, such as the channel the user picked."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who the credentials are at the provider, proven by a call. `scopes` is None where the call does not say."""

    account_id: str
    account_name: str
    scopes: tuple[str, ...] | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    """Configuration that follows from the account, such as the site's address."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Something at the provider that a team may choose: a channel, a project, a site."""

    id: str
    name: str
    parent_name: str | None = None
    done: bool | None = None
    """Of a status: whether nothing is left to do in it."""
    type: str | None = None
    writable: bool | None = None
    """Of a field: what it takes, and whether Koko may write it."""


@dataclass(frozen=True, kw_only=True)
class Revocation:
    """Whether the provider took the credentials back, and if not, why."""

    revoked: bool
    reason: str = ""
