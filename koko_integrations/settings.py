"""Settings: the one place that reads the environment. Every problem is reported at once, none is guessed around."""

import base64
import binascii
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from koko_integrations import addresses
from providers.kit.app import AppCredentials
from providers.kit.egress import Network

T = TypeVar("T")

# better-auth falls back to this value when BETTER_AUTH_SECRET is missing: whoever knows it can forge sessions.
PUBLIC_AUTH_SECRET = "better-auth-secret-123456789"  # noqa: S105 - public, and refused
SERVICE_SECRET_MIN_CHARS = 16
MOST_CALLS_PER_HOUR = 1_000_000_000
LOG_LEVELS = ("debug", "info", "warning", "error")

_APP_NAME = re.compile(r"KOKO_PROVIDER_([A-Z0-9_]+?)_(CLIENT_ID|CLIENT_SECRET|SIGNING_SECRET)")
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class SettingsError(Exception):
    """The settings are wrong; `problems` holds one sentence for each, beginning with the setting's name."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("Koko Integrations cannot start:\n" + "\n".join(f"  - {problem}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class BunnyLibrary:
    """A video library at Bunny Stream."""

    id: str
    api_key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the service was told. Secrets are left out of the repr."""

    auth_secret: str = field(repr=False)
    encryption_keys: dict[str, bytes] = field(repr=False)
    """Key id to 32 key bytes; the first seals, all open."""
    database_url: str = field(default="sqlite:///var/koko.db", repr=False)
    jobs_database_url: str = field(default="sqlite:///var/koko-jobs.db", repr=False)
    service_keys: dict[str, str] = field(default_factory=dict, repr=False)
    service_jwks_url: str | None = None
    allowed_origins: frozenset[str] = frozenset()
    redirect_uris: frozenset[str] = frozenset()
    public_url: str = "http://127.0.0.1:8400"
    web_url: str = "http://127.0.0.1:8400"
    log_retention_days: int = 365
    job_retention_days: int = 30
    reads_per_hour: int = 2000
    writes_per_hour: int = 500
    service_calls_per_hour: int = 100_000
    provider_apps: dict[str, AppCredentials] = field(default_factory=dict)
    origin_overrides: dict[str, str] = field(default_factory=dict)
    egress_allow: tuple[Network, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    asset_store: str = field(default_factory=addresses.assets_beside_us)
    bunny: BunnyLibrary | None = None
    host: str = "127.0.0.1"
    port: int = 8400
    log_level: str = "info"


class _Reader:
    """Reads named values, collecting a problem for each that is wrong."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def required(self, name: str, parse: Callable[[str], T], hint: str, stand_in: T) -> T:
        if not self._environ.get(name):
            self.problems.append(f"{name} is missing: {hint}")
            return stand_in
        return self.optional(name, parse, stand_in)

    def optional(self, name: str, parse: Callable[[str], T], default: T) -> T:
        text = self._environ.get(name, "").strip()
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as problem:
            self.problems.append(f"{name}: {problem}")
            return default


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from `environ` (the process's environment by default).

    Raises SettingsError with every problem found.
    """
    environ = os.environ if environ is None else environ
    read = _Reader(environ)
    host = read.optional("KOKO_HOST", str, "127.0.0.1")
    port = read.optional("KOKO_PORT", _port, 8400)
    database_url = read.optional("KOKO_DATABASE_URL", _database_url, "sqlite:///var/koko.db")
    origins: list[str] = read.optional("KOKO_ALLOWED_ORIGINS", _items, [])
    public_url = read.optional("KOKO_PUBLIC_URL", addresses.base_url, f"http://{host}:{port}")
    settings = Settings(
        database_url=database_url,
        jobs_database_url=read.optional("KOKO_JOBS_DATABASE_URL", _database_url, jobs_beside(database_url)),
        auth_secret=read.required("KOKO_AUTH_SECRET", _auth_secret, "Koko's BETTER_AUTH_SECRET", ""),
        encryption_keys=read.required(
            "KOKO_ENCRYPTION_KEYS", _encryption_keys, "kid:base64 of 32 random bytes, comma-separated", {}
        ),
        service_keys=read.optional("KOKO_SERVICE_KEYS", _service_keys, {}),
        service_jwks_url=read.optional("KOKO_SERVICE_JWKS_URL", addresses.absolute_url, None),
        allowed_origins=read.optional("KOKO_ALLOWED_ORIGINS", _each(addresses.origin), frozenset()),
        redirect_uris=read.optional("KOKO_REDIRECT_URIS", _each(addresses.redirect_uri), frozenset()),
        public_url=public_url,
        web_url=read.optional("KOKO_WEB_URL", addresses.base_url, origins[0] if origins else public_url),
        log_retention_days=read.optional("KOKO_LOG_RETENTION_DAYS", _days, 365),
        job_retention_days=read.optional("KOKO_JOB_RETENTION_DAYS", _days, 30),
        reads_per_hour=read.optional("KOKO_READS_PER_HOUR", _calls, 2000),
        writes_per_hour=read.optional("KOKO_WRITES_PER_HOUR", _calls, 500),
        service_calls_per_hour=read.optional("KOKO_SERVICE_RATE_PER_HOUR", _calls, 100_000),
        provider_apps=_provider_apps(environ, read.problems),
        origin_overrides=read.optional("KOKO_ORIGIN_OVERRIDES", _origin_overrides, {}),
        egress_allow=read.optional("KOKO_EGRESS_ALLOW", _networks, ()),
        trusted_proxies=read.optional("KOKO_TRUSTED_PROXIES", _networks, ()),
        asset_store=read.optional("KOKO_ASSET_STORE", addresses.asset_store, addresses.assets_beside_us()),
        bunny=_bunny_library(environ, read.problems),
        host=host,
        port=port,
        log_level=read.optional("KOKO_LOG_LEVEL", _log_level, "info"),
    )
    if settings.database_url.split(":")[0] != settings.jobs_database_url.split(":")[0]:
        read.problems.append(
            "KOKO_JOBS_DATABASE_URL: must be of the same kind as KOKO_DATABASE_URL, SQLite or PostgreSQL"
        )
    if read.problems:
        raise SettingsError(read.problems)
    return settings


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _each(parse: Callable[[str], str]) -> Callable[[str], frozenset[str]]:
    return lambda text: frozenset(parse(item) for item in _items(text))


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) < 65536:
        raise ValueError("expected a port number from 0 to 65535")
    return int(text)


