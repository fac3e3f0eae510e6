"""Broker faults: what is told to people when a broker does not answer, or does not let us in."""

from __future__ import annotations

from core.domain.ladder import last_four
from core.domain.portfolio import Account
from core.domain.refusals import AccountLocked, BrokerDown
from core.ports.broker import BrokerError, NoAccess


def as_refusal(error: BrokerError, account: Account) -> BrokerDown:
    """The refusal of whatever needed an answer about an account."""
    return refusal_of(error, account.broker, last_four(account.broker_account_id))


def refusal_of(error: BrokerError, broker: str, last: str = "") -> BrokerDown:
    """The same where the account, known by its last four, is not one of ours yet.

    Trying again helps only where the broker is down; where it does not let us in, the operator has to do something.
    """
    if isinstance(error, NoAccess):
        return AccountLocked(broker, str(error), last, error.why)
    return BrokerDown(broker, str(error))
