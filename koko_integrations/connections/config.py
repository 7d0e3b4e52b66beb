"""What `integration.connect` takes in `config`: the common settings, and the provider's own fields.

Secrets are taken out before anything is stored; what stays shows "••••" and the last four characters.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from koko_integrations.errors import BadRequest
from koko_integrations.integration import NOTIFICATION_FLAGS
from koko_integrations.rpc.fields import (
    Choice,
    Flag,
    Id,
    Input,
    IpNetwork,
    ListOf,
    Nested,
    Number,
    RecordOf,
    Text,
    Url,
    problems_by_path,
)
from providers.kit.manifest import Field, Manifest

MASK = "••••"
SHOWN_CHARS = 4
SHORTEST_SHOWN = 12
SYNC_INTERVAL_MINUTES = (5, 1440)
NOTIFY_ON = tuple(NOTIFICATION_FLAGS)
MOST_ALLOWED_IPS = 50
KOKO_STATUSES = ("open", "resolved")
"""What statusMapping maps: the states of a Koko comment."""


class Notifications(Input):
    """integration.configure's spelling of notifyOn."""

    onComment = Flag(required=True)
    onApproval = Flag(required=True)
    onUpload = Flag(required=True)


def common_fields() -> dict[str, ma.fields.Field[Any]]:
    """The API document's IntegrationConfig, less what is a secret or another procedure's."""
    shortest, longest = SYNC_INTERVAL_MINUTES
    return {
        "autoSync": Flag(),
        "syncInterval": Number(minimum=shortest, maximum=longest, whole=True),
        "channelId": Text(max_chars=256),
        "notifyOn": ListOf(Choice(NOTIFY_ON), max_items=len(NOTIFY_ON)),
        "notifications": Nested(Notifications()),
        # A target may be an address that was pasted.
        "projectMapping": RecordOf(Text(max_chars=2048)),
        "statusMapping": RecordOf(Text(max_chars=256)),
        "syncFolder": Text(max_chars=1024),
        "importOnUpload": Flag(),
        "projectId": Id(),
        # Whose webhooks are taken.
        "allowedIps": ListOf(IpNetwork(), max_items=MOST_ALLOWED_IPS),
    }


_SETTINGS = frozenset(common_fields())
OF_THE_ACCOUNT = frozenset({"channelId", "projectMapping", "statusMapping", "syncFolder"})


def mask(secret: str) -> str:
    """What may be shown of a secret: nothing of a short one."""
    return MASK + secret[-SHOWN_CHARS:] if len(secret) >= SHORTEST_SHOWN else MASK


def kept_settings(config: Mapping[str, Any], *, same_account: bool = True) -> dict[str, Any]:
    """What of a configuration outlives its connection: the team's settings, and nothing of the account. What names
    things in the account goes with it when the next one is another."""
    kept = _SETTINGS if same_account else _SETTINGS - OF_THE_ACCOUNT
    return {name: value for name, value in config.items() if name in kept}


class ConfigReader:
    """Reads one provider's `config`. Made once per provider."""

    def __init__(self, manifest: Manifest) -> None:
        self._fields = manifest.fields
        members = common_fields() | {
            field.name: _schema_field(field, required=field.required) for field in manifest.fields
        }
        public = {field.name: _schema_field(field, required=False) for field in manifest.fields if not field.secret}
        self._settings: Input = Input.from_dict(common_fields() | public)()  # type: ignore[assignment]
        self._everything: Input = Input.from_dict(members)()  # type: ignore[assignment]
        self._secret_names = frozenset(field.name for field in manifest.fields if field.secret)

    def read_changes(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """What of the settings is to change. Raises BadRequest."""
        return _load(self._settings, config)

    def read_settings(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The settings alone, for those who connect by consent. Raises BadRequest."""
        return _without_mappings(_load(self._settings, config))

    def read_keys(
        self, config: Mapping[str, Any], api_key: str | None, api_secret: str | None
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Public configuration and secrets. Raises BadRequest that names each wrong or missing field."""
        given = dict(config)
        for field in self._fields:
            value = {"apiKey": api_key, "apiSecret": api_secret, None: None}[field.alias]
            if value is not None:
                given.setdefault(field.name, value)
        loaded = _without_mappings(_load(self._everything, given))
        secrets = {name: loaded.pop(name) for name in self._secret_names if name in loaded}
        return loaded, secrets

    def masked(self, config: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
        """The configuration as it is stored and shown."""
        return dict(config) | {name: mask(secret) for name, secret in secrets.items()}

    def without_secrets(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration with not even the masks left."""
        return {name: value for name, value in config.items() if name not in self._secret_names}


def load(schema: Input, config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration as the schema has it. Raises BadRequest that names each wrong setting."""
    try:
        loaded: dict[str, Any] = schema.load(config)
    except ma.ValidationError as problem:
        fields = problems_by_path(problem.messages, "config")
        first = next(iter(fields))
        raise BadRequest(f"Invalid input: {first}: {fields[first][0]}", fields) from None
    return loaded


def _load(schema: Input, config: Mapping[str, Any]) -> dict[str, Any]:
    return _one_spelling(load(schema, config))


def _without_mappings(loaded: dict[str, Any]) -> dict[str, Any]:
    """As given. Raises BadRequest for what can only be checked once there is a connection."""
    for name in ("projectMapping", "statusMapping", "importOnUpload", "projectId"):
        if loaded.get(name):
            raise BadRequest.field(f"config.{name}", "Connect first, then set this by integration.configure")
    return loaded


def _one_spelling(loaded: dict[str, Any]) -> dict[str, Any]:
    """notifications as notifyOn. Raises BadRequest where both are given and differ."""
    if "notifyOn" in loaded:
        loaded["notifyOn"] = [what for what in NOTIFY_ON if what in loaded["notifyOn"]]
    flags = loaded.pop("notifications", None)
    if flags is not None:
        wanted = [what for what, flag in NOTIFICATION_FLAGS.items() if flags[flag]]
        if loaded.setdefault("notifyOn", wanted) != wanted:
            raise BadRequest.field("config.notifications", "Says something else than notifyOn; give one of them")
    return loaded


def _schema_field(field: Field, *, required: bool) -> ma.fields.Field[Any]:
    missing: dict[str, Any] = {"required": f"Required: {field.hint}"}
    if field.kind == "flag":
        return Flag(required=required, error_messages=missing)
    if field.kind == "url":
        return Url(required=required, error_messages=missing)
    checks: list[Any] = [_refuse_mask] if field.secret else []
    if field.pattern is not None:
        checks.append(_full_match(field))
    return Text(min_chars=1, max_chars=4096, required=required, validate=checks, error_messages=missing)


def _full_match(field: Field) -> ma.validate.Regexp:
    return ma.validate.Regexp(rf"\A(?:{field.pattern})\Z", error=f"Expected {field.hint}")


def _refuse_mask(value: str) -> None:
    if value.startswith(MASK):
        raise ma.ValidationError("This is the masked value that we show; enter the secret itself")