def _database_url(text: str) -> str:
    if not re.fullmatch(r"sqlite:///.+|postgres(ql)?://.+", text):
        raise ValueError("expected sqlite:///path/to/file.db or postgresql://user:password@host/database")
    return text


def jobs_beside(database_url: str) -> str:
    """PostgreSQL holds both; SQLite's file gets a second one beside it, as the engine has a writer of its own."""
    if not database_url.startswith("sqlite:"):
        return database_url
    path, dot, suffix = database_url.rpartition(".")
    return f"{path}-jobs.{suffix}" if dot and "/" not in suffix else f"{database_url}-jobs"


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 3650:
        raise ValueError("expected a number of days from 1 to 3650")
    return int(text)


def _calls(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_CALLS_PER_HOUR:
        raise ValueError(f"expected a number of calls from 1 to {MOST_CALLS_PER_HOUR}")
    return int(text)


def _auth_secret(text: str) -> str:
    if text == PUBLIC_AUTH_SECRET:
        raise ValueError("this is better-auth's public default, which lets anybody forge a session; use Koko's own")
    return text


def _encryption_keys(text: str) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for item in _items(text):
        key_id, separator, encoded = item.partition(":")
        if not separator or not _KEY_ID.fullmatch(key_id):
            raise ValueError("expected kid:base64, where kid is 1 to 32 letters, digits, - or _")
        if key_id in keys:
            raise ValueError(f"the key id {key_id} stands twice")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise ValueError(f"the key {key_id} is not base64") from None
        if len(key) != 32:
            raise ValueError(f"the key {key_id} has {len(key)} bytes, expected 32")
        keys[key_id] = key
    if not keys:
        raise ValueError("expected at least one key")
    return keys


def _service_keys(text: str) -> dict[str, str]:
    keys: dict[str, str] = {}
    for item in _items(text):
        name, separator, secret = item.partition(":")
        if not separator or not name:
            raise ValueError("expected name:secret pairs, comma-separated")
        if name in keys:
            raise ValueError(f"the service {name} stands twice")
        if len(secret) < SERVICE_SECRET_MIN_CHARS:
            raise ValueError(f"the secret of {name} is shorter than {SERVICE_SECRET_MIN_CHARS} characters")
        keys[name] = secret
    return keys


def _origin_overrides(text: str) -> dict[str, str]:
    overrides: dict[str, str] = {}
    for item in _items(text):
        meant, separator, actual = item.partition("=")
        if not separator:
            raise ValueError("expected https://meant.example=http://127.0.0.1:4010 pairs, comma-separated")
        overrides[addresses.origin(meant)] = addresses.origin(actual)
    return overrides


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(item) for item in _items(text))
    except ValueError as problem:
        raise ValueError(f"expected CIDRs such as 10.0.0.0/8, comma-separated: {problem}") from None


def _log_level(text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise ValueError(f"expected one of {', '.join(LOG_LEVELS)}")
    return text.lower()


def _provider_apps(environ: Mapping[str, str], problems: list[str]) -> dict[str, AppCredentials]:
    found: dict[str, dict[str, str]] = {}
    for name, value in environ.items():
        match = _APP_NAME.fullmatch(name)
        if match and value:
            found.setdefault(match[1], {})[match[2].lower()] = value
    apps = {}
    for slug, values in found.items():
        missing = [part for part in ("client_id", "client_secret") if part not in values]
        if missing:
            problems.extend(
                f"KOKO_PROVIDER_{slug}_{part.upper()} is missing, though others of {slug} are set" for part in missing
            )
            continue
        apps[slug.lower()] = AppCredentials(**values)
    return apps


def _bunny_library(environ: Mapping[str, str], problems: list[str]) -> BunnyLibrary | None:
    library_id = environ.get("KOKO_BUNNY_LIBRARY_ID", "").strip()
    api_key = environ.get("KOKO_BUNNY_API_KEY", "").strip()
    is_number = re.fullmatch("[0-9]+", library_id)
    if is_number and api_key:
        return BunnyLibrary(id=library_id, api_key=api_key)
    if library_id and not is_number:
        problems.append("KOKO_BUNNY_LIBRARY_ID: expected the library's number")
    elif library_id:
        problems.append("KOKO_BUNNY_API_KEY is missing, though KOKO_BUNNY_LIBRARY_ID is set")
    elif api_key:
        problems.append("KOKO_BUNNY_LIBRARY_ID is missing, though KOKO_BUNNY_API_KEY is set")
    return None
