"""Between an approval and its orders: moments in which what was approved did not hold any more."""

from __future__ import annotations

from collections import deque

import pytest

from core.application.change_policy import change_policy
from core.application.execute_proposal import execute_approved
from core.application.reconcile import reconcile
from core.application.release_hold import use_account
from core.domain.membership import Role
from core.domain.order import OrderState
from core.domain.plan import Side
from core.domain.portfolio import Holdings
from core.domain.proposal import ProposalState
from core.domain.refusals import ProposalNotOpen
from core.domain.report import WhyNot
from core.ports.broker import BrokerOrder, OrderRequest
from tests.application.acts import approved, ask, decide, let_in, proposed, view
from tests.application.watching import look, reasons, watched
from tests.fakes.broker import Mishap
from tests.fakes.world import World


@pytest.mark.fault(36)
async def test_a_price_that_moves_while_the_broker_is_away_keeps_its_order_back(
    world: World,
) -> None:
    """The re-check held, and then the broker could not be reached: what goes later is held against it again."""
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.UNAVAILABLE])
    await execute_approved(world.desk)
    world.price(AAA=80)
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    sale, purchase = shown.orders
    assert (sale.state, sale.detail) == (OrderState.VOID, WhyNot.PRICE_MOVED)
    assert len([sent for sent in world.broker.submits if sent.side is Side.SELL]) == 1
    assert purchase.quantity * (purchase.limit_price or 0) <= 100, "from the cash there was"
    assert shown.proposal.state is ProposalState.PARTIAL


@pytest.mark.fault(36)
async def test_a_price_that_moves_while_sales_are_waited_for_keeps_a_purchase_back(
    world: World,
) -> None:
    _, proposal = await approved(world)
    world.broker.mishaps = deque([None, Mishap.UNAVAILABLE])
    await execute_approved(world.desk)
    world.price(BBB=51)
    assert await execute_approved(world.desk) == 1
    sale, purchase = (await view(world, proposal)).orders
    assert sale.state is OrderState.FILLED
    assert (purchase.state, purchase.detail) == (OrderState.VOID, WhyNot.PRICE_MOVED)


@pytest.mark.fault(50)
async def test_a_member_demoted_while_the_broker_is_asked_opens_it_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, proposal = await proposed(world)
    ben = await let_in(world, proposal.portfolio_id)
    await decide(world, ben, proposal)
    before = world.broker.holdings

    async def holdings() -> Holdings:
        await world.give_role(ben, proposal.portfolio_id, Role.VIEWER)
        return await before()

    monkeypatch.setattr(world.broker, "holdings", holdings)
    for _ in range(2):
        await execute_approved(world.desk)
    assert world.broker.submits == []
    assert (await world.proposal(proposal.id)).state is ProposalState.OPEN


@pytest.mark.fault(32)
async def test_nothing_approved_for_the_old_account_is_sent_to_the_one_accepted_instead(
    world: World,
) -> None:
    anna, portfolio_id = await watched(world)
    proposal = (await ask(world, anna, portfolio_id)).proposal
    assert proposal is not None
    await decide(world, anna, proposal)
    world.broker.mishaps = deque([Mishap.UNAVAILABLE])
    await execute_approved(world.desk)
    sent = len(world.broker.submits)
    world.broker.opens = "FAKE-9"
    await look(world)
    assert [str(reason) for reason in await reasons(world)] == ["account_replaced"]
    await use_account(world.desk, member=anna, portfolio_id=portfolio_id)
    world.brokers.by_id["FAKE-9"] = world.broker
    world.broker.account_id, world.broker.opens = "FAKE-9", None
    await execute_approved(world.desk)
    assert len(world.broker.submits) == sent
    assert (await world.proposal(proposal.id)).state is ProposalState.FAILED


async def test_a_fault_of_ours_at_one_proposal_does_not_keep_the_bot_from_starting(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.LOST_ANSWER])

    async def unreadable(client_order_id: str) -> BrokerOrder | None:
        raise KeyError(client_order_id)

    with monkeypatch.context() as broken:
        broken.setattr(world.broker, "find_order", unreadable)
        await execute_approved(world.desk)
        assert await reconcile(world.desk) == 1
    assert "could not be reconciled" in caplog.text
    await execute_approved(world.desk)
    assert (await world.proposal(proposal.id)).state is ProposalState.DONE


@pytest.mark.fault(10)
async def test_shares_sold_elsewhere_while_the_broker_is_away_end_what_was_not_begun(
    world: World,
) -> None:
    """The re-check held, and then the broker could not be reached: meanwhile somebody sold there."""
    _, proposal = await approved(world)
    world.broker.mishaps = deque([Mishap.UNAVAILABLE])
    await execute_approved(world.desk)
    sent = len(world.broker.submits)
    world.hold(100 + 5000, AAA=20, BBB=60)
    await execute_approved(world.desk)
    shown = await view(world, proposal)
    assert len(world.broker.submits) == sent
    assert {order.detail for order in shown.orders} == {WhyNot.HOLDINGS_CHANGED}
    assert shown.proposal.state is ProposalState.FAILED


@pytest.mark.fault(50)
async def test_who_approved_and_is_demoted_after_the_first_order_stops_the_second(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, proposal = await proposed(world)
    ben = await let_in(world, proposal.portfolio_id)
    await decide(world, ben, proposal)
    submit = world.broker.submit

    async def submit_and_demote(request: OrderRequest) -> BrokerOrder:
        placed = await submit(request)
        await world.give_role(ben, proposal.portfolio_id, Role.VIEWER)
        return placed

    monkeypatch.setattr(world.broker, "submit", submit_and_demote)
    await execute_approved(world.desk)
    sale, purchase = (await view(world, proposal)).orders
    assert sale.state is OrderState.FILLED
    assert (purchase.state, purchase.detail) == (OrderState.VOID, WhyNot.APPROVER_GONE)
    assert len(world.broker.submits) == 1


async def test_what_was_proposed_under_fewer_approvals_than_are_needed_now_is_superseded(
    world: World,
) -> None:
    anna, proposal = await proposed(world)
    await change_policy(
        world.store,
        world.market,
        world.clock,
        member=anna,
        portfolio_id=proposal.portfolio_id,
        pairs=[("approvals", "2")],
    )
    assert (await world.proposal(proposal.id)).state is ProposalState.SUPERSEDED
    with pytest.raises(ProposalNotOpen):
        await decide(world, anna, proposal)
