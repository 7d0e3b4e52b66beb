"""The service's parts, put together: settings in, an `App` out. What serves it is asgi.py's."""

from pathlib import Path

from koko_integrations.access import Allowance, Authenticator, Gate
from koko_integrations.access.service_tokens import ServiceTokens
from koko_integrations.access.session_cookie import SessionSigner
from koko_integrations.app import App
from koko_integrations.assets.bunny import Bunny
from koko_integrations.assets.opening import open_store
from koko_integrations.clock import Clock
from koko_integrations.connections.asking import Asker
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
from koko_integrations.delivery.poster import Poster
from koko_integrations.delivery.senders import Senders
from koko_integrations.events.publishing import Publisher
from koko_integrations.events.recipients import Recipients
from koko_integrations.events.samples import Samples
from koko_integrations.inbound.custom import CustomAddresses
from koko_integrations.inbound.endpoint import InboundEndpoint
from koko_integrations.inbound.following import Followers
from koko_integrations.inbound.inbox import Inbox
from koko_integrations.inbound.subscriptions import Subscriptions
from koko_integrations.jobs.board import JobBoard
from koko_integrations.jobs.engine import DbosEngine, Engine
from koko_integrations.jobs.keeper import JobKeeper
from koko_integrations.jobs.liveness import liveness_of
from koko_integrations.jobs.runner import JobRunner
from koko_integrations.limits import RateLimiter
from koko_integrations.logbook import LogReader
from koko_integrations.mapping.mapper import FieldMapper
from koko_integrations.markers.exporting import MarkerExporter
from koko_integrations.metrics.reading import MetricsReader
from koko_integrations.notifications.notifier import ChannelNotifier
from koko_integrations.notifications.posting import ChannelPoster
from koko_integrations.notifications.scene import SceneReader
from koko_integrations.notifications.sharing import Sharer
from koko_integrations.notifications.unfurling import Unfurler
from koko_integrations.notifications.wording import NoticeMaker
from koko_integrations.outside import Outside
from koko_integrations.registry import Registry
from koko_integrations.retention import Retention
from koko_integrations.scripts.runner import ScriptRunner
from koko_integrations.settings import Settings, SettingsError
from koko_integrations.sync.requests import SyncRequests
from koko_integrations.sync.run import Parts
from koko_integrations.sync.runner import SyncRunner
from koko_integrations.sync.schedule import Scheduler
from koko_integrations.tools.choices import Choices
from koko_integrations.tools.commenting import Commenter
from koko_integrations.tools.tasking import TaskMaker
from koko_integrations.transfers.board import FileBoard
from koko_integrations.transfers.browsing import Browser
from koko_integrations.transfers.exporting import Exporter
from koko_integrations.transfers.importing import Importer
from koko_integrations.transfers.landing import Landing
from koko_integrations.transfers.requests import TransferRequests
from koko_integrations.transfers.watching import import_new_files
from koko_integrations.transfers.work import Parts as FileParts
from koko_integrations.triggers.actions.create_task import CreateTask
from koko_integrations.triggers.actions.mapped import FieldWorker
from koko_integrations.triggers.actions.send_notification import SendNotification
from koko_integrations.triggers.actions.update_status import UpdateStatus
from koko_integrations.triggers.actions.webhook import Webhook
from koko_integrations.triggers.conducting import Conductor
from koko_integrations.triggers.own_address import OwnAddress
from koko_integrations.triggers.planning import Planner
from koko_integrations.triggers.rehearsal import Rehearsal
from koko_integrations.triggers.running import Automation
from koko_integrations.triggers.setting import TriggerSetter
from koko_integrations.vault import Vault
from providers.kit.egress import EgressGuard
from providers.kit.http import HttpClient

DATA_DIR = Path("var")


