"""A simulated broker with a market of its own, for its tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from core.adapters.brokers.simulated import FillRules, SimulatedBrokerage
from core.adapters.calendars.replay import ReplayCalendar
from core.adapters.market_data.history import load_history
from core.domain.ids import ClientOrderId, Symbol
from core.domain.plan import Side
from core.ports.broker import Broker, CashTransfers, OrderRequest
from tests.fakes.clock import FakeMarketClock
from tests.fakes.market_data import FakeMarketData

SPY = Symbol("SPY")
CALENDAR = ReplayCalendar(load_history().sessions)
FREE = FillRules(spread_bps=Decimal(0))


@dataclass
class World:
    """A house with its market, and as many accounts as a test opens."""

    folder: Path
    rules: FillRules

    def __post_init__(self) -> None:
        self.clock = FakeMarketClock()
        self.prices = FakeMarketData({"SPY": "100.00", "AGG": "50.00"}, self.clock)
        self.house = self.another_house()

    def another_house(self) -> SimulatedBrokerage:
        """The same database, opened anew as by another process."""
        return SimulatedBrokerage(
            self.folder / "broker.db", self.prices, CALENDAR, self.clock, self.rules
        )

    async def account(self, cash: str = "10000") -> Broker:
        broker = self.house.account(await self.house.open_account("USD"))
        assert isinstance(broker, CashTransfers)
        await broker.transfer(Decimal(cash), "opening")
        return broker


Worlds = Callable[..., World]


def buy(quantity: str, *, limit: str | None = None, id_: str = "b") -> OrderRequest:
    price = None if limit is None else Decimal(limit)
    return OrderRequest(ClientOrderId(id_), SPY, Side.BUY, Decimal(quantity), price)


def sell(quantity: str, *, id_: str = "s") -> OrderRequest:
    return OrderRequest(ClientOrderId(id_), SPY, Side.SELL, Decimal(quantity), None)
