"""Broker faults: what is told to people when a broker does not answer, or does not let us in."""

from __future__ import annotations

from core.domain.ladder import last_four
from core.domain.refusals import AccountLocked, BrokerDown, Refusal
from core.ports.broker import BrokerError, NoAccess


def as_refusal(error: BrokerError, broker: str, broker_account_id: str = "") -> Refusal:
    """The refusal of whatever needed an answer; trying again helps only where the broker is down."""
    if isinstance(error, NoAccess):
        return AccountLocked(broker, last_four(broker_account_id), error.why)
    return BrokerDown(broker, str(error))
