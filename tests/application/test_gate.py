"""The gate: real money moves only where everything permits it, at the approval and again at every order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest

from core.application.decide_proposal import approve_proposal, cancel_proposal
from core.application.execute_proposal import execute_approved
from core.application.gate import used_today
from core.application.propose import supersede
from core.application.sending_time import UNDO
from core.domain.ladder import LIVE_RUNGS, Barrier, Confirmation, TradingMode
from core.domain.membership import Member, Role
from core.domain.order import OrderState
from core.domain.portfolio import Account, Rung
from core.domain.proposal import Proposal, ProposalState
from core.domain.refusals import MayNotTrade, RiskLimit, TooLateToCancel
from core.domain.report import WhyNot
from core.domain.risk import Limits
from core.ports.broker import BrokerOrder, OrderRequest
from tests.application.acts import ask, drifted, let_in, set_policy, told, view
from tests.application.live_world import (
    NUMBER,
    account_of,
    approve,
    drifted_on,
    live_world,
    stand_on,
)
from tests.fakes.broker import FakeBroker
from tests.fakes.world import World

NOW_GOES = UNDO + timedelta(seconds=1)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with live_world(tmp_path) as made:
        yield made


async def sent_in_time(world: World) -> int:
    """Let the time for an undo pass, and carry out what is due."""
    world.pass_time(NOW_GOES)
    await execute_approved(world.desk)
    return len(world.broker.submits)


# --- real money moves where everything says so ---------------------------------------------------


@pytest.mark.parametrize("rung", sorted(LIVE_RUNGS))
async def test_with_everything_in_place_live_orders_go(world: World, rung: Rung) -> None:
    anna, proposal = await drifted_on(world, rung)
    await approve(world, anna, proposal)
    assert await sent_in_time(world) == 2
    assert (await world.proposal(proposal.id)).state is ProposalState.DONE


# --- at the approval -----------------------------------------------------------------------------


async def barred(world: World, member: Member, proposal: Proposal) -> str:
    with pytest.raises(MayNotTrade) as refused:
        await approve(world, member, proposal)
    assert (await world.proposal(proposal.id)).state is ProposalState.OPEN
    return refused.value.reason


@pytest.mark.fault(76)
async def test_without_a_gate_nothing_live_can_be_approved(world: World) -> None:
    anna, proposal = await drifted_on(world, Rung.LIVE)
    with pytest.raises(MayNotTrade):
        await approve_proposal(
            world.store,
            world.market,
            world.clock,
            member=anna,
            proposal_id=proposal.id,
            revision=1,
        )


@pytest.mark.fault(76)
async def test_the_installation_is_a_ceiling_for_every_account(world: World) -> None:
    anna, proposal = await drifted_on(world, Rung.LIVE)
    world.desk = replace(world.desk, mode=TradingMode.PAPER)
    assert await barred(world, anna, proposal) == Barrier.MODE_IS_PAPER


@pytest.mark.fault(76)
async def test_a_live_key_in_the_paper_slot_is_refused(world: World) -> None:
    anna, proposal = await drifted_on(world, Rung.BROKER_PAPER)
    assert await barred(world, anna, proposal) == Barrier.LIVE_KEY_ON_PAPER_RUNG


async def test_a_confirmation_grows_old(world: World) -> None:
    anna, proposal = await drifted_on(world, Rung.LIVE)
    world.clock.advance(timedelta(days=91))
    assert await barred(world, anna, proposal) == Barrier.CONFIRMATION_OLD


async def test_who_confirmed_must_still_be_an_owner(world: World) -> None:
    anna, proposal = await drifted_on(world, Rung.LIVE)
    await let_in(world, proposal.portfolio_id, Role.OWNER)
    await world.give_role(anna, proposal.portfolio_id, Role.APPROVER)
    assert await barred(world, anna, proposal) == Barrier.CONFIRMER_GONE


async def test_a_leg_over_the_cap_is_refused_by_name(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    result = await ask(world, anna, portfolio_id)
    assert result.proposal is not None
    await stand_on(world, anna, Rung.LIVE_CAPPED)
    world.desk = replace(world.desk, limits=Limits(live_cap_order=Decimal(300)))
    with pytest.raises(RiskLimit) as refused:
        await approve(world, anna, result.proposal)
    assert (refused.value.setting, refused.value.leg) == ("LIVE_CAP_ORDER", "1. sell AAA")


# --- between the approval and the order ----------------------------------------------------------


@pytest.mark.fault(76)
@pytest.mark.parametrize(
    "what", ["mode", "number", "keys", "confirmation", "demoted", "down", "silent"]
)
async def test_whatever_ends_after_the_approval_stops_the_orders(world: World, what: str) -> None:
    anna, proposal = await drifted_on(world, Rung.LIVE)
    await approve(world, anna, proposal)
    account = await account_of(world, anna)
    match what:
        case "mode":
            world.desk = replace(world.desk, mode=TradingMode.PAPER)
        case "number":
            world.broker.account_id = "111111111"
        case "keys":
            world.broker.is_live = False
        case "confirmation":
            async with world.store.begin() as work:
                await work.ladder.end_confirmation(account.id, world.clock.now())
        case "demoted":
            await world.give_role(anna, proposal.portfolio_id, Role.APPROVER)
        case "down":
            async with world.store.begin() as work:
                await work.ladder.set_rung(account.id, Rung.DRY_RUN)
        case "silent":
            _says_nothing_of_itself(world.broker)
    assert await sent_in_time(world) == 0
    assert world.broker.orders == ()
    state = (await world.proposal(proposal.id)).state
    told_why = [item.data["reason"] for item in await told(world) if item.kind == "barred"]
    if what in BARRED_BY:
        assert (state, told_why) == (ProposalState.CANCELLED, [BARRED_BY[what]])
        shown = await view(world, proposal)
        assert {(order.state, order.detail) for order in shown.orders} == {("void", "barred")}
    else:
        waits = ProposalState.APPROVED if what == "silent" else ProposalState.DONE
        assert (state, told_why) == (waits, [])


BARRED_BY = {
    "mode": Barrier.MODE_IS_PAPER,
    "number": Barrier.OTHER_ACCOUNT,
    "keys": Barrier.PAPER_KEY_ON_LIVE_RUNG,
    "confirmation": Barrier.NOT_CONFIRMED,
    "demoted": Barrier.CONFIRMER_GONE,
}


def _says_nothing_of_itself(broker: FakeBroker) -> None:
    from core.ports.broker import BrokerUnavailable

    async def account() -> object:
        raise BrokerUnavailable("scripted: no account")

    broker.account = account  # type: ignore[method-assign, assignment]


@pytest.mark.fault(76)
async def test_taken_down_after_the_first_order_the_rest_is_not_sent(world: World) -> None:
    anna, proposal = await drifted_on(world, Rung.LIVE)
    await approve(world, anna, proposal)
    account = await account_of(world, anna)
    submit = world.broker.submit

    async def submit_and_go_down(request: object) -> object:
        async with world.store.begin() as work:
            await work.ladder.set_rung(account.id, Rung.DRY_RUN)
        return await submit(request)  # type: ignore[arg-type]

    world.broker.submit = submit_and_go_down  # type: ignore[method-assign, assignment]
    assert await sent_in_time(world) == 1
    shown = await view(world, proposal)
    assert [order.state for order in shown.orders] == [OrderState.FILLED, OrderState.VOID]
    assert shown.orders[1].detail == WhyNot.BARRED
    assert shown.proposal.state is ProposalState.PARTIAL


async def test_an_order_beyond_the_days_cap_is_held_back(world: World) -> None:
    """sells 15 AAA (1,500) and buys 30 BBB (1,500): the day's cap falls in between."""
    anna, proposal = await drifted_on(world, Rung.LIVE_CAPPED)
    await approve(world, anna, proposal)
    submit = world.broker.submit

    async def submit_and_lower(request: object) -> object:
        lower = replace(world.desk.limits, live_cap_day=Decimal(2000))
        object.__setattr__(world.desk, "limits", lower)
        return await submit(request)  # type: ignore[arg-type]

    world.broker.submit = submit_and_lower  # type: ignore[method-assign, assignment]
    assert await sent_in_time(world) == 1
    shown = await view(world, proposal)
    assert shown.orders[1].detail == WhyNot.OVER_LIMIT


