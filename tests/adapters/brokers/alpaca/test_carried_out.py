"""The main job with Alpaca as the broker and the source of prices: every order once, whatever happens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from core.adapters.brokers.registry import BrokerRegistry
from core.adapters.calendars.replay import ReplayCalendar
from core.adapters.clock import LiveMarketClock
from core.adapters.market_data.alpaca import AlpacaMarketData
from core.adapters.market_data.history import load_history
from core.adapters.store import SqlStore
from core.application.check_drift import request_rebalance
from core.application.create_portfolio import create_portfolio
from core.application.decide_proposal import approve_proposal
from core.application.desk import Desk
from core.application.enter import enter
from core.application.execute_proposal import execute_approved
from core.application.market import Market
from core.application.reconcile import reconcile
from core.application.set_targets import set_targets
from core.application.show_proposal import load_view
from core.domain.ids import ChatId, UserId
from core.domain.order import Order, OrderState
from core.domain.proposal import Proposal, ProposalState
from core.domain.targets import TargetAllocation
from core.ports.store import Chat
from tests.adapters.brokers.alpaca.stage import AGG, KEY, SECRET, SPY, Stage, staged
from tests.fakes.alpaca import faults
from tests.fakes.alpaca.faults import Fault
from tests.fakes.market_data import FakeMarketData
from tests.fakes.store import make_store


@dataclass
class Family:
    """An approved plan on a paper account: sell 30 of 80 SPY at 100, buy some 60 AGG at 50."""

    stage: Stage
    store: SqlStore
    desk: Desk
    proposal: Proposal

    async def carry_out(self, times: int = 1) -> ProposalState:
        """Work through what is due, as the running bot does every few seconds."""
        for _ in range(times):
            await reconcile(self.desk)
            await execute_approved(self.desk)
            async with self.store.read() as work:
                proposal = await work.proposals.get(self.proposal.id)
            if proposal is not None and proposal.state is not ProposalState.EXECUTING:
                break
        assert proposal is not None
        return proposal.state

    async def orders(self) -> tuple[Order, ...]:
        return (await load_view(self.store, self.proposal.id)).orders


@asynccontextmanager
async def family(
    folder: Path, *, multiplier: int = 4, seconds: float = 10.0
) -> AsyncIterator[Family]:
    async with staged(seconds=seconds, cash="2000", multiplier=multiplier) as stage:
        stage.server.requests_a_minute = 100_000
        time = stage.exchange.time
        stage.hold(SPY, "80")
        prices = AlpacaMarketData(KEY, SECRET, stage.server.origin, time)
        days = [d for d in load_history().sessions if d.year == 2020 and d >= date(2020, 3, 1)]
        market = Market(prices, LiveMarketClock(time), ReplayCalendar(days), FakeMarketData())
        store = await make_store(folder)
        desk = Desk(store, BrokerRegistry({"alpaca": stage.house}), market, time, holder="test:1")
        proposal = await approved(store, desk)
        yield Family(stage, store, desk, proposal)
        await store.aclose()
        await prices.close()


async def approved(store: SqlStore, desk: Desk) -> Proposal:
    entered = await enter(
        store, desk.clock, user_id=UserId(1), name="Anna", allowed=frozenset({1}), code=None
    )
    chat = Chat(ChatId(1), "private", "Anna")
    current = await create_portfolio(
        store,
        desk.brokers,
        desk.clock,
        member=entered.member,
        name="Family",
        chat=chat,
        broker="alpaca",
    )
    portfolio_id = current.portfolio.portfolio.id
    targets = TargetAllocation.of({"SPY": 50, "AGG": 50})
    await set_targets(
        store,
        desk.market,
        desk.clock,
        member=entered.member,
        portfolio_id=portfolio_id,
        targets=targets,
    )
    result = await request_rebalance(
        store,
        desk.brokers,
        desk.market,
        desk.clock,
        member=entered.member,
        portfolio_id=portfolio_id,
        request_key="1",
    )
    assert result.proposal is not None, result
    decided = await approve_proposal(
        store,
        desk.market,
        desk.clock,
        member=entered.member,
        proposal_id=result.proposal.id,
        revision=1,
    )
    return decided.proposal


TROUBLE: dict[str, Callable[[], Fault | None]] = {
    "none": lambda: None,
    "F12 answer lost": faults.accept_then_drop,
    "F13 never arrived": faults.drop_before_recording,
    "F14 shows late": lambda: faults.late_visibility(looks=2),
    "F17 429": faults.too_many,
    "F18 504 after accepting": faults.accept_then_504,
    "F18 502 page": faults.proxy_page,
    "F18 500": faults.server_error,
    "F20 malformed": faults.malformed,
    "F20 truncated": faults.truncated,
    "F20 unknown state": faults.unknown_status,
    "F21 hangs": lambda: faults.hang(takes=True),
    "F21 hangs before": faults.hang,
}


@pytest.mark.parametrize("leg", [0, 1])
@pytest.mark.parametrize("name", TROUBLE)
async def test_every_leg_is_carried_out_once(tmp_path: Path, name: str, leg: int) -> None:
    """The trouble meets the sale (leg 0) or the purchase (leg 1)."""
    async with family(tmp_path, seconds=1.0 if "hangs" in name else 10.0) as anna:
        fault = TROUBLE[name]()
        if fault is not None:
            if leg == 1:
                calm = Fault(faults.Answer.REWRITE, takes=True, rewrite=lambda order: order)
                anna.stage.go_wrong(calm)
            anna.stage.go_wrong(fault)
        state = await anna.carry_out(times=6)
        assert state is ProposalState.DONE
        assert fault is None or fault.times == 0
        assert [order.status for order in anna.stage.orders] == ["filled", "filled"]
        ids = [order.client_order_id for order in anna.stage.orders]
        assert ids == [order.client_order_id for order in await anna.orders()]
        assert [order.state for order in await anna.orders()] == [OrderState.FILLED] * 2
        holdings = await anna.stage.broker.holdings()
        assert holdings.cash >= 0
        assert holdings.positions[SPY] == 50
        assert abs(holdings.positions[AGG] - 100) < 2


@pytest.mark.fault(19)
async def test_while_reads_fail_nothing_is_concluded(tmp_path: Path) -> None:
    async with family(tmp_path) as anna:
        anna.stage.go_wrong(faults.accept_then_drop())
        look_ups = faults.server_error(
            method="GET", path="/v2/orders:by_client_order_id", times=10_000
        )
        anna.stage.go_wrong(look_ups)
        await anna.carry_out()
        (sale,) = [o for o in await anna.orders() if o.state is not OrderState.INTENDED]
        assert sale.state is OrderState.UNKNOWN
        assert anna.stage.posts == 1
        anna.stage.server.faults.clear()
        assert await anna.carry_out(times=4) is ProposalState.DONE
        assert len(anna.stage.orders) == 2


@pytest.mark.fault(32)
async def test_a_reset_account_gets_no_order(tmp_path: Path) -> None:
    async with family(tmp_path) as anna:
        anna.stage.exchange.reset(anna.stage.money)
        await anna.carry_out(times=2)
        assert anna.stage.posts == 0


async def test_a_cash_account_pays_from_what_is_there(tmp_path: Path) -> None:
    async with family(tmp_path, multiplier=1) as anna:
        assert await anna.carry_out(times=4) is ProposalState.DONE
        assert anna.stage.money.cash >= 0
        assert anna.stage.money.held(anna.stage.exchange.assets["AGG"]) > Decimal(95)
