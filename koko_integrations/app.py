"""The service's parts, put together once, and what a handler gets to see of them."""

from dataclasses import dataclass
from typing import Any

from koko_integrations.access import Actor, Allowance, Authenticator, Gate, Grant, Public
from koko_integrations.assets.staging import Staging
from koko_integrations.clock import Clock
from koko_integrations.connections.catalogue import Catalogue
from koko_integrations.connections.check import Checker
from koko_integrations.connections.configure import Configurer
from koko_integrations.connections.connect import Connector
from koko_integrations.connections.disconnect import Disconnector
from koko_integrations.connections.live import LiveConnections
from koko_integrations.connections.resources import ResourceLister
from koko_integrations.connections.status import StatusReader
from koko_integrations.database import Database
from koko_integrations.delivery.board import DeliveryBoard
from koko_integrations.delivery.custom import CustomWebhooks
from koko_integrations.delivery.drain import Drain
from koko_integrations.delivery.hooks import Hooks
from koko_integrations.delivery.pinging import Pinger
from koko_integrations.errors import BadRequest, Forbidden, NotFound
from koko_integrations.events.publishing import Publisher
from koko_integrations.events.samples import Samples
from koko_integrations.inbound.endpoint import InboundEndpoint
from koko_integrations.inbound.inbox import Inbox
from koko_integrations.inbound.subscriptions import Subscriptions
from koko_integrations.integration import Integration
from koko_integrations.jobs.board import JobBoard
from koko_integrations.jobs.keeper import JobKeeper
from koko_integrations.limits import RateLimiter
from koko_integrations.logbook import LogReader
from koko_integrations.mapping.mapper import FieldMapper
from koko_integrations.markers.exporting import MarkerExporter
from koko_integrations.metrics.reading import MetricsReader
from koko_integrations.notifications.notifier import ChannelNotifier
from koko_integrations.notifications.sharing import Sharer
from koko_integrations.notifications.unfurling import Unfurler
from koko_integrations.retention import Retention
from koko_integrations.rpc.dispatch import Request
from koko_integrations.rpc.procedure import Procedure
from koko_integrations.scripts.runner import ScriptRunner
from koko_integrations.sync.requests import SyncRequests
from koko_integrations.sync.schedule import Scheduler
from koko_integrations.tools.choices import Choices
from koko_integrations.tools.commenting import Commenter
from koko_integrations.tools.tasking import TaskMaker
from koko_integrations.transfers.board import FileBoard
from koko_integrations.transfers.browsing import Browser
from koko_integrations.transfers.requests import TransferRequests
from koko_integrations.triggers.rehearsal import Rehearsal
from koko_integrations.triggers.running import Automation
from koko_integrations.triggers.setting import TriggerSetter

NOBODY = Grant(Actor("nobody"), team_id="")


@dataclass(frozen=True, kw_only=True)
class App:
    """Everything a procedure may use."""

    clock: Clock
    database: Database
    authenticator: Authenticator
    gate: Gate
    limiter: RateLimiter
    allowance: Allowance
    catalogue: Catalogue
    connector: Connector
    disconnector: Disconnector
    checker: Checker
    configurer: Configurer
    live: LiveConnections
    resources: ResourceLister
    status: StatusReader
    logs: LogReader
    metrics: MetricsReader
    jobs: JobBoard
    keeper: JobKeeper
    syncs: SyncRequests
    scripts: ScriptRunner
    mapper: FieldMapper
    browser: Browser
    files: FileBoard
    transfers: TransferRequests
    markers: MarkerExporter
    notifier: ChannelNotifier
    sharer: Sharer
    unfurler: Unfurler
    staging: Staging
    webhooks: CustomWebhooks
    hooks: Hooks
    choices: Choices
    commenter: Commenter
    task_maker: TaskMaker
    pinger: Pinger
    publisher: Publisher
    samples: Samples
    deliveries: DeliveryBoard
    drain: Drain
    triggers: TriggerSetter
    rehearsal: Rehearsal
    automation: Automation
    scheduler: Scheduler
    retention: Retention
    inbox: Inbox
    inbound: InboundEndpoint
    subscriptions: Subscriptions

    async def enter(self, request: Request, procedure: Procedure["Call"], params: Any) -> tuple["Call", dict[str, Any]]:
        """Signed in? Input right? Role enough? Not too often? In this order, with one read of the database when all is
        well. What is refused counts as well, once it is known whose it is."""
        if isinstance(procedure.access, Public):
            return Call(self, request.id, NOBODY), procedure.load(params)
        principal = request.memo.get("principal")
        if principal is None:
            principal = request.memo["principal"] = await self.authenticator.principal(request.headers)
        try:
            loaded = procedure.load(params)
            grant = await self.gate.admit(principal, procedure.access, loaded)
        except (BadRequest, Forbidden, NotFound):
            await self.allowance.spend(request, await self.gate.sign_in(principal), procedure.rate_class)
            raise
        await self.allowance.spend(request, grant.actor, procedure.rate_class)
        return Call(self, request.id, grant), loaded


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a procedure, by a caller who may make it."""

    app: App
    request_id: str
    grant: Grant

    @property
    def actor(self) -> Actor:
        return self.grant.actor

    @property
    def team_id(self) -> str:
        return self.grant.team_id

    @property
    def integration(self) -> Integration:
        """The integration that the input names; only where the procedure's access names one."""
        assert self.grant.integration is not None, "the procedure has no IntegrationAccess"
        return self.grant.integration
