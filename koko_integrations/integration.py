"""One integration as the service handles it: a row, read once with its connection's public half. No secrets in it."""

from typing import Any, NamedTuple

import orjson

from koko_integrations.models import Integration as Row
from koko_integrations.models import IntegrationConnection
from koko_integrations.rpc.wire import iso, present

NOTIFICATION_FLAGS = {"comment": "onComment", "approval": "onApproval", "upload": "onUpload"}
"""What notifyOn names, and how `notifications` spells it."""


class Integration(NamedTuple):
    """The columns of `integration` and `integration_connection` that may be looked at. Times are epoch ms."""

    id: str
    team_id: str
    provider: str
    provider_name: str
    provider_icon: str | None
    category: str
    status: str
    connected_by: str | None
    connected_at: int | None
    config_json: str
    scope_json: str
    token_expires_at: int | None
    last_sync_at: int | None
    last_sync_status: str | None
    sync_errors_json: str | None
    created_at: int
    updated_at: int
    auth_method: str | None
    credential_version: int
    account_json: str
    last_check_at: int | None
    last_check_error: str | None
    next_allowed_at: int | None
    next_sync_at: int | None

    @property
    def config(self) -> dict[str, Any]:
        parsed: dict[str, Any] = orjson.loads(self.config_json)
        return parsed

    @property
    def account_id(self) -> str | None:
        """Who the integration is or last was at the provider."""
        found: str | None = orjson.loads(self.account_json or "{}").get("id")
        return found

    @property
    def scope(self) -> list[str]:
        parsed: list[str] = orjson.loads(self.scope_json)
        return parsed

    def _config_to_wire(self) -> Any:
        """As it is stored; notifyOn in both of the API document's spellings."""
        if '"notifyOn"' not in self.config_json:
            return orjson.Fragment(self.config_json)
        config = self.config
        notify_on = config["notifyOn"]
        return config | {"notifications": {flag: what in notify_on for what, flag in NOTIFICATION_FLAGS.items()}}

    def to_wire(self) -> dict[str, Any]:
        """The API document's Integration."""
        return present(
            id=self.id,
            teamId=self.team_id,
            provider=self.provider,
            providerName=self.provider_name,
            providerIcon=self.provider_icon,
            category=self.category,
            status=self.status,
            connectedBy=self.connected_by,
            connectedAt=None if self.connected_at is None else iso(self.connected_at),
            config=self._config_to_wire(),
            scope=orjson.Fragment(self.scope_json),
            lastSyncAt=None if self.last_sync_at is None else iso(self.last_sync_at),
            lastSyncStatus=self.last_sync_status,
            syncErrors=None if self.sync_errors_json is None else orjson.Fragment(self.sync_errors_json),
            createdAt=iso(self.created_at),
            updatedAt=iso(self.updated_at),
        )


class Listed(NamedTuple):
    """What a list shows of an integration."""

    id: str
    provider: str
    provider_name: str
    status: str
    connected_at: int | None


LISTED_COLUMNS = (Row.id, Row.provider, Row.provider_name, Row.status, Row.connected_at)

COLUMNS = (
    Row.id,
    Row.team_id,
    Row.provider,
    Row.provider_name,
    Row.provider_icon,
    Row.category,
    Row.status,
    Row.connected_by,
    Row.connected_at,
    Row.config,
    Row.scope,
    Row.token_expires_at,
    Row.last_sync_at,
    Row.last_sync_status,
    Row.sync_errors,
    Row.created_at,
    Row.updated_at,
    IntegrationConnection.auth_method,
    IntegrationConnection.credential_version,
    IntegrationConnection.account,
    IntegrationConnection.last_check_at,
    IntegrationConnection.last_check_error,
    IntegrationConnection.next_allowed_at,
    IntegrationConnection.next_sync_at,
)
"""What to select, in the order of `Integration`'s members, for `Integration._make`."""