async def test_a_second_plan_of_the_day_counts_what_the_first_has_moved(world: World) -> None:
    anna, proposal = await drifted_on(world, Rung.LIVE_CAPPED)
    await approve(world, anna, proposal)
    await sent_in_time(world)
    moved = sum(o.filled_value for o in (await view(world, proposal)).orders)
    assert moved > 2900
    world.price(AAA=115)
    again = await ask(world, anna, proposal.portfolio_id, "2", force=True)
    assert again.proposal is not None
    room = moved + again.proposal.revision.plan.turnover
    world.desk = replace(world.desk, limits=Limits(live_cap_order=room, live_cap_day=room - 1))
    with pytest.raises(RiskLimit) as refused:
        await approve(world, anna, again.proposal)
    assert refused.value.setting == "LIVE_CAP_DAY"
    world.pass_time(timedelta(days=1))
    assert (await approve(world, anna, again.proposal)).is_complete


async def test_an_open_sale_counts_for_the_day_at_what_it_could_bring(world: World) -> None:
    """A sale of 19.5 planned at 100, with a limit of 99.50, is on its way: 1,950 are counted, not 1,940.25."""
    anna, proposal = await drifted_on(world, Rung.LIVE_CAPPED)
    account = await account_of(world, anna)
    await approve(world, anna, proposal)
    submit = world.broker.submit
    counted: list[tuple[Decimal | None, Decimal]] = []

    async def submit_and_count(request: OrderRequest) -> BrokerOrder:
        moment = await world.market.moment()
        async with world.store.read() as work:
            counted.append((request.limit_price, await used_today(work, account, moment)))
        return await submit(request)

    world.broker.submit = submit_and_count  # type: ignore[method-assign]
    await sent_in_time(world)
    assert counted[0] == (Decimal("99.50"), Decimal(1950))


