"""The tables this service owns."""

import peewee

from koko_integrations.models.automation import TriggerLane, TriggerRule, TriggerRun, TriggerTask, TriggerTurn
from koko_integrations.models.base import OwnModel
from koko_integrations.models.connections import (
    ApiKey,
    Integration,
    IntegrationConnection,
    IntegrationLog,
    IntegrationsSchema,
    IntegrationUsage,
    PendingConnection,
)
from koko_integrations.models.events import (
    Delivery,
    Endpoint,
    Event,
    InboundAddress,
    InboundApp,
    InboundMessage,
    NotificationThread,
    RateWindow,
    ToolRequest,
)
from koko_integrations.models.metrics import IntegrationFailure, IntegrationMetric
from koko_integrations.models.work import FieldMapping, ImportedFile, Job, JobFile, SyncedItem, SyncLink, SyncState

OWN_MODELS: tuple[type[peewee.Model], ...] = tuple(OwnModel.__subclasses__())

__all__ = [
    "OWN_MODELS",
    "ApiKey",
    "Delivery",
    "Endpoint",
    "Event",
    "FieldMapping",
    "ImportedFile",
    "InboundAddress",
    "InboundApp",
    "InboundMessage",
    "Integration",
    "IntegrationConnection",
    "IntegrationFailure",
    "IntegrationLog",
    "IntegrationMetric",
    "IntegrationUsage",
    "IntegrationsSchema",
    "Job",
    "JobFile",
    "NotificationThread",
    "PendingConnection",
    "RateWindow",
    "SyncLink",
    "SyncState",
    "SyncedItem",
    "ToolRequest",
    "TriggerLane",
    "TriggerRule",
    "TriggerRun",
    "TriggerTask",
    "TriggerTurn",
]
