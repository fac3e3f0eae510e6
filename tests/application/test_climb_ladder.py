"""Climbing: real money takes an owner, a private chat, and the end of the account number, typed in time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.application.ask_for_change import ask_for_change
from core.application.climb_ladder import (
    PATIENCE,
    TRIES,
    Climb,
    ask_to_climb,
    climb,
    look_at_ladders,
    step_down,
)
from core.application.execute_proposal import execute_approved
from core.application.pause import pause
from core.application.reconcile import reconcile
from core.application.settle_changes import settle_changes
from core.domain.change import NOTICE
from core.domain.hold import Hold, HoldReason
from core.domain.ids import ChangeId, ChatId, PortfolioId
from core.domain.ladder import Barrier, TradingMode
from core.domain.membership import Member, Role
from core.domain.portfolio import Rung
from core.domain.proposal import ProposalState
from core.domain.refusals import (
    AccountHeld,
    BrokerDown,
    ClimbOver,
    DryRunFirst,
    MayNotTrade,
    NeedsAgreement,
    NoRungAbove,
    NotAllowed,
    OrdersUnderWay,
    PortfolioPaused,
    PrivateOnly,
    Refusal,
    UnknownPortfolio,
    WrongDigits,
)
from core.ports.broker import BrokerUnavailable
from core.ports.store import AuditEvent, Chat
from tests.application.acts import ask, drifted, let_in, told
from tests.application.live_world import (
    NUMBER,
    account_of,
    approve,
    drifted_on,
    live_world,
    stand_on,
)
from tests.fakes.world import ANNA, World

PRIVATE = Chat(ChatId(ANNA), "private", "Anna")
GROUP = Chat(ChatId(-100), "group", "Family")
CAPPED, LIVE, DRY = Rung.LIVE_CAPPED, Rung.LIVE, Rung.DRY_RUN


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with live_world(tmp_path) as made:
        yield made


async def dry_run_done(world: World) -> tuple[Member, PortfolioId]:
    """Anna's real account: a dry run, one plan of which was carried out as such."""
    anna, proposal = await drifted_on(world, DRY)
    await approve(world, anna, proposal)
    assert await execute_approved(world.desk) == 1
    return anna, proposal.portfolio_id


async def asks(
    world: World, member: Member, portfolio_id: PortfolioId, rung: Rung, chat: Chat = PRIVATE
) -> Climb:
    return await ask_to_climb(
        world.desk, member=member, chat=chat, portfolio_id=portfolio_id, rung=rung
    )


async def types(world: World, member: Member, text: str, chat: Chat = PRIVATE) -> Climb:
    return await climb(world.desk, member=member, chat=chat, typed=text)


async def rung_of(world: World, member: Member) -> Rung:
    return (await account_of(world, member)).rung


async def events(world: World) -> list[AuditEvent]:
    async with world.store.read() as work:
        return list(await work.log.events(None, 100))


# --- up ------------------------------------------------------------------------------------------


async def test_one_rung_at_a_time_each_typed(world: World) -> None:
    anna, portfolio_id = await dry_run_done(world)
    await asks(world, anna, portfolio_id, CAPPED)
    assert await rung_of(world, anna) is DRY
    await types(world, anna, " 4321 ")
    assert await rung_of(world, anna) is CAPPED
    with pytest.raises(ClimbOver):
        await types(world, anna, "4321")
    await asks(world, anna, portfolio_id, LIVE)
    typed_at = world.clock.now()
    with pytest.raises(NeedsAgreement) as held:
        await types(world, anna, "4321")
    assert await rung_of(world, anna) is CAPPED
    change = ChangeId(held.value.change)
    await ask_for_change(world.store, world.clock, member=anna, change_id=change)
    world.pass_time(NOTICE)
    assert await settle_changes(world.desk) == 1
    assert await rung_of(world, anna) is LIVE
    (seen,) = await look_at_ladders(world.desk, member=anna, portfolio_id=portfolio_id)
    assert seen.barrier is None
    assert seen.confirmation is not None
    assert (seen.confirmation.rung, seen.confirmation.member_id) == (LIVE, anna.id)
    assert seen.confirmation.confirmed_at == typed_at
    steps = [event.data for event in await events(world) if event.kind == "rung_changed"]
    assert steps == [
        "live_capped → live (confirmed)",
        "dry_run → live_capped (confirmed)",
    ]


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        (DRY, LIVE),
        (DRY, DRY),
        (CAPPED, DRY),
        (Rung.BROKER_PAPER, CAPPED),
        (Rung.BROKER_PAPER, LIVE),
        (Rung.SIMULATED, DRY),
        (LIVE, CAPPED),
    ],
)
async def test_no_rung_is_left_out(world: World, before: Rung, wanted: Rung) -> None:
    anna, portfolio_id = await dry_run_done(world)
    await stand_on(world, anna, before)
    with pytest.raises(NoRungAbove):
        await asks(world, anna, portfolio_id, wanted)


