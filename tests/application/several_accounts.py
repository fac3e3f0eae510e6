"""A portfolio of two accounts at two brokers, for tests: a taxable one, and one in which taxes are deferred."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from core.application.add_account import add_account
from core.domain.ids import AccountId, PortfolioId, Symbol
from core.domain.membership import Member
from core.domain.order import Order, OrderState
from core.domain.proposal import Proposal, ProposalState
from core.domain.tax_treatment import TaxTreatment
from tests.application.acts import HALVES, ask, decide
from tests.fakes.broker import FakeBroker
from tests.fakes.world import World, small_world

AAA, BBB = Symbol("AAA"), Symbol("BBB")


@dataclass
class Household:
    """Anna's portfolio: AAA 50, BBB 50 over her first account and her IRA, each at a broker of its own."""

    world: World
    anna: Member
    portfolio_id: PortfolioId
    first: AccountId
    ira: AccountId
    other: FakeBroker

    @property
    def brokers(self) -> tuple[FakeBroker, FakeBroker]:
        """The broker of the first account, and that of the IRA."""
        return self.world.broker, self.other

    def hold(self, number: AccountId, cash: int, **positions: int) -> None:
        """Say what an account holds."""
        broker = self.world.broker if number == self.first else self.other
        broker.cash = Decimal(cash)
        broker.positions = {Symbol(s): Decimal(q) for s, q in positions.items()}

    async def proposed(self, key: str = "1", *, force: bool = False) -> Proposal:
        """A proposal that Anna asks for."""
        result = await ask(self.world, self.anna, self.portfolio_id, key, force=force)
        assert result.proposal is not None, result
        return result.proposal

    async def approved(self) -> Proposal:
        """The same, approved."""
        return (await decide(self.world, self.anna, await self.proposed())).proposal

    async def both_trade(self) -> None:
        """AAA 50 · cash 100 in each, of which a quarter is to stay: neither account can do it alone."""
        await self.world.set_targets(self.anna, self.portfolio_id, {"AAA": 25, "BBB": 75})
        for number in (self.first, self.ira):
            self.hold(number, 100, AAA=50)

    async def state(self, proposal: Proposal) -> ProposalState:
        """Where a proposal is now."""
        return (await self.world.proposal(proposal.id)).state

    async def orders(self, proposal: Proposal, number: AccountId) -> list[Order]:
        """A proposal's orders in one account."""
        async with self.world.store.read() as work:
            every = await work.orders.of_proposal(proposal.id)
        return [order for order in every if order.account_id == number]

    async def is_filled(self, proposal: Proposal, number: AccountId) -> bool:
        """Whether all of a proposal's orders in an account are filled."""
        placed = await self.orders(proposal, number)
        return all(order.state is OrderState.FILLED for order in placed)


@asynccontextmanager
async def two_accounts(folder: Path) -> AsyncIterator[Household]:
    """First: AAA 60 @ 100 · cash 100. IRA: AAA 30 · BBB 60 @ 50 · cash 100. Targets AAA 50 · BBB 50."""
    async with small_world(folder) as world:
        anna = await world.person()
        current = await world.portfolio(anna, HALVES)
        portfolio_id = current.portfolio.portfolio.id
        added = await add_account(
            world.store,
            world.brokers,
            world.clock,
            member=anna,
            portfolio_id=portfolio_id,
            name="IRA",
            broker=world.broker.name,
            treatment=TaxTreatment.TAX_DEFERRED,
        )
        account = added.account
        other = FakeBroker(
            account_id=account.broker_account_id,
            market_clock=world.market_clock,
            prices=world.broker.prices,
        )
        world.brokers.by_id[account.broker_account_id] = other
        first = current.portfolio.accounts[0].id
        home = Household(world, anna, portfolio_id, first, account.id, other)
        home.hold(first, 100, AAA=60)
        home.hold(account.id, 100, AAA=30, BBB=60)
        yield home
