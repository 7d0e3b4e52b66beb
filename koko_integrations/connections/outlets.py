"""What is sent on behalf of an integration, and ends with its connection."""

from koko_integrations.database import Statement, Transaction, param
from koko_integrations.journal import write_news
from koko_integrations.models import Delivery, Endpoint, IntegrationConnection
from koko_integrations.models import Integration as Row

_CLOSE = Statement(
    Endpoint.update(
        {Endpoint.sealed: None, Endpoint.off_at: param("now"), Endpoint.next_due_at: None, Endpoint.degraded_at: None}
    ).where(Endpoint.integration_id == param("id"))
)
DEGRADED = Statement(
    Endpoint.select(Endpoint.degraded_at, Endpoint.last_error)
    .where((Endpoint.integration_id == param("id")) & Endpoint.degraded_at.is_null(False))
    .order_by(Endpoint.degraded_at)
    .limit(1)
)
_DROP_PENDING = Statement(
    Delivery.update({Delivery.status: "failed", Delivery.finished_at: param("now")}).where(
        (Delivery.integration_id == param("id")) & (Delivery.status == "pending")
    )
)

_REOPEN = Statement(
    Endpoint.update(
        {
            Endpoint.off_at: None,
            Endpoint.failures: 0,
            Endpoint.rests_until: 0,
            Endpoint.degraded_at: None,
            # Whoever sends there now knows the connection of before.
            Endpoint.lease_holder: None,
            Endpoint.lease_until: 0,
        }
    ).where((Endpoint.integration_id == param("id")) & (Endpoint.kind == "channel"))
)
_EXPLAIN = Statement(
    IntegrationConnection.update({IntegrationConnection.last_check_error: param("why")}).where(
        IntegrationConnection.integration_id == param("id")
    )
)
_SET_CONNECTED = Statement(
    Row.update({Row.status: "connected", Row.updated_at: param("now")}).where(
        (Row.id == param("id")) & (Row.status == "error")
    )
)


def close(tx: Transaction, integration_id: str, now: int) -> None:
    """Nothing is sent any more, and nothing is left to send with."""
    tx.change(_CLOSE, id=integration_id, now=now)
    tx.change(_DROP_PENDING, id=integration_id, now=now)


def reopen(tx: Transaction, integration_id: str) -> None:
    """The integration is connected again, and with it the channel that it is."""
    tx.change(_REOPEN, id=integration_id)


def explain(tx: Transaction, integration_id: str, why: str | None) -> None:
    """What getStatus says of a connection that is lost."""
    tx.change(_EXPLAIN, id=integration_id, why=why)


def recover(tx: Transaction, integration_id: str, now: int) -> None:
    """What was given up answers again."""
    if tx.change(_SET_CONNECTED, id=integration_id, now=now):
        explain(tx, integration_id, None)
        write_news(tx, integration_id, "success", {"event": "connection recovered"}, now)