@pytest.mark.parametrize("rung", [CAPPED, LIVE])
async def test_an_old_confirmation_is_given_anew_on_the_same_rung(world: World, rung: Rung) -> None:
    anna, portfolio_id = await dry_run_done(world)
    await stand_on(world, anna, rung)
    world.clock.advance(timedelta(days=91))
    (seen,) = await look_at_ladders(world.desk, member=anna, portfolio_id=portfolio_id)
    assert seen.barrier is Barrier.CONFIRMATION_OLD
    await asks(world, anna, portfolio_id, rung)
    await types(world, anna, "4321")
    (seen,) = await look_at_ladders(world.desk, member=anna, portfolio_id=portfolio_id)
    assert (seen.managed.account.rung, seen.barrier) == (rung, None)


async def test_everybody_who_may_approve_is_told_and_nobody_else(world: World) -> None:
    anna, portfolio_id = await dry_run_done(world)
    ben = await let_in(world, portfolio_id, Role.APPROVER)
    before = len(await told(world))
    await asks(world, anna, portfolio_id, CAPPED)
    await types(world, anna, "4321")
    news = (await told(world))[before:]
    about = [item for item in news if item.kind == "rung_changed"]
    assert [item.chat_id for item in about] == [ChatId(ben.user_id)]
    assert about[0].data["member_name"] == "Anna"
    assert (about[0].data["before"], about[0].data["rung"]) == ("dry_run", "live_capped")


async def test_what_was_shown_as_a_dry_run_cannot_be_approved_as_live(world: World) -> None:
    anna, portfolio_id = await dry_run_done(world)
    world.price(AAA=110)
    result = await ask(world, anna, portfolio_id, "2", force=True)
    assert result.proposal is not None
    await asks(world, anna, portfolio_id, CAPPED)
    await types(world, anna, "4321")
    assert (await world.proposal(result.proposal.id)).state is ProposalState.SUPERSEDED
    with pytest.raises(Refusal):
        await approve(world, anna, result.proposal)


# --- the words that are typed --------------------------------------------------------------------


async def test_three_wrong_tries_end_it(world: World) -> None:
    anna, portfolio_id = await dry_run_done(world)
    await asks(world, anna, portfolio_id, CAPPED)
    for left in range(TRIES - 1, -1, -1):
        with pytest.raises(WrongDigits) as refused:
            await types(world, anna, "1234")
        assert refused.value.left == left
    with pytest.raises(ClimbOver):
        await types(world, anna, "4321")
    assert await rung_of(world, anna) is DRY
    assert sum(event.kind == "climb_wrong_digits" for event in await events(world)) == TRIES


@pytest.mark.parametrize("text", ["", "321", "04321", "yes", NUMBER, "4321 5", "MNOP"])
async def test_nothing_but_the_last_four_will_do(world: World, text: str) -> None:
    anna, portfolio_id = await dry_run_done(world)
    await asks(world, anna, portfolio_id, CAPPED)
    with pytest.raises(WrongDigits):
        await types(world, anna, text)
    assert await rung_of(world, anna) is DRY


async def test_after_five_minutes_it_is_too_late(world: World) -> None:
    anna, portfolio_id = await dry_run_done(world)
    await asks(world, anna, portfolio_id, CAPPED)
    world.pass_time(PATIENCE)
    await types(world, anna, "4321")
    await asks(world, anna, portfolio_id, LIVE)
    world.pass_time(PATIENCE + timedelta(seconds=1))
    with pytest.raises(ClimbOver):
        await types(world, anna, "4321")
    assert await rung_of(world, anna) is CAPPED


