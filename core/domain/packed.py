"""Packed: what a sweep reads of very many portfolios, a few texts each instead of objects for every line.

The texts are exactly what is stored, so that nothing is rounded here; ``core.planning.sieve`` makes numbers of them.
Symbols, numbers and amounts have no commas in them.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from core.domain.ids import ChatId, HouseholdId, PortfolioId
from core.domain.policy import Policy


class PackedHoldings(NamedTuple):
    """What an account holds: usable cash, and positions as symbols and shares, in one order, separated by commas.

    Both texts are empty where there is no position. No cash is bound, and nothing is on its way.
    """

    cash: str
    symbols: str
    quantities: str


class PackedTargets(NamedTuple):
    """One version of targets: its lines' instruments and weights in percent, in one order, separated by commas.

    An instrument is named by its number, CASH by ``NO_INSTRUMENT``.
    """

    instruments: str
    weights: str


NO_INSTRUMENT = "0"
"""What stands for the instrument of CASH."""


class PlainPortfolio(NamedTuple):
    """A portfolio of which the store knows nothing but one account, targets and policy: nothing stands against a look.

    It is not paused, has no substitutes, no rule for market conditions, no proposal that is not at its end, no hold,
    no cash set aside, and no switch that waits for its way back. ``targets_version`` and ``policy_version`` name the
    rows that count now. ``checked`` is the last session that was looked at, ``settled`` that of the last proposal
    after which a cool-down runs.
    """

    id: PortfolioId
    household_id: HouseholdId
    currency: str
    home_chat_id: ChatId | None
    broker: str
    broker_account_id: str
    targets_version: int
    policy_version: int
    policy: Policy
    checked: date | None
    settled: date | None
