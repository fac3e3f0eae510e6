"""All brokers of this installation, by name: each a house that keeps one account or many."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Protocol, runtime_checkable

from core.domain.ids import AccountId, Symbol
from core.domain.packed import PackedHoldings
from core.domain.portfolio import Account, Holdings
from core.domain.refusals import NotBuiltYet
from core.ports.broker import Broker, BrokerError

logger = logging.getLogger(__name__)


class Brokerage(Protocol):
    """A broker as a house: what each broker's adapter offers to the registry."""

    def account(self, broker_account_id: str) -> Broker:
        """One of its accounts."""
        ...

    async def open_account(self, currency: str) -> str:
        """Open an account where the house is embedded; else name the one of the credentials."""
        ...

    async def holdings(self, broker_account_ids: Collection[str]) -> Mapping[str, Holdings]:
        """The holdings of many of its accounts; those it does not know are missing."""
        ...

    async def fractionable(
        self, broker_account_id: str, symbols: Collection[Symbol]
    ) -> frozenset[Symbol]:
        """Those of the symbols that it trades in parts."""
        ...


@runtime_checkable
class PacksHoldings(Protocol):
    """A house that has the holdings of all its accounts at hand, and no account of a book that people keep."""

    async def packed_holdings(self, broker_account_ids: Collection[str]) -> PackedHoldings:
        """The holdings of very many of its accounts; those with an open order, and those it does not know, are missing.

        Raises BrokerUnavailable.
        """
        ...


class BrokerRegistry:
    """The houses by name, such as ``simulated``."""

    def __init__(self, houses: Mapping[str, Brokerage]) -> None:
        self._houses = dict(houses)

    def of(self, account: Account) -> Broker:
        """The broker of an account; raises NotBuiltYet."""
        return self._house(account.broker).account(account.broker_account_id)

    async def open_account(self, broker: str, currency: str) -> str:
        """Open an account, or name the one that the credentials belong to; raises NotBuiltYet."""
        return await self._house(broker).open_account(currency)

    async def holdings(self, accounts: Collection[Account]) -> Mapping[AccountId, Holdings]:
        """One request per house, all at once; accounts of a house that did not answer are missing."""
        by_house: dict[str, list[str]] = defaultdict(list)
        for account in accounts:
            by_house[account.broker].append(account.broker_account_id)
        answers = await asyncio.gather(*(self._held(name, ids) for name, ids in by_house.items()))
        held = dict(zip(by_house, answers, strict=True))
        return {
            account.id: held[account.broker][account.broker_account_id]
            for account in accounts
            if account.broker_account_id in held[account.broker]
        }

    async def packed_holdings(
        self, broker: str, broker_account_ids: Collection[str]
    ) -> PackedHoldings:
        """What a house that packs says of very many accounts; nothing of any other, or where it did not answer."""
        house: object = self._houses.get(broker)
        if not isinstance(house, PacksHoldings):
            return PackedHoldings()
        try:
            return await house.packed_holdings(broker_account_ids)
        except BrokerError as error:
            logger.warning("No holdings from “%s”: %s", broker, error)
            return PackedHoldings()

    async def fractionable(
        self, account: Account, symbols: Collection[Symbol]
    ) -> frozenset[Symbol]:
        """Those of the symbols that the account's broker trades in parts."""
        house = self._house(account.broker)
        return await house.fractionable(account.broker_account_id, symbols)

    async def _held(self, name: str, ids: list[str]) -> Mapping[str, Holdings]:
        if name not in self._houses:
            logger.warning("No holdings from “%s”: this installation does not have it.", name)
            return {}
        try:
            return await self._houses[name].holdings(ids)
        except BrokerError as error:
            logger.warning("No holdings from “%s”: %s", name, error)
            return {}

    def _house(self, name: str) -> Brokerage:
        if name not in self._houses:
            raise NotBuiltYet(f"the broker “{name}”")
        return self._houses[name]
