"""One account of the simulated broker, in the words of the port."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from core.adapters.brokers.own_house import HouseAccount
from core.domain.ids import Symbol
from core.domain.portfolio import Holdings
from core.ports.broker import BrokerAsset

if TYPE_CHECKING:
    from core.adapters.brokers.simulated.brokerage import SimulatedBrokerage


class SimulatedAccount(HouseAccount):
    """A Broker, and through it money can be moved, as the house is embedded."""

    _house: SimulatedBrokerage

    async def holdings(self) -> Holdings:
        """Usable cash and all positions."""
        name = (await self.account()).broker_account_id
        return (await self._house.holdings([name]))[name]

    async def assets(self, symbols: Collection[Symbol]) -> Mapping[Symbol, BrokerAsset]:
        """All symbols of the price source trade here; without a closed list, all that are asked."""
        known = await self._house.known_symbols()
        return {
            symbol: BrokerAsset(symbol, f"sim-{symbol}", symbol, True, self.traits.has_fractions)
            for symbol in symbols
            if known is None or symbol in known
        }