async def test_without_a_question_nothing_can_be_confirmed(world: World) -> None:
    anna, _ = await dry_run_done(world)
    with pytest.raises(ClimbOver):
        await types(world, anna, "4321")


async def test_another_persons_question_is_not_mine(world: World) -> None:
    anna, portfolio_id = await dry_run_done(world)
    ben = await let_in(world, portfolio_id, Role.OWNER)
    await asks(world, anna, portfolio_id, CAPPED)
    with pytest.raises(ClimbOver):
        await types(world, ben, "4321")


async def test_a_restart_in_between_loses_nothing(world: World, tmp_path: Path) -> None:
    from tests.fakes.store import make_store

    anna, portfolio_id = await dry_run_done(world)
    await asks(world, anna, portfolio_id, CAPPED)
    again = await make_store(tmp_path)
    try:
        await climb(replace(world.desk, store=again), member=anna, chat=PRIVATE, typed="4321")
    finally:
        await again.aclose()
    assert await rung_of(world, anna) is CAPPED


# --- what stands in the way, when it is asked and when it is typed -------------------------------


async def _mode(world: World, _member: Member, _portfolio: PortfolioId) -> None:
    world.desk = replace(world.desk, mode=TradingMode.PAPER)


async def _number(world: World, _member: Member, _portfolio: PortfolioId) -> None:
    world.broker.account_id = "111114321"


async def _keys(world: World, _member: Member, _portfolio: PortfolioId) -> None:
    world.broker.is_live = False


async def _down(world: World, _member: Member, _portfolio: PortfolioId) -> None:
    world.broker.read_error = BrokerUnavailable("scripted")


async def _paused(world: World, member: Member, portfolio_id: PortfolioId) -> None:
    await pause(world.store, world.clock, member=member, portfolio_id=portfolio_id)


async def _held(world: World, member: Member, _portfolio: PortfolioId) -> None:
    account = await account_of(world, member)
    hold = Hold(account.id, HoldReason.RESTRICTED, "", world.clock.now())
    async with world.store.begin() as work:
        await work.holds.place(hold)


async def _demoted(world: World, member: Member, portfolio_id: PortfolioId) -> None:
    await let_in(world, portfolio_id, Role.OWNER)
    await world.give_role(member, portfolio_id, Role.APPROVER)


async def _removed(world: World, member: Member, portfolio_id: PortfolioId) -> None:
    async with world.store.begin() as work:
        await work.people.remove_membership(member.id, portfolio_id)


async def _busy(world: World, member: Member, portfolio_id: PortfolioId) -> None:
    result = await ask(world, member, portfolio_id, "busy", force=True)
    assert result.proposal is not None, result
    async with world.store.begin() as work:
        for before, after in (("open", "approved"), ("approved", "executing")):
            await work.proposals.move(
                result.proposal.id, ProposalState(before), ProposalState(after)
            )


OBSTACLES = [
    (_mode, MayNotTrade),
    (_number, MayNotTrade),
    (_keys, MayNotTrade),
    (_down, BrokerDown),
    (_paused, PortfolioPaused),
    (_held, AccountHeld),
    (_demoted, NotAllowed),
    (_removed, UnknownPortfolio),
    (_busy, OrdersUnderWay),
]


@pytest.mark.fault(76)
@pytest.mark.parametrize(("obstacle", "refusal"), OBSTACLES)
async def test_it_is_asked_only_where_nothing_stands_in_the_way(
    world: World, obstacle: object, refusal: type[Refusal]
) -> None:
    anna, portfolio_id = await dry_run_done(world)
    await obstacle(world, anna, portfolio_id)  # type: ignore[operator]
    with pytest.raises(refusal):
        await asks(world, anna, portfolio_id, CAPPED)


@pytest.mark.fault(76)
@pytest.mark.parametrize(("obstacle", "refusal"), OBSTACLES)
async def test_everything_is_looked_at_again_when_it_is_typed(
    world: World, obstacle: object, refusal: type[Refusal]
) -> None:
    anna, portfolio_id = await dry_run_done(world)
    await asks(world, anna, portfolio_id, CAPPED)
    await obstacle(world, anna, portfolio_id)  # type: ignore[operator]
    with pytest.raises(refusal):
        await types(world, anna, "4321")
    assert (await account_of_portfolio(world, portfolio_id)) is DRY