# --- everything that a live order depends on, crossed --------------------------------------------

GIVEN = ("good", "none", "other number", "other rung", "old", "no owner")


@pytest.mark.fault(76)
@pytest.mark.parametrize("rung", list(Rung))
async def test_of_all_combinations_exactly_the_permitted_ones_reach_the_broker(
    tmp_path: Path, rung: Rung
) -> None:
    """The whole way: approved on paper, then everything changes under it, and the orders fall due."""
    async with live_world(tmp_path) as world:
        world.broker.is_live = False
        anna, proposal = await drifted_on(world, Rung.BROKER_PAPER)
        ben = await let_in(world, proposal.portfolio_id, Role.OWNER)
        account = await account_of(world, anna)
        for key, (is_live, mode, said, given) in enumerate(
            product((False, True), TradingMode, (NUMBER, "111111111"), GIVEN)
        ):
            await _approved_again(world, anna, proposal, f"again {key}")
            await _change(world, account, ben, rung, given)
            world.broker.is_live, world.broker.account_id = is_live, said
            world.desk = replace(world.desk, mode=mode)
            real = is_live and mode is TradingMode.LIVE and given == "good" and rung in LIVE_RUNGS
            play = not is_live and rung in {Rung.SIMULATED, Rung.BROKER_PAPER}
            permitted = said == NUMBER and (real or play)
            before = len(world.broker.submits)
            await execute_approved(world.desk)
            sent = len(world.broker.submits) - before
            assert (sent > 0) == permitted, (rung, is_live, mode, said, given)


async def _approved_again(world: World, anna: Member, proposal: Proposal, key: str) -> None:
    """As if Anna had asked and approved anew, on paper, with nothing of before left over."""
    world.broker.is_live, world.broker.account_id = False, NUMBER
    world.desk = replace(world.desk, mode=TradingMode.PAPER)
    world.hold(100, AAA=70, BBB=60)
    await stand_on(world, anna, Rung.BROKER_PAPER, confirmed=False)
    async with world.store.begin() as work:
        await supersede(work, proposal.portfolio_id, world.clock.now())
    result = await ask(world, anna, proposal.portfolio_id, key)
    assert result.proposal is not None, result
    await approve(world, anna, result.proposal)


async def _change(world: World, account: Account, owner: Member, rung: Rung, given: str) -> None:
    """Put the account on a rung under the approval's feet, with something (or nothing) confirmed for it."""
    now = world.clock.now()
    role = Role.APPROVER if given == "no owner" else Role.OWNER
    await world.give_role(owner, account.portfolio_id, role)
    async with world.store.begin() as work:
        await work.ladder.set_rung(account.id, rung)
        await work.ladder.end_confirmation(account.id, now)
        if given != "none":
            await work.ladder.confirm(
                Confirmation(
                    account.id,
                    "111111111" if given == "other number" else NUMBER,
                    Rung.DRY_RUN if given == "other rung" else rung,
                    owner.id,
                    now - timedelta(days=91) if given == "old" else now,
                )
            )


