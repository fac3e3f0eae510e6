"""Earmarks: cash of an account that is to be taken out, and so is no part of what is managed until then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from core.domain.ids import AccountId, EarmarkId, MemberId, ProposalId
from core.domain.money import ZERO
from core.domain.order import Order
from core.domain.plan import Side
from core.domain.proposal import Proposal, ProposalState

KEPT_FOR = timedelta(days=14)
"""How long cash is set aside at most; nobody who forgets it stays uninvested for ever."""

GONE_BELOW = Decimal("0.9")
"""The part of an earmark below which its money counts as taken out: sales bring a little less, no fee takes a tenth."""

RAISED = frozenset(
    {
        ProposalState.EXECUTING,
        ProposalState.FROZEN,
        ProposalState.DONE,
        ProposalState.PARTIAL,
    }
)
"""Where the proposal of an earmark stands so, its money is there or on its way; else nothing is set aside."""


@dataclass(frozen=True, slots=True)
class Earmark:
    """Cash that a member wants to take out of an account, in the account's currency; at most one of an account counts.

    ``lapses_on`` is the last day, by the exchange's date, on which it counts. ``proposal_id`` is the plan that raises
    the money; None where it was there already.
    """

    id: EarmarkId
    account_id: AccountId
    amount: Decimal
    asked_at: datetime
    lapses_on: date
    member_id: MemberId
    proposal_id: ProposalId | None = None

    def kept(self, cash: Decimal) -> Decimal:
        """How much of an account's cash is set aside: the amount, or a little less where the sales brought less.

        0 where most of it is gone: then it was taken out, and what is left is managed again.
        """
        return min(self.amount, cash) if cash >= self.amount * GONE_BELOW else ZERO


def brought(proposal: Proposal, account_id: AccountId, orders: tuple[Order, ...]) -> Decimal:
    """The cash that an account has after a plan's orders, by its snapshot and the fills: never below 0."""
    cash = proposal.revision.snapshot.of(account_id).holdings.cash
    for order in orders:
        if order.account_id != account_id:
            continue
        sign = 1 if order.side is Side.SELL else -1
        commission = sum((fill.commission for fill in order.fills), ZERO)
        cash += sign * order.filled_value - commission
    return max(cash, ZERO)
