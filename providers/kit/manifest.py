"""What a provider is, as data: what the catalogue shows, what it asks of the user, how its OAuth differs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Category = Literal["communication", "project_management", "storage", "creative", "automation"]
CATEGORIES: tuple[Category, ...] = ("communication", "project_management", "storage", "creative", "automation")


@dataclass(frozen=True)
class Feature:
    """Something a team gets, as the catalogue words it, and the scopes it cannot work without.

    Without an `optional` one, which is asked for all the same, the connection is as good as it was meant to be.
    """

    label: str
    scopes: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Field:
    """One value that `integration.connect` takes in `config` for this provider.

    A secret is sealed and masked. `alias` names the top-level input (apiKey, apiSecret) that may carry it instead.
    """

    name: str
    hint: str
    secret: bool = False
    required: bool = False
    kind: Literal["text", "flag", "url"] = "text"
    pattern: str | None = None
    alias: Literal["apiKey", "apiSecret"] | None = None


@dataclass(frozen=True)
class Rate:
    """At most `calls` requests in `seconds`."""

    calls: int
    seconds: int


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """`several` providers may be connected more than once per team, one connection per remote account."""

    slug: str
    name: str
    category: Category
    description: str
    features: tuple[Feature, ...]
    fields: tuple[Field, ...] = ()
    several: bool = False
    rate_per_app: Rate | None = None
    rate_per_connection: Rate | None = None
    removal_hint: str = ""
    """Where the user removes Koko at the provider, for providers that have no revocation."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """The union of what the features need, in order."""
        return tuple(dict.fromkeys(scope for feature in self.features for scope in feature.scopes))

    def features_off(self, granted: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Features that miss scopes, and which."""
        missing = {f.label: tuple(s for s in f.scopes if s not in granted) for f in self.features}
        return {label: scopes for label, scopes in missing.items() if scopes}


@dataclass(frozen=True, kw_only=True)
class OAuth2:
    """How a provider's OAuth 2.0 differs from RFC 6749: endpoints and quirks."""

    authorize_url: str
    token_url: str
    pkce: bool
    """Whether to send RFC 7636 parameters: providers that do not know them may refuse them."""
    refresh_url: str | None = None
    client_auth: Literal["basic", "body"] = "body"
    encoding: Literal["form", "json"] = "form"
    scope_separator: Literal[" ", ","] = " "
    authorize_params: Mapping[str, str] = field(default_factory=dict)
    extra_scopes: tuple[str, ...] = ()
    """Asked for besides the features': who the user is, and a refresh token."""
