"""What `integration.connect` is asked, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from koko_integrations.integration import Integration


@dataclass(frozen=True, kw_only=True)
class ConnectRequest:
    """The validated input of `integration.connect`."""

    team_id: str
    provider: str
    auth_code: str | None = field(default=None, repr=False)
    redirect_uri: str | None = None
    state: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    api_secret: str | None = field(default=None, repr=False)
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class Connected:
    """What came of it. `auth_url` when the user has to consent first; `api_key` when Koko issued one: shown once."""

    integration: Integration
    auth_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
