"""Money to be taken out: moved, set aside, or raised by a plan; and never invested before it is out."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.application.check_result import CheckResult, Outcome
from core.application.decide_proposal import reject_proposal
from core.application.execute_proposal import execute_approved
from core.application.request_withdrawal import (
    Withdrawal,
    keep_invested,
    request_withdrawal,
    take_out,
)
from core.application.resolve_frozen import check_again
from core.application.run_due_work import run_due_work
from core.application.schedule_checks import schedule_checks
from core.application.show_proposal import why_ended
from core.application.show_status import Status, show_status
from core.domain.ids import AccountId, ChatId, EarmarkId, PortfolioId
from core.domain.membership import Member, Role
from core.domain.outbox import MessageKind
from core.domain.permissions import Act
from core.domain.plan import ReasonCode
from core.domain.portfolio import Account
from core.domain.proposal import Cause, Proposal, ProposalState
from core.domain.refusals import (
    BadNumber,
    CannotRaise,
    EmptyAccount,
    NotAllowed,
    NotEnoughCash,
    NothingSetAside,
    PortfolioPaused,
    StillSetAside,
)
from core.domain.report import WhyEnded
from core.ports.broker import Broker, Dedup
from tests.application.acts import ask, decide, drifted, let_in, set_policy, told, view
from tests.fakes.broker import Mishap
from tests.fakes.world import TwinBrokers, World

CALM = {"AAA": 69, "BBB": 30, "CASH": 1}
"""What ``drifted`` holds, as targets: 100 cash, 7,000 AAA, 3,000 BBB."""


@dataclass
class Elsewhere:
    """A broker through which no cash can be moved: the fake one, without its way to do it."""

    inside: Any

    def __getattr__(self, name: str) -> Any:
        if name == "transfer":
            raise AttributeError(name)
        return getattr(self.inside, name)


class RealBrokers(TwinBrokers):
    """The world's brokers, none of which moves cash."""

    def of(self, account: Account) -> Broker:
        return Elsewhere(super().of(account))


def make_real(world: World) -> None:
    real = RealBrokers(world.broker)
    world.brokers = real
    world.desk = replace(world.desk, brokers=real)


async def want(
    world: World, member: Member, portfolio_id: PortfolioId, amount: int | str, key: str = "w1"
) -> Withdrawal:
    return await request_withdrawal(
        world.store,
        world.brokers,
        world.market,
        world.clock,
        member=member,
        portfolio_id=portfolio_id,
        amount=Decimal(amount),
        key=key,
        chat_id=ChatId(int(member.user_id)),
    )


async def raised(world: World, amount: int = 2000) -> tuple[Member, PortfolioId, Proposal]:
    """A withdrawal that was proposed, approved and carried out."""
    anna, portfolio_id = await drifted(world, CALM)
    proposal = proposal_of((await want(world, anna, portfolio_id, amount)).result)
    await decide(world, anna, proposal)
    await execute_approved(world.desk)
    return anna, portfolio_id, await world.proposal(proposal.id)


def proposal_of(result: CheckResult | None) -> Proposal:
    assert result is not None
    assert result.proposal is not None, result
    return result.proposal


async def status_of(world: World, member: Member, portfolio_id: PortfolioId) -> Status:
    return await show_status(
        world.store, world.brokers, world.market, member=member, portfolio_id=portfolio_id
    )


async def check_next_day(world: World) -> dict[Outcome, int]:
    await schedule_checks(world.store, world.market)
    world.pass_time(timedelta(days=1))
    return dict((await run_due_work(world.desk)).checks.counts)


