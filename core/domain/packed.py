"""Packed: what a sweep reads of very many portfolios, few long texts instead of objects for every line.

What is in the texts is exactly what is stored, so that nothing is rounded here; ``core.planning.sieve`` makes numbers
of it. Symbols, numbers and amounts have no commas in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from core.domain.ids import ChatId, HouseholdId, PortfolioId
from core.domain.policy import Policy


class PackedLines(NamedTuple):
    """Lines of many owners: the number of each line's owner, what the line is of, and how much.

    All three are in one order, separated by commas, and empty where there is no line.
    """

    owners: str = ""
    names: str = ""
    amounts: str = ""


class PackedAccount(NamedTuple):
    """An account of which nothing is bound or on its way: its number as an owner of positions, and its usable cash."""

    number: int
    cash: str


class PackedHoldings(NamedTuple):
    """What accounts hold: each by its broker's id, and the positions of all, as symbols and shares."""

    accounts: Mapping[str, PackedAccount] = {}
    positions: PackedLines = PackedLines()


NO_INSTRUMENT = 0
"""The number that stands for the instrument of CASH among lines of targets."""


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
