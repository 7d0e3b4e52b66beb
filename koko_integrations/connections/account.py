"""What of an integration belongs to the account at the provider, and goes when another one takes its place."""

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.models import IntegrationConnection, Job, SyncedItem, SyncLink, SyncState

_OVERTAKE_SYNCS = Statement(
    Job.update({Job.epoch: Job.epoch + 1}).where(
        (Job.integration_id == param("id")) & (Job.kind == "sync") & (Job.status == "running")
    )
)
_CANCEL_FILES = Statement(
    Job.update({Job.cancel_requested: 1}).where(
        (Job.integration_id == param("id")) & (Job.kind != "sync") & Job.status.in_(("queued", "running"))
    )
)
_FORGET_WATCH = Statement(
    IntegrationConnection.update({IntegrationConnection.watched_from: None}).where(
        IntegrationConnection.integration_id == param("id")
    )
)
_OF_THE_ACCOUNT = [
    Statement(model.delete().where(model.integration_id == param("id"))) for model in (SyncState, SyncedItem, SyncLink)
]


def forget_watch(tx: Transaction, integration_id: str) -> None:
    """The next sync learns anew what is in the watched folder already."""
    tx.change(_FORGET_WATCH, id=integration_id)


def forget_items(tx: Transaction, integration_id: str) -> None:
    """Forgets what was pulled from an account and linked to it: the integration has another one now. A sync that is at
    it is overtaken, and begins again; imports and exports end, as their files are of that account."""
    tx.change(_OVERTAKE_SYNCS, id=integration_id)
    tx.change(_CANCEL_FILES, id=integration_id)
    forget_watch(tx, integration_id)
    for statement in _OF_THE_ACCOUNT:
        tx.change(statement, id=integration_id)
