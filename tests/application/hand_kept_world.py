"""The small world, with accounts that are kept by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from core.adapters.brokers.manual import ManualBrokerage
from core.adapters.brokers.registry import BrokerRegistry
from core.application.check_drift import request_rebalance
from core.application.check_result import CheckResult
from core.application.create_portfolio import BY_HAND, create_portfolio
from core.application.decide_proposal import approve_proposal
from core.application.desk import Desk
from core.application.hand_kept import hand_kept
from core.application.show_proposal import ProposalView, load_view
from core.application.type_holdings import type_holdings
from core.domain.book import Book, BookChange
from core.domain.ids import ChatId, PortfolioId, ProposalId, Symbol
from core.domain.lots import Lot
from core.domain.membership import Member
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import Proposal
from core.ports.hand_kept import HandKept
from core.ports.store import Chat
from tests.fakes.world import World, small_world


def holding(cash: str | None = None, *, everything: bool = False, **quantities: str) -> BookChange:
    """A change in plain words; a symbol with 0 is held no more."""
    lots = {
        Symbol(symbol): (Lot(Symbol(symbol), Decimal(quantity)),) if Decimal(quantity) else ()
        for symbol, quantity in quantities.items()
    }
    return BookChange(lots, None if cash is None else Decimal(cash), everything)


@dataclass
class HandKeptWorld:
    """Anna's portfolio whose account has no interface."""

    world: World
    house: ManualBrokerage
    desk: Desk
    anna: Member
    managed: ManagedPortfolio

    @property
    def id(self) -> PortfolioId:
        return self.managed.portfolio.id

    @property
    def account(self) -> HandKept:
        return hand_kept(self.desk.brokers, self.managed.accounts[0])

    async def type(self, change: BookChange, member: Member | None = None) -> Book:
        return await type_holdings(
            self.world.store,
            self.desk.brokers,
            self.world.clock,
            member=member or self.anna,
            portfolio_id=self.id,
            change=change,
        )

    async def ask(self, key: str = "1") -> CheckResult:
        return await request_rebalance(
            self.world.store,
            self.desk.brokers,
            self.world.market,
            self.world.clock,
            member=self.anna,
            portfolio_id=self.id,
            request_key=key,
        )

    async def approved(self) -> Proposal:
        """A proposal from what was typed, approved."""
        result = await self.ask()
        assert result.proposal is not None, result
        decided = await approve_proposal(
            self.world.store,
            self.world.market,
            self.world.clock,
            member=self.anna,
            proposal_id=result.proposal.id,
            revision=1,
        )
        return decided.proposal

    async def view(self, proposal_id: ProposalId) -> ProposalView:
        return await load_view(self.world.store, proposal_id)


@asynccontextmanager
async def hand_kept_world(folder: Path) -> AsyncIterator[HandKeptWorld]:
    """cash 100 · AAA 70 @ 100 target 50 · BBB 60 @ 50 target 50, typed at 11:00 on 9 March 2020."""
    async with small_world(folder) as world:
        house = ManualBrokerage(
            folder / "manual.db", world.prices, world.market.calendar, world.market_clock
        )
        brokers = BrokerRegistry({BY_HAND: house})
        desk = Desk(world.store, brokers, world.market, world.clock, holder="test:1")
        anna = await world.person()
        current = await create_portfolio(
            world.store,
            brokers,
            world.clock,
            member=anna,
            name="Family",
            chat=Chat(ChatId(anna.user_id), "private", anna.name),
            broker=BY_HAND,
        )
        await world.set_targets(anna, current.portfolio.portfolio.id, {"AAA": 50, "BBB": 50})
        made = HandKeptWorld(world, house, desk, anna, current.portfolio)
        await made.type(holding("100", AAA="70", BBB="60"))
        try:
            yield made
        finally:
            await house.close()