async def account_of_portfolio(world: World, portfolio_id: PortfolioId) -> Rung:
    async with world.store.read() as work:
        return (await work.portfolios.get(portfolio_id)).accounts[0].rung


async def test_a_dry_run_comes_first(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    with pytest.raises(DryRunFirst):
        await asks(world, anna, portfolio_id, CAPPED)


async def test_never_where_others_read_along(world: World) -> None:
    anna, portfolio_id = await dry_run_done(world)
    with pytest.raises(PrivateOnly):
        await asks(world, anna, portfolio_id, CAPPED, GROUP)
    await asks(world, anna, portfolio_id, CAPPED)
    with pytest.raises(PrivateOnly):
        await types(world, anna, "4321", GROUP)


# --- down ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rung", [CAPPED, LIVE])
async def test_down_is_immediate_and_ends_what_was_confirmed(world: World, rung: Rung) -> None:
    anna, proposal = await drifted_on(world, rung)
    await approve(world, anna, proposal)
    await step_down(world.store, world.clock, member=anna, portfolio_id=proposal.portfolio_id)
    assert await rung_of(world, anna) is DRY
    world.pass_time(timedelta(seconds=11))
    await execute_approved(world.desk)
    assert world.broker.submits == []
    assert (await world.proposal(proposal.id)).state is ProposalState.SUPERSEDED
    account = await account_of(world, anna)
    async with world.store.read() as work:
        assert await work.ladder.confirmation(account.id) is None


async def test_only_an_owner_takes_it_down_and_only_from_a_live_rung(world: World) -> None:
    anna, proposal = await drifted_on(world, LIVE)
    ben = await let_in(world, proposal.portfolio_id, Role.APPROVER)
    with pytest.raises(NotAllowed):
        await step_down(world.store, world.clock, member=ben, portfolio_id=proposal.portfolio_id)
    await stand_on(world, anna, DRY)
    with pytest.raises(NoRungAbove):
        await step_down(world.store, world.clock, member=anna, portfolio_id=proposal.portfolio_id)


@pytest.mark.fault(76)
async def test_a_start_for_paper_ends_what_was_confirmed(world: World) -> None:
    anna, proposal = await drifted_on(world, LIVE)
    await reconcile(world.desk)
    assert await rung_of(world, anna) is LIVE
    await reconcile(replace(world.desk, mode=TradingMode.PAPER))
    assert await rung_of(world, anna) is DRY
    assert (await world.proposal(proposal.id)).state is ProposalState.SUPERSEDED
    await reconcile(world.desk)
    assert await rung_of(world, anna) is DRY
    about = [item for item in await told(world) if item.kind == "rung_changed"]
    assert [(item.chat_id, item.data["cause"]) for item in about] == [(ChatId(ANNA), "paper_mode")]


# --- the dry run itself --------------------------------------------------------------------------


async def test_a_dry_run_does_everything_but_send(world: World) -> None:
    from tests.application.acts import view

    anna, proposal = await drifted_on(world, DRY)
    await approve(world, anna, proposal)
    assert await execute_approved(world.desk) == 1
    assert world.broker.submits == []
    shown = await view(world, proposal)
    assert shown.proposal.state is ProposalState.DONE
    assert [(o.state, o.detail) for o in shown.orders] == [("void", "dry_run")] * 2
    sale, purchase = shown.orders
    assert (sale.quantity, sale.limit_price) == (
        proposal.revision.plan.trades[0].quantity,
        Decimal("99.5"),
    )
    assert purchase.quantity * 50 > 100, "paid with what the sale would have brought"
    assert purchase.quantity == proposal.revision.plan.trades[1].quantity
    assert [item.kind for item in await told(world)] == ["proposal", "report"]
    assert await execute_approved(world.desk) == 0


async def test_a_dry_run_is_held_against_prices_of_now_like_any_other(world: World) -> None:
    anna, proposal = await drifted_on(world, DRY)
    await approve(world, anna, proposal)
    world.price(AAA=102)
    assert await execute_approved(world.desk) == 0
    assert (await world.proposal(proposal.id)).revision.number == 2


async def test_the_cool_down_counts_dry_runs_as_usual(world: World) -> None:
    _, portfolio_id = await dry_run_done(world)
    async with world.store.read() as work:
        assert portfolio_id in await work.proposals.last_settled([portfolio_id])
