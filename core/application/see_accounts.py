"""See accounts: what brokers say of many accounts, each broker asked once."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.application.in_turns import in_turns
from core.application.read_tax import TaxReader, methods_at, read_typed_lots
from core.application.take_snapshot import (
    Needed,
    of_account,
    read_tradable,
    symbols_needed,
)
from core.application.write_sweep import CHUNK
from core.domain.earmark import Earmark
from core.domain.ids import AccountId, PortfolioId, Symbol
from core.domain.lots import Lot
from core.domain.money import ZERO
from core.domain.portfolio import (
    AT_ONCE,
    AccountSnapshot,
    Holdings,
    ManagedAccount,
    ManagedPortfolio,
    Settlement,
    Tradable,
    together,
)
from core.domain.refusals import (
    BrokerDown,
    NotBuiltYet,
)
from core.ports.broker import Brokers

log = logging.getLogger(__name__)


House = tuple[str, AccountId | None]


async def typed_lots(
    brokers: Brokers, parts: Iterable[ManagedAccount]
) -> dict[AccountId, tuple[Lot, ...]]:
    """The lots of the books that people keep; a book that cannot be read has none."""
    found: dict[AccountId, tuple[Lot, ...]] = {}
    for each in parts:
        try:
            lots = await read_typed_lots(brokers, each)
        except BrokerDown as refusal:
            log.warning("the lots of account %s: %s", each.account.id, refusal)
            continue
        if lots is not None:
            found[each.account.id] = lots
    return found


async def all_needed(
    ready: Iterable[ManagedPortfolio], holdings: Mapping[AccountId, Holdings]
) -> dict[PortfolioId, Needed]:
    """The symbols of which a look at each of these portfolios needs a price; those without all holdings are missing."""
    needed = {}
    async for managed in in_turns(ready, CHUNK):
        held = _together(managed, holdings)
        if held is not None and managed.targets is not None:
            needed[managed.portfolio.id] = symbols_needed(held, managed.targets, managed.policy)
    return needed


def _together(managed: ManagedPortfolio, holdings: Mapping[AccountId, Holdings]) -> Holdings | None:
    """What all accounts of a portfolio hold; None where one of them did not answer."""
    if any(account.id not in holdings for account in managed.accounts):
        return None
    return together(holdings[account.id] for account in managed.accounts)


async def all_tradable(
    brokers: Brokers, parts: Iterable[ManagedAccount], symbols: Sequence[Symbol]
) -> dict[House, Tradable]:
    """What each broker trades, asked once; of accounts kept by hand, each is asked."""
    """What each broker trades, asked through the first account that is answered: one alone may be locked out."""
    found: dict[House, Tradable] = {}
    for each in parts:
        house = house_of(brokers, each)
        if house in found:
            continue
        try:
            found[house] = await read_tradable(brokers, each, symbols)
        except (BrokerDown, NotBuiltYet) as refusal:
            log.warning("%s does not say what it trades: %s", house[0], refusal)
    return found


def house_of(brokers: Brokers, managed: ManagedAccount) -> House:
    """What says which symbols trade, and which in parts: the broker, or where people keep the book, each account."""
    account = managed.account
    try:
        is_by_hand = brokers.of(account).traits.fills_by_hand
    except NotBuiltYet:
        is_by_hand = False
    return account.broker, account.id if is_by_hand else None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the brokers and the store said of the accounts of a sweep, asked once for all of them."""

    brokers: Brokers
    holdings: Mapping[AccountId, Holdings]
    needed: Mapping[PortfolioId, Needed]
    tradable: Mapping[House, Tradable]
    settlements: Mapping[AccountId, Settlement]
    typed: Mapping[AccountId, tuple[Lot, ...]]
    taxes: TaxReader
    earmarks: Mapping[AccountId, Earmark]

    def of(self, each: ManagedAccount) -> AccountSnapshot:
        """What is known of an account, of the symbols of its portfolio; raises BrokerDown where one did not answer."""
        number = each.account.id
        held, tradable = self.holdings.get(number), self.tradable.get(house_of(self.brokers, each))
        if held is None or tradable is None:
            raise BrokerDown(each.account.broker, "it did not answer")
        needed = self.needed.get(
            each.portfolio.id
        )  # missing where another of its accounts has not answered
        asked = frozenset[Symbol]() if needed is None else frozenset(needed.every)
        taxes = self.taxes.of(each, self.typed.get(number), methods_at(self.brokers, each))
        mark = self.earmarks.get(number)
        return of_account(
            each,
            held,
            Tradable(tradable.in_parts & asked, tradable.never & asked),
            self.settlements.get(number, AT_ONCE),
            taxes,
            set_aside=ZERO if mark is None else mark.kept(held.cash),
        )
