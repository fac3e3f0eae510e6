"""Sending time: when the orders of an approved plan may go."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.application.market import Market, Moment
from core.domain.proposal import Proposal, ProposalState

AFTER_OPEN = timedelta(minutes=5)
"""How long after the open a scheduled proposal starts, so that there are quotes of the day."""

UNDO = timedelta(seconds=10)
"""How long approved orders of real money wait, so that whoever tapped by mistake can take it back."""


def sends_at(
    market: Market, moment: Moment, *, at_open: bool, is_real: bool, veto: timedelta
) -> datetime | None:
    """When approved orders may go: at once (None), or by the market's clock, always while the exchange is open.

    They wait for the exchange to open where it is closed, or ``at_open`` for the next time that it opens; for the time
    in which anybody may object; and orders of real money, where nothing else holds them, for their undo. Where the
    exchange closes before that is over, they wait for its next session.
    """
    if at_open or not moment.is_open:
        first = next_open(market, moment)
        return max(first, in_session(market, moment, moment.now + veto))
    wait = max(veto, UNDO if is_real else timedelta(0))
    return in_session(market, moment, moment.now + wait) if wait else None


def next_open(market: Market, moment: Moment) -> datetime:
    """When orders may go that wait for the exchange to open, with quotes of the day by then."""
    session = moment.session
    if moment.is_open:
        session = market.calendar.next_after(session.date)
    return session.opens_at + AFTER_OPEN


def in_session(market: Market, moment: Moment, earliest: datetime) -> datetime:
    """The first time from ``earliest`` on at which the exchange is open, with quotes of the day by then."""
    session = moment.session
    if session.is_open_at(earliest) and moment.is_open:
        return earliest
    while earliest >= session.closes_at:
        session = market.calendar.next_after(session.date)
    return max(earliest, session.opens_at + AFTER_OPEN)


def is_undoable(proposal: Proposal) -> bool:
    """Whether a scheduled proposal waits only for its undo, and not for the exchange to open or for objections."""
    last, starts_at = proposal.last_decision, proposal.scheduled_for
    if proposal.state is not ProposalState.SCHEDULED or last is None or starts_at is None:
        return False
    return starts_at - last.market_at <= UNDO
