"""Harvesting of losses: a lot that has lost is sold, and a substitute of its line bought with it; later the way back.

A loss counts only where the same is not bought within 30 days before or after the sale (``core.domain.tax.wash``), so
the substitute is kept until the 31st day at least.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from core.domain.ids import AccountId, PortfolioId, ProposalId, Symbol
from core.domain.lots import Lot, quantity_of
from core.domain.money import ZERO
from core.domain.plan import Plan, Reason, ReasonCode, Trade
from core.domain.proposal import Cause

PAIRED = frozenset({ReasonCode.HARVESTED, ReasonCode.SWITCHED})
"""The reasons of a sale that is one of a pair; its reason names the symbol that is bought with it."""


LOSSES_SLOT = "harvest"
"""The slot under which it is kept that losses were looked for in a session: a note beside the check that did."""


@dataclass(frozen=True, slots=True)
class HarvestTerms:
    """From which loss on a harvest is worth asking for.

    ``least_loss`` is money, of all lots of a position together; ``least_percent`` of what a lot cost. ``coming`` are
    the symbols that somebody in the household is about to buy: a loss of theirs would be washed.
    """

    least_loss: Decimal = ZERO
    least_percent: Decimal = ZERO
    coming: frozenset[Symbol] = frozenset()


@dataclass(frozen=True, slots=True)
class WayBack:
    """One switch back that is wanted: ``quantity`` shares of ``held`` are to become ``wanted`` again.

    ``lots`` are the names of the lots to be sold where an account can choose; ``most_tax`` is the most that the sale
    may be taxed with, in money (None: whatever it is).
    """

    account: str
    held: Symbol
    wanted: Symbol
    quantity: Decimal
    lots: tuple[str, ...] = ()
    most_tax: Decimal | None = None


class SwitchState(StrEnum):
    """Whether a switch back is still to be offered."""

    WAITING = "waiting"
    STAYED = "stayed"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Switch:
    """What a harvest left to be switched back: ``sold`` at a loss on a day, ``bought`` in its place.

    ``saves`` is what the loss is worth in tax at the policy's rates, in money. ``look_from`` is the day from which the
    way back is looked for; ``offered`` is the proposal that offered it last. ``id`` is given by the store.
    """

    portfolio_id: PortfolioId
    account_id: AccountId
    proposal_id: ProposalId
    sold: Symbol
    bought: Symbol
    sold_on: date
    saves: Decimal
    look_from: date
    state: SwitchState = SwitchState.WAITING
    offered: ProposalId | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class TradedPair:
    """A sale of a plan with the purchase that belongs to it."""

    sale: Trade
    purchase: Trade


def pairs_of(plan: Plan) -> tuple[TradedPair, ...]:
    """The pairs of a plan, in the order of their sales; none for a plan that rebalances."""
    buys = {(trade.account, trade.symbol, trade.reason.symbol): trade for trade in plan.buys}
    pairs = []
    for sale in plan.sells:
        if sale.reason.code in PAIRED and sale.reason.symbol is not None:
            purchase = buys.get((sale.account, sale.reason.symbol, sale.symbol))
            if purchase is not None:
                pairs.append(TradedPair(sale, purchase))
    return tuple(pairs)


def ways_back_again(plan: Plan) -> tuple[WayBack, ...]:
    """What a plan that switches back asked for, to be planned again; never more than before."""
    return tuple(
        WayBack(
            pair.sale.account,
            pair.sale.symbol,
            pair.purchase.symbol,
            pair.sale.quantity,
            tuple(dict.fromkeys(part.lot.name for part in pair.sale.lots if part.lot.name)),
        )
        for pair in pairs_of(plan)
    )


def wanted_back(switches: Sequence[Switch], account: str, lots: Iterable[Lot]) -> WayBack | None:
    """The way back of switches of one pair; None where nothing of what was bought is left.

    What is sold are the lots of the substitute bought since the first sale: with it, and while it stood in.
    """
    first = switches[0]
    since = min(switch.sold_on for switch in switches)
    left = [
        lot
        for lot in lots
        if lot.symbol == first.bought and lot.acquired is not None and lot.acquired >= since
    ]
    quantity = quantity_of(left)
    if quantity <= ZERO:
        return None
    names = tuple(dict.fromkeys(lot.name for lot in left if lot.name))
    most = sum((switch.saves for switch in switches), ZERO)
    return WayBack(account, first.bought, first.sold, quantity, names, most)


@dataclass(frozen=True, slots=True)
class Later:
    """A switch that is looked for again from a day on; ``reason`` is said where it was left because of its tax."""

    switch: Switch
    look_from: date
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class TaxLook:
    """What a scheduled check came to that looked for taxes: what its plan is for, and what becomes of each switch.

    ``for_losses``: losses were looked for, so that the date for it is kept.
    """

    for_losses: bool = False
    cause: Cause | None = None
    offered: tuple[Switch, ...] = ()
    later: tuple[Later, ...] = ()
    over: tuple[Switch, ...] = ()