def build_app(
    settings: Settings, database: Database, clock: Clock, outside: Outside, engine: Engine | None = None
) -> App:
    """The service's parts. Raises SettingsError for settings that name providers which do not exist."""
    http = HttpClient(EgressGuard(settings.egress_allow), settings.origin_overrides)
    registry = Registry(http, settings.provider_apps)
    if registry.unknown_apps:
        raise SettingsError(
            [f"KOKO_PROVIDER_{slug.upper()}_*: there is no such provider" for slug in registry.unknown_apps]
        )
    vault = Vault(settings.encryption_keys)
    limiter = RateLimiter(clock, database)
    live = LiveConnections(clock, database, vault, registry, outside)
    subscriptions = Subscriptions(clock, database, vault, registry, live, outside, settings.public_url)
    engine = engine or DbosEngine(settings.jobs_database_url)
    scripts = ScriptRunner()
    syncs = SyncRunner(Parts(clock, database, live, settings.web_url, scripts), registry, import_new_files)
    assets, staging = open_store(settings.asset_store, DATA_DIR)
    files = FileParts(clock, database, live, vault)
    bunny = None if settings.bunny is None else Bunny(http, settings.bunny.id, settings.bunny.api_key)
    imports = Importer(files, registry, staging, Landing(files, assets, staging, bunny))
    exports = Exporter(files, registry, assets)
    scenes, channel_poster = SceneReader(database), ChannelPoster(clock, database, live)
    maker = NoticeMaker(scenes, settings.web_url)
    runner = JobRunner(clock, database, {"sync": syncs, "import": imports, "export": exports})
    keeper = JobKeeper(clock, database, engine, liveness_of(settings.jobs_database_url, engine.executor), runner)
    poster = Poster(clock, http)
    notifier = ChannelNotifier(database, registry, scenes, maker, channel_poster)
    talking_back = CustomAddresses(vault, settings.public_url)
    webhooks = CustomWebhooks(clock, database, vault, http, registry, settings.public_url, talking_back)
    drain = Drain(clock, database, Senders(clock, database, vault, registry, live, poster, notifier), limiter)
    unfurler = Unfurler(registry, scenes, maker, channel_poster, settings.web_url)
    inbox = Inbox(clock, database, keeper, Followers(clock, registry), unfurler.unfurl, subscriptions.wake)
    inbound = InboundEndpoint(
        clock,
        database,
        vault,
        registry,
        limiter,
        inbox.wake,
        settings.public_url,
        settings.trusted_proxies,
    )
    asker = Asker(clock, database, live)
    # Not the drain's, which closes its own when the process ends: what is under way then is done to its end.
    trigger_poster = Poster(clock, http)
    actions = (
        CreateTask(
            clock,
            database,
            registry,
            asker,
            FieldWorker(database, scripts, asker, settings.web_url),
            settings.web_url,
        ),
        SendNotification(registry, asker, settings.web_url),
        UpdateStatus(database, registry, asker),
        Webhook(clock, trigger_poster),
    )
    planner = Planner(database, vault, registry, actions)
    automation = Automation(clock, database, Conductor(clock, database, planner), trigger_poster)
    return App(
        clock=clock,
        database=database,
        authenticator=Authenticator(
            SessionSigner(settings.auth_secret),
            ServiceTokens(clock, settings.service_keys, settings.service_jwks_url),
        ),
        gate=Gate(database, clock),
        limiter=limiter,
        allowance=Allowance(
            limiter, settings.reads_per_hour, settings.writes_per_hour, settings.service_calls_per_hour
        ),
        catalogue=Catalogue(registry, settings.public_url),
        connector=Connector(settings, clock, database, vault, http, registry, outside, subscriptions.wake),
        disconnector=Disconnector(clock, database, vault, registry, outside, live, subscriptions.leave),
        checker=Checker(clock, database, registry, live),
        configurer=Configurer(clock, database, registry, live, subscriptions.wake),
        live=live,
        resources=ResourceLister(registry, live),
        status=StatusReader(clock, database, registry, live.breaker),
        logs=LogReader(database),
        metrics=MetricsReader(clock, database),
        jobs=JobBoard(clock, database),
        keeper=keeper,
        scripts=scripts,
        mapper=FieldMapper(database, registry, live, scripts, settings.web_url),
        syncs=SyncRequests(clock, database, registry, keeper),
        browser=Browser(registry, live),
        files=FileBoard(database),
        transfers=TransferRequests(clock, database, registry, keeper),
        markers=MarkerExporter(database, registry),
        notifier=notifier,
        sharer=Sharer(clock, database, registry, scenes, maker, channel_poster),
        unfurler=unfurler,
        staging=staging,
        webhooks=webhooks,
        hooks=Hooks(clock, database, vault, http, registry),
        choices=Choices(database),
        commenter=Commenter(clock, database, registry),
        task_maker=TaskMaker(clock, database, registry, live, settings.web_url),
        pinger=Pinger(clock, database, registry, live, webhooks, poster),
        publisher=Publisher(clock, database, Recipients(registry), drain, automation),
        samples=Samples(clock, database),
        deliveries=DeliveryBoard(clock, database, drain),
        drain=drain,
        triggers=TriggerSetter(clock, database, vault, http, registry, live, planner, OwnAddress(settings)),
        rehearsal=Rehearsal(clock, database, planner),
        automation=automation,
        scheduler=Scheduler(clock, database),
        retention=Retention(clock, database, settings.log_retention_days, settings.job_retention_days),
        inbox=inbox,
        inbound=inbound,
        subscriptions=subscriptions,
    )
