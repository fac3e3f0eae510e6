"""The witness: before anything is sent, the broker's clock is held against ours, and its exchange against our calendar.

A clock that was set wrong would misjudge prices' age, approvals and sessions; an exchange may close unscheduled. In a
replay the witness goes by the replay's clock, and agrees.
"""

from __future__ import annotations

from datetime import timedelta

from core.application.broker_faults import as_refusal
from core.application.desk import Desk
from core.domain.portfolio import ManagedAccount
from core.domain.refusals import ClocksDisagree
from core.ports.broker import BrokerClock, BrokerError

MOST_APART = timedelta(seconds=30)
"""So far the clocks may be apart; what an answer takes on its way does not count."""


async def hear_witness(desk: Desk, managed: ManagedAccount) -> BrokerClock:
    """The broker's clock, which agrees with ours; raises ClocksDisagree, or BrokerDown where it does not answer."""
    account = managed.account
    before = await desk.market.clock.now()
    try:
        clock = await desk.brokers.of(account).clock()
    except BrokerError as error:
        raise as_refusal(error, account) from error
    after = await desk.market.clock.now()
    apart = max(before - clock.now, clock.now - after)
    if apart > MOST_APART:
        raise ClocksDisagree(account.broker, int(apart.total_seconds()))
    return clock