# --- the undo ------------------------------------------------------------------------------------


async def test_live_orders_wait_ten_seconds_and_not_one_less(world: World) -> None:
    anna, proposal = await drifted_on(world, Rung.LIVE)
    decided = await approve(world, anna, proposal)
    assert decided.proposal.state is ProposalState.SCHEDULED
    assert decided.scheduled_for == await world.market_clock.now() + UNDO
    world.pass_time(UNDO - timedelta(microseconds=1))
    await execute_approved(world.desk)
    assert world.broker.submits == []
    world.pass_time(timedelta(microseconds=1))
    await execute_approved(world.desk)
    assert len(world.broker.submits) == 2


async def test_within_ten_seconds_it_is_undone_and_nothing_goes(world: World) -> None:
    anna, proposal = await drifted_on(world, Rung.LIVE)
    await approve(world, anna, proposal)
    world.pass_time(timedelta(seconds=9))
    await undo(world, anna, proposal)
    assert await sent_in_time(world) == 0
    assert (await world.proposal(proposal.id)).state is ProposalState.CANCELLED


async def test_an_undo_after_its_time_is_told_so(world: World) -> None:
    anna, proposal = await drifted_on(world, Rung.LIVE)
    await approve(world, anna, proposal)
    assert await sent_in_time(world) == 2
    with pytest.raises(TooLateToCancel) as refused:
        await undo(world, anna, proposal)
    assert refused.value.state == ProposalState.DONE


async def undo(world: World, member: Member, proposal: Proposal) -> None:
    await cancel_proposal(
        world.store,
        world.market,
        world.clock,
        member=member,
        proposal_id=proposal.id,
        revision=1,
    )


async def test_while_the_exchange_is_closed_the_open_comes_first(world: World) -> None:
    anna, proposal = await drifted_on(world, Rung.LIVE)
    world.pass_time(timedelta(hours=8))
    decided = await approve(world, anna, proposal)
    opens = world.market.calendar.current_or_next(await world.market_clock.now()).opens_at
    assert decided.scheduled_for == opens + timedelta(minutes=5)


async def test_in_the_last_seconds_of_a_session_the_next_one_is_waited_for(world: World) -> None:
    anna, proposal = await drifted_on(world, Rung.LIVE)
    session = world.market.calendar.current_or_next(await world.market_clock.now())
    world.market_clock.set(session.closes_at - timedelta(seconds=5))
    decided = await approve(world, anna, proposal)
    tomorrow = world.market.calendar.next_after(session.date).opens_at
    assert decided.scheduled_for == tomorrow + timedelta(minutes=5)


@pytest.mark.fault(7)
async def test_a_restart_neither_loses_nor_hastens_what_waits(world: World, tmp_path: Path) -> None:
    from tests.fakes.store import make_store

    anna, proposal = await drifted_on(world, Rung.LIVE)
    await approve(world, anna, proposal)
    world.pass_time(timedelta(seconds=4))
    again = await make_store(tmp_path)
    try:
        desk = replace(world.desk, store=again, holder="test:2")
        await execute_approved(desk)
        assert world.broker.submits == []
        world.pass_time(timedelta(seconds=6))
        await execute_approved(desk)
        assert len(world.broker.submits) == 2
    finally:
        await again.aclose()


async def test_play_money_needs_no_undo(world: World) -> None:
    world.broker.is_live = False
    anna, proposal = await drifted_on(world, Rung.BROKER_PAPER)
    assert (await approve(world, anna, proposal)).proposal.state is ProposalState.APPROVED


# --- collars -------------------------------------------------------------------------------------


@pytest.mark.fault(77)
async def test_no_policy_makes_an_order_wider_than_the_installations_collar(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    await set_policy(world, anna, portfolio_id, collar=Decimal(10))
    await stand_on(world, anna, Rung.LIVE)
    result = await ask(world, anna, portfolio_id)
    assert result.proposal is not None
    await approve(world, anna, result.proposal)
    assert await sent_in_time(world) == 2
    sale, purchase = world.broker.submits
    assert sale.limit_price == Decimal(95)
    assert purchase.limit_price is not None
    assert purchase.limit_price <= Decimal("52.50")