async def test_cash_that_we_can_move_goes_out_at_once(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    assert await want(world, anna, portfolio_id, 40) == Withdrawal(left=Decimal(60))
    assert world.broker.cash == 60


async def test_money_that_is_not_there_is_raised_with_the_least_drift(world: World) -> None:
    """cash 100 · AAA 70 @ 100 target 69 · BBB 60 @ 50 target 30 · CASH target 1 -> sales that bring 1,900 at least"""
    anna, portfolio_id = await drifted(world, CALM)
    proposal = proposal_of((await want(world, anna, portfolio_id, 2000)).result)
    plan = proposal.revision.plan
    assert proposal.cause is Cause.WITHDRAWAL
    assert plan.reason.code is ReasonCode.WITHDRAWAL
    assert plan.buys == ()
    assert sum(trade.value for trade in plan.sells) >= 1900
    assert plan.after.portfolio_drift < Decimal("1.5")
    assert world.broker.cash == 100, "nothing moves before an approval"


async def test_what_was_raised_is_not_invested_before_it_is_out(world: World) -> None:
    anna, portfolio_id, proposal = await raised(world)
    assert proposal.state is ProposalState.DONE
    status = await status_of(world, anna, portfolio_id)
    assert status.set_aside == 2000
    assert status.drift is not None
    assert status.drift.total == Decimal(8100), "weights are of the rest"
    assert (await ask(world, anna, portfolio_id)).outcome is Outcome.ON_TARGET
    forced = await ask(world, anna, portfolio_id, "2", buy_only=True, force=True)
    bought = sum((t.value for t in forced.plan.trades), Decimal(0)) if forced.plan else 0
    assert bought <= world.broker.cash - 2000


async def test_a_scheduled_check_leaves_what_is_set_aside_alone(world: World) -> None:
    anna, portfolio_id, _ = await raised(world)
    await set_policy(world, anna, portfolio_id, cool_down=0)
    assert await check_next_day(world) == {Outcome.ON_TARGET: 1}


async def test_once_it_is_out_it_counts_no_more_whoever_forgets_to_say_so(world: World) -> None:
    """The cash has left at the broker; nothing is sold a second time to bring it back."""
    make_real(world)
    anna, portfolio_id, _ = await raised(world)
    world.broker.cash -= 2000
    assert (await status_of(world, anna, portfolio_id)).set_aside == 0
    assert (await ask(world, anna, portfolio_id)).outcome is Outcome.ON_TARGET


async def test_after_two_weeks_it_is_managed_again(world: World) -> None:
    anna, portfolio_id, _ = await raised(world)
    world.pass_time(timedelta(days=14))
    assert (await status_of(world, anna, portfolio_id)).set_aside == 2000
    world.pass_time(timedelta(days=1))
    status = await status_of(world, anna, portfolio_id)
    assert status.set_aside == 0
    assert status.drift is not None
    assert status.drift.breached, "too much cash"


async def test_taking_it_out_moves_it_once(world: World) -> None:
    anna, portfolio_id, proposal = await raised(world)
    earmark = (await view(world, proposal)).earmark
    assert earmark is not None
    before = world.broker.cash

    async def out() -> tuple[Decimal, Decimal | None]:
        gone, left = await take_out(
            world.store,
            world.brokers,
            world.clock,
            member=anna,
            portfolio_id=portfolio_id,
            earmark_id=earmark.id,
        )
        return gone.amount, left

    assert await out() == (Decimal(2000), before - 2000)
    with pytest.raises(NothingSetAside):
        await out()
    assert world.broker.cash == before - 2000
    assert (await status_of(world, anna, portfolio_id)).set_aside == 0


async def test_at_a_broker_elsewhere_cash_that_is_there_is_set_aside(world: World) -> None:
    make_real(world)
    anna, portfolio_id = await drifted(world)
    wish = await want(world, anna, portfolio_id, 60)
    assert wish.earmark is not None
    assert wish.earmark.lapses_on.isoformat() == "2020-03-23"
    assert (await status_of(world, anna, portfolio_id)).set_aside == 60
    with pytest.raises(StillSetAside):
        await want(world, anna, portfolio_id, 10)
    gone, left = await take_out(
        world.store,
        world.brokers,
        world.clock,
        member=anna,
        portfolio_id=portfolio_id,
        earmark_id=wish.earmark.id,
    )
    assert (gone.amount, left) == (Decimal(60), None)
    assert world.broker.cash == 100, "people move it themselves"


async def test_money_that_is_to_stay_is_managed_again(world: World) -> None:
    anna, portfolio_id, proposal = await raised(world)
    earmark = (await view(world, proposal)).earmark
    assert earmark is not None
    ben = await let_in(world, portfolio_id, Role.PROPOSER)
    for member, refusal in ((ben, NotAllowed), (anna, None), (anna, NothingSetAside)):
        keeping = keep_invested(
            world.store,
            world.clock,
            member=member,
            portfolio_id=portfolio_id,
            earmark_id=earmark.id,
        )
        if refusal is None:
            await keeping
        else:
            with pytest.raises(refusal):
                await keeping
    assert (await status_of(world, anna, portfolio_id)).set_aside == 0


async def test_nobody_ends_what_is_set_aside_in_a_portfolio_of_others(world: World) -> None:
    anna, _, proposal = await raised(world)
    other = await world.portfolio(anna, CALM, "Other")
    earmark = (await view(world, proposal)).earmark
    assert earmark is not None
    with pytest.raises(NothingSetAside):
        await keep_invested(
            world.store,
            world.clock,
            member=anna,
            portfolio_id=other.portfolio.portfolio.id,
            earmark_id=earmark.id,
        )


async def test_a_rejected_withdrawal_sets_nothing_aside(world: World) -> None:
    anna, portfolio_id = await drifted(world, CALM)
    proposal = proposal_of((await want(world, anna, portfolio_id, 2000)).result)
    await reject_proposal(
        world.store, world.market, world.clock, member=anna, proposal_id=proposal.id, revision=1
    )
    async with world.store.read() as work:
        today = (await world.market.moment()).today
        assert await work.earmarks.counting([AccountId(1)], today) == {}
    assert (await ask(world, anna, portfolio_id)).outcome is Outcome.ON_TARGET


async def test_a_scheduled_check_does_not_push_a_withdrawal_aside(world: World) -> None:
    anna, portfolio_id = await drifted(world, CALM)
    proposal = proposal_of((await want(world, anna, portfolio_id, 2000)).result)
    assert await check_next_day(world) == {Outcome.STILL_OPEN: 1}
    assert (await world.proposal(proposal.id)).state is ProposalState.OPEN


async def test_prices_that_moved_are_planned_for_again_with_the_money_still_raised(
    world: World,
) -> None:
    anna, portfolio_id = await drifted(world, CALM)
    proposal = proposal_of((await want(world, anna, portfolio_id, 2000)).result)
    await decide(world, anna, proposal)
    world.price(AAA=90)
    await execute_approved(world.desk)
    again = await world.proposal(proposal.id)
    assert again.revision.number == 2
    assert again.revision.plan.reason.code is ReasonCode.WITHDRAWAL
    await decide(world, anna, again, 2)
    await execute_approved(world.desk)
    assert world.broker.cash >= 2000


async def test_what_somebody_pays_in_meanwhile_is_set_aside_in_place_of_sales(world: World) -> None:
    """2,000 wanted and approved; 5,000 paid in, prices moved -> nothing is sold, and 2,000 not invested"""
    anna, portfolio_id = await drifted(world, CALM)
    proposal = proposal_of((await want(world, anna, portfolio_id, 2000)).result)
    await decide(world, anna, proposal)
    world.broker.cash += 5000
    world.price(AAA=98)
    await execute_approved(world.desk)
    ended = await world.proposal(proposal.id)
    assert (ended.state, why_ended(ended)) == (
        ProposalState.SUPERSEDED,
        WhyEnded.MONEY_IS_THERE,
    )
    assert [item.kind for item in await told(world)][-1:] == [MessageKind.REPORT]
    assert not world.broker.orders
    assert (await status_of(world, anna, portfolio_id)).set_aside == 2000


async def test_sales_that_brought_less_set_aside_less(world: World) -> None:
    anna, portfolio_id = await drifted(world, CALM)
    proposal = proposal_of((await want(world, anna, portfolio_id, 2000)).result)
    await decide(world, anna, proposal)
    world.broker.prices = {s: p * Decimal("0.997") for s, p in world.broker.prices.items()}
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    assert shown.earmark is not None
    assert shown.earmark.amount == min(Decimal(2000), world.broker.cash)
    assert (await status_of(world, anna, portfolio_id)).set_aside == shown.earmark.amount


async def test_what_was_in_doubt_and_came_after_all_is_set_aside_too(world: World) -> None:
    """cash 100, 2,000 to be taken out: one of two sales is frozen at first, and found filled later."""
    anna, portfolio_id = await drifted(world, CALM)
    proposal = proposal_of((await want(world, anna, portfolio_id, 2000)).result)
    await decide(world, anna, proposal)
    world.broker.dedup = Dedup.NONE
    world.broker.mishaps = deque([Mishap.LATE])
    world.broker.late_lookups = 1
    await execute_approved(world.desk)
    frozen = await view(world, proposal)
    assert frozen.proposal.state is ProposalState.FROZEN
    assert frozen.earmark is not None
    assert frozen.earmark.amount < 2000
    await check_again(world.desk, member=anna, proposal_id=proposal.id)
    await execute_approved(world.desk)
    done = await view(world, proposal)
    assert done.proposal.state is ProposalState.DONE
    assert done.earmark is not None
    assert done.earmark.amount == 2000


@pytest.mark.parametrize(("amount", "most"), [(10_100, 10_099), (50_000, 10_099)])
async def test_more_than_there_is_names_the_most(world: World, amount: int, most: int) -> None:
    anna, portfolio_id = await drifted(world, CALM)
    result = (await want(world, anna, portfolio_id, amount)).result
    assert result is not None
    refusal = result.refusal
    assert isinstance(refusal, CannotRaise)
    assert refusal.most >= most
    assert refusal.most + refusal.missing == amount


async def test_nearly_all_can_be_taken_out(world: World) -> None:
    """What changes hands is held against all that there is, not against the little that remains."""
    anna, portfolio_id = await drifted(world, CALM)
    proposal = proposal_of((await want(world, anna, portfolio_id, 9900)).result)
    assert proposal.revision.plan.turnover > 9700
    await decide(world, anna, proposal)
    await execute_approved(world.desk)
    assert (await world.proposal(proposal.id)).state is ProposalState.DONE
    assert world.broker.cash >= 9900


async def test_without_anything_there_is_nothing_to_raise(world: World) -> None:
    anna, portfolio_id = await drifted(world, CALM)
    world.hold(0)
    result = (await want(world, anna, portfolio_id, 10)).result
    assert result is not None
    assert isinstance(result.refusal, EmptyAccount)


async def test_without_targets_only_cash_can_be_taken_out(world: World) -> None:
    anna = await world.person()
    current = await world.portfolio(anna)
    world.hold(100, AAA=70)
    with pytest.raises(NotEnoughCash):
        await want(world, anna, current.portfolio.portfolio.id, 200)


async def test_a_paused_portfolio_raises_nothing(world: World) -> None:
    anna, portfolio_id = await drifted(world, CALM)
    async with world.store.begin() as work:
        await work.portfolios.set_paused(portfolio_id, paused=True)
    result = (await want(world, anna, portfolio_id, 2000)).result
    assert result is not None
    assert isinstance(result.refusal, PortfolioPaused)


async def test_who_may_only_look_asks_in_vain_and_an_amount_must_be_one(world: World) -> None:
    anna, portfolio_id = await drifted(world, CALM)
    ben = await let_in(world, portfolio_id, Role.VIEWER)
    for amount, act in ((2000, Act.ASK_FOR_MONEY), (60, Act.MOVE_CASH)):
        with pytest.raises(NotAllowed) as refused:
            await want(world, ben, portfolio_id, amount)
        assert refused.value.act is act, "which role it takes depends on what is there"
    make_real(world)
    with pytest.raises(NotAllowed) as refused:
        await want(world, ben, portfolio_id, 60)
    assert refused.value.act is Act.SET_ASIDE
    with pytest.raises(BadNumber):
        await want(world, anna, portfolio_id, -5)
    with pytest.raises(NothingSetAside):
        await take_out(
            world.store,
            world.brokers,
            world.clock,
            member=anna,
            portfolio_id=portfolio_id,
            earmark_id=EarmarkId(99),
        )
