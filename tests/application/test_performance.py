"""The performance of a portfolio on real history: the simulated broker and the replay's prices of March 2020."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bot.bootstrap import open_runtime
from bot.runtime import Runtime
from bot.settings import Settings
from bot.work import Worker
from core.application.advance_market import advance_market
from core.application.compare_left_alone import Comparison, Lack
from core.application.decide_proposal import approve_proposal
from core.application.measured import Span
from core.application.move_cash import deposit
from core.application.read_performance import Performance, show_performance
from core.domain.ids import Symbol
from core.domain.membership import Member
from core.domain.money import ZERO
from core.domain.performance import Kept, Period
from core.domain.portfolio import Holdings, ManagedPortfolio
from core.domain.proposal import ProposalState
from tests.application.test_replay_walk import FIRST, _begin, _buy_first

D = Decimal


@dataclass
class Story:
    """A portfolio of play money that is carried through the replay."""

    runtime: Runtime
    worker: Worker
    member: Member
    managed: ManagedPortfolio

    async def walk(self, until: date) -> None:
        """Let sessions pass, whatever is told on the way."""

        async def work() -> bool:
            await self.worker.round()
            return False

        await advance_market(self.runtime.store, self.runtime.market, work, until=until)

    async def pay_in(self, amount: int) -> None:
        await deposit(
            self.runtime.store,
            self.runtime.brokers,
            self.runtime.clock,
            member=self.member,
            portfolio_id=self.managed.portfolio.id,
            amount=D(amount),
            key=f"pay {amount}",
        )

    async def approve(self) -> None:
        """Approve what is open, and carry it out."""
        async with self.runtime.store.read() as work:
            recent = await work.proposals.recent(self.managed.portfolio.id, 5)
        (proposal,) = [p for p in recent if p.state is ProposalState.OPEN]
        await approve_proposal(
            self.runtime.store,
            self.runtime.market,
            self.runtime.clock,
            member=self.member,
            proposal_id=proposal.id,
            revision=proposal.revision.number,
        )
        await self.worker.round()

    async def holdings(self) -> Holdings:
        return await self.runtime.brokers.of(self.managed.accounts[0]).holdings()

    async def closes(self, day: date) -> dict[Symbol, Decimal]:
        symbols = (await self.holdings()).positions
        batch = await self.runtime.market.history.history(list(symbols), [day])
        return {symbol: closes[day] for symbol, closes in batch.closes.items()}

    async def look(self, period: Period = Period.ALL) -> Performance:
        return await show_performance(
            self.runtime.store,
            self.runtime.brokers,
            self.runtime.market,
            member=self.member,
            portfolio_id=self.managed.portfolio.id,
            period=period,
        )


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    """From 3 February 2020 on."""
    settings = Settings(
        _env_file=None, data_dir=tmp_path, market_data="replay", replay_start=date(2020, 2, 3)
    )
    async with open_runtime(settings) as runtime:
        member, current = await _begin(runtime, FIRST)
        await _buy_first(runtime, member, current)
        worker = Worker(runtime)
        await worker.round()
        yield Story(runtime, worker, member, current.portfolio)


async def test_without_trades_left_alone_is_the_same(story: Story) -> None:
    """the first check measured 10,000, the first plan was carried out, and nothing since"""
    found = await story.look()
    assert (found.span.is_new, len(found.span.values), found.gain) == (True, 1, ZERO)
    assert (found.by_time, found.by_money) == (None, None)
    assert found.against is Lack.NOT_INVESTED
    await story.walk(date(2020, 2, 6))
    found = await story.look()
    assert found.against is Lack.NOTHING_TRADED
    assert found.began is not None
    assert found.ended is not None
    assert found.began.value == 10_000
    assert abs((found.by_time or ZERO) - (found.ended.value / 10_000 - 1)) < D("1e-9")
    assert [view.proposal.id for view in found.proposals] == [1]
    unknown = replace(found, span=Span(found.span.values, None, is_new=True))
    assert (unknown.moved, unknown.gain, unknown.by_time, unknown.by_money) == (None,) * 4


async def test_money_paid_in_is_no_gain_and_trading_is_held_against_leaving_it_alone(
    story: Story,
) -> None:
    """
    QUAL 30 · USMV 30 · CASH 40 of 10,000 · 5,000 come on 14 February · what is proposed is approved
    -> on 16 March: what the broker says, at closes; left alone: what there was, grown by the deposit; and a month
    begins with the last value before it
    """
    await story.walk(date(2020, 2, 14))
    begun = await story.holdings()
    await story.pay_in(5_000)
    await story.walk(date(2020, 2, 20))
    await story.approve()
    await story.walk(date(2020, 3, 16))
    found = await story.look()
    assert found.moved == (D(5_000), ZERO)
    assert found.began is not None
    assert found.ended is not None
    assert found.gain == found.ended.value - 15_000
    assert found.by_time is not None
    assert found.by_money is not None
    assert D("-0.25") < found.by_money < found.by_time < 0
    await _is_what_the_broker_says(story, found, begun)
    month, year = await story.look(Period.MONTH), await story.look(Period.YEAR_TO_DATE)
    assert (month.span.is_new, month.span.values[0].session) == (False, date(2020, 2, 14))
    assert (year.span.is_new, year.by_time) == (True, found.by_time)


async def _is_what_the_broker_says(story: Story, found: Performance, begun: Holdings) -> None:
    against = found.against
    assert isinstance(against, Comparison)
    held = await story.holdings()
    closes = await story.closes(against.until)
    assert abs(against.held - Kept(held.cash, held.positions).worth(closes)) < D("0.05")
    kept = Kept(begun.cash, begun.positions)
    then = await story.closes(date(2020, 2, 14))
    alone = kept.times(1 + 5_000 / kept.worth(then)).worth(closes)
    assert abs(against.alone - alone) < alone * D("0.002")
    assert against.difference == against.held - against.alone
    assert against.traded == sum(len(o.fills) for v in found.proposals[1:] for o in v.orders)
