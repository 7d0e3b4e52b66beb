"""`integration.test`: one real call with the stored credentials, timed."""

import time
from dataclasses import dataclass, field

from koko_integrations.clock import Clock
from koko_integrations.connections.credentials import lost, note_check, set_error
from koko_integrations.connections.live import LiveConnections, Used
from koko_integrations.database import Database, Statement, Transaction, param
from koko_integrations.errors import PreconditionFailed
from koko_integrations.integration import Integration
from koko_integrations.journal import count_calls, write_news
from koko_integrations.models import ApiKey
from koko_integrations.models import Integration as Row
from koko_integrations.registry import Registry
from koko_integrations.rpc.wire import dump_text as dump
from koko_integrations.rpc.wire import iso
from providers.kit.base import Proves
from providers.kit.connection import Identity
from providers.kit.errors import CredentialsRefused, ProviderError
from providers.kit.http import counting_calls

_SET_SCOPE = Statement(
    Row.update({Row.scope: param("scope"), Row.updated_at: param("now")}).where(
        (Row.id == param("id")) & (Row.scope != param("scope"))
    )
)
_CHANGE_STATUS = Statement(
    Row.update({Row.status: param("to"), Row.updated_at: param("now")}).where(
        (Row.id == param("id")) & (Row.status == param("was"))
    )
)
_LAST_USED = Statement(ApiKey.select(ApiKey.last_used_at).where(ApiKey.integration_id == param("id")))


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """Latency in whole milliseconds of the provider's answer; `errors` say what an admin can do."""

    success: bool
    latency_ms: int
    permissions: list[str]
    errors: list[str] = field(default_factory=list)


class Checker:
    """Checks connections and remembers what it saw."""

    def __init__(self, clock: Clock, database: Database, registry: Registry, live: LiveConnections) -> None:
        self._clock = clock
        self._database = database
        self._registry = registry
        self._live = live

    async def check(self, integration: Integration) -> CheckResult:
        """Raises PreconditionFailed for an integration that has nothing to check."""
        if integration.status not in ("connected", "error"):
            raise PreconditionFailed(f"{integration.provider_name} is not connected; connect it first")
        provider = self._registry.find(integration.provider)
        if integration.auth_method == "api_key" or not isinstance(provider, Proves):
            return await self._check_key(integration)
        started = time.perf_counter()
        identity: Identity | None = None
        failure: ProviderError | None = None
        used = Used(integration.credential_version)
        with counting_calls() as usage:
            try:
                identity = await self._live.use(integration, provider.whoami, insist=True, used=used)
            except ProviderError as error:
                failure = error
        latency_ms = round((time.perf_counter() - started) * 1000)
        scope = integration.scope
        if identity is not None and identity.scopes is not None:
            scope = list(identity.scopes)
        await self._remember(integration, used.version, failure, scope, usage.calls)
        off = provider.manifest.features_off(tuple(scope)) if identity is not None else {}
        errors = [f"{label} needs {', '.join(missing)}; connect again to grant it" for label, missing in off.items()]
        if failure is not None:
            errors.insert(0, failure.explained)
        return CheckResult(success=failure is None, latency_ms=latency_ms, permissions=scope, errors=errors)

    async def _remember(
        self, integration: Integration, version: int, failure: ProviderError | None, scope: list[str], api_calls: int
    ) -> None:
        def note(tx: Transaction) -> None:
            now = self._clock.now_ms()
            error = None if failure is None else failure.explained
            count_calls(tx, integration.id, api_calls, now)
            # What was seen of credentials that are no longer there says nothing of those that are.
            if not note_check(tx, integration.id, version, error, now):
                return
            tx.change(_SET_SCOPE, id=integration.id, scope=dump(scope), now=now)
            # A provider that is down says nothing about the credentials; one that refuses them does.
            if failure is None and tx.change(_CHANGE_STATUS, id=integration.id, was="error", to="connected", now=now):
                write_news(tx, integration.id, "success", {"event": "connection recovered"}, now)
            elif isinstance(failure, CredentialsRefused) and set_error(tx, integration.id, now):
                write_news(tx, integration.id, "failed", lost(failure.explained), now)

        await self._database.write(note)

    async def _check_key(self, integration: Integration) -> CheckResult:
        """For services that call us: the key exists, and when it was last used."""
        started = time.perf_counter()
        row = await self._database.read_one(_LAST_USED, id=integration.id)
        latency_ms = round((time.perf_counter() - started) * 1000)
        if row is None:
            errors = ["There is no Koko API key; disconnect and connect again to make one"]
        elif row[0] is None:
            errors = [f"The Koko API key has not been used yet; enter it in {integration.provider_name}"]
        else:
            errors = []
        permissions = [] if row is None or row[0] is None else [f"Koko API key, last used {iso(row[0])}"]
        return CheckResult(success=row is not None, latency_ms=latency_ms, permissions=permissions, errors=errors)
