"""What every store does with proposals, orders, messages and leases: the rows between a check and a fill."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.domain.approval import Because, Need, Why
from core.domain.ids import (
    ChatId,
    ClientOrderId,
    OrderId,
    OutboxId,
    PortfolioId,
    ProposalId,
    TopicId,
)
from core.domain.order import Fill, Order, OrderState
from core.domain.outbox import Copy, MessageKind, OutboxItem, Priority
from core.domain.proposal import DecisionKind, ProposalState
from core.domain.refusals import IllegalMove
from core.ports.store import Chat, Dialogue, Store
from core.ports.store_errors import StoreConflict
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import (
    EXACT,
    NOW,
    TODAY,
    a_revision,
    an_approval,
    an_order,
    propose,
    settle,
)

GROUP = ChatId(-1_001_234_567_890)
ALICE, BOB = ChatId(700_000_000_001), ChatId(700_000_000_002)
SOON = timedelta(minutes=1)
P = ProposalState
O = OrderState  # noqa: E741 - states are named often here


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(request.param, tmp_path) as fresh:
        yield fresh


# --- proposals -----------------------------------------------------------------------------------


async def test_a_proposal_comes_back_exactly_as_it_was_frozen(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        made = await propose(work, family)
    async with store.read() as work:
        found = await work.proposals.get(made.id)
        assert found == made
        assert found.revision.plan_hash == made.revision.plan_hash
        assert str(found.revision.plan.before.lines[0].value) == "1726.150"
        assert list(found.revision.plan.after.weights) == ["VTI", "CASH"]
        assert await work.proposals.get(ProposalId(99)) is None


async def test_numbers_count_up_and_are_never_given_twice(store: Store) -> None:
    family = await settle(store)
    numbers = []
    for _ in range(3):
        async with store.begin() as work:
            numbers.append((await propose(work, family)).id)
    assert numbers == [1, 2, 3]


@pytest.mark.fault(3)
async def test_fifty_tasks_that_approve_at_once_have_one_winner(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family)

    async def approve() -> bool:
        async with store.begin() as work:
            won = await work.proposals.move(proposal.id, P.OPEN, P.APPROVED)
            if won:
                await work.proposals.add_decision(proposal.id, an_approval(family, proposal))
            return won

    assert sum(await asyncio.gather(*(approve() for _ in range(50)))) == 1
    async with store.read() as work:
        found = await work.proposals.get(proposal.id)
        assert found is not None
        assert found.state is P.APPROVED
        assert found.decisions == (an_approval(family, proposal),)


async def test_only_arrows_of_the_diagram_can_be_followed(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family)
        with pytest.raises(IllegalMove):
            await work.proposals.move(proposal.id, P.OPEN, P.DONE)
        assert not await work.proposals.move(proposal.id, P.APPROVED, P.EXECUTING)
        assert await work.proposals.move(
            proposal.id, P.OPEN, P.SCHEDULED, scheduled_for=NOW + SOON, outcome="veto"
        )
        assert await work.proposals.move(proposal.id, P.SCHEDULED, P.APPROVED)
        found = await work.proposals.get(proposal.id)
    assert found is not None
    assert (found.state, found.scheduled_for, found.outcome) == (P.APPROVED, NOW + SOON, "veto")


async def test_a_revision_replaces_the_one_that_it_was_made_from(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family, approvals=2)
        await work.proposals.add_decision(proposal.id, an_approval(family, proposal))
        why = (Why(Because.AMOUNT, Decimal(5000), Decimal("5000.01")),)
        need = Need(3, why, (family.member.id,), timedelta(hours=1))
        second = replace(
            a_revision(2, family.account.id), created_by=family.member.id, moves=(), need=need
        )
        assert await work.proposals.add_revision(proposal.id, second, after=1)
        third = a_revision(2, family.account.id)
        assert not await work.proposals.add_revision(proposal.id, third, after=1)
        found = await work.proposals.get(proposal.id)
    assert found is not None
    assert found.revision == second
    assert found.approvals_needed == 3
    assert len(found.decisions) == 1
    assert found.approvals == ()


async def test_decisions_keep_their_order(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family)
        kinds = [DecisionKind.LATER, DecisionKind.REJECT, DecisionKind.REOPEN, DecisionKind.APPROVE]
        for kind in kinds:
            decision = replace(an_approval(family, proposal), kind=kind)
            await work.proposals.add_decision(proposal.id, decision)
        found = await work.proposals.get(proposal.id)
    assert found is not None
    assert [decision.kind for decision in found.decisions] == kinds


async def test_proposals_are_found_by_state_and_portfolio(store: Store) -> None:
    first, second = [await settle(store, user=n, slug=f"p{n}") for n in (1, 2)]
    mine = first.portfolio.id
    async with store.begin() as work:
        ids = [(await propose(work, family)).id for family in (first, first, second)]
        await work.proposals.move(ids[0], P.OPEN, P.REJECTED)
        everywhere = await work.proposals.in_states({P.OPEN, P.REJECTED})
        assert [proposal.id for proposal in everywhere] == ids
        assert [p.id for p in await work.proposals.in_states({P.OPEN}, mine)] == [ids[1]]
        assert [p.id for p in await work.proposals.recent(mine, 5)] == [ids[1], ids[0]]
        assert [p.id for p in await work.proposals.recent(mine, 1)] == [ids[1]]
        blocking = await work.proposals.blocking([mine, second.portfolio.id, PortfolioId(9)])
        assert {key: [p.id for p in value] for key, value in blocking.items()} == {
            mine: [ids[1]],
            second.portfolio.id: [ids[2]],
        }
        assert await work.proposals.in_states({P.DONE}) == ()


async def test_a_cool_down_runs_from_the_last_settled_proposal(store: Store) -> None:
    family = await settle(store)
    mine = family.portfolio.id
    async with store.begin() as work:
        assert await work.proposals.last_settled([mine]) == {}
        assert await work.proposals.last_answered([mine]) == {}
        older = await propose(work, family)
        await work.proposals.move(older.id, P.OPEN, P.REJECTED)
        later = await propose(work, family)
        snapshot = replace(later.revision.snapshot, session=TODAY + timedelta(days=5))
        revision = replace(later.revision, number=2, snapshot=snapshot)
        await work.proposals.add_revision(later.id, revision, after=1)
        assert await work.proposals.last_settled([mine]) == {mine: TODAY}
        answered = await work.proposals.last_answered([mine, PortfolioId(999)])
        assert {pid: (p.id, p.state) for pid, p in answered.items()} == {
            mine: (older.id, P.REJECTED)
        }
        for before, after in (
            (P.OPEN, P.APPROVED),
            (P.APPROVED, P.EXECUTING),
            (P.EXECUTING, P.DONE),
        ):
            await work.proposals.move(later.id, before, after)
        assert await work.proposals.last_settled([mine]) == {mine: TODAY + timedelta(days=5)}
        answered = await work.proposals.last_answered([mine])
        assert (answered[mine].id, answered[mine].revision.number) == (later.id, 2)


async def test_reminders_are_taken_once(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family)
        await work.proposals.add_snooze(proposal.id, ALICE, NOW)
        await work.proposals.add_snooze(proposal.id, ALICE, NOW + SOON)
        await work.proposals.add_snooze(proposal.id, BOB, NOW + 2 * SOON)
        assert await work.proposals.take_due_snoozes(NOW) == ()
        assert await work.proposals.take_due_snoozes(NOW + SOON) == ((proposal.id, ALICE),)
        assert await work.proposals.take_due_snoozes(NOW + SOON) == ()


async def test_reminders_of_a_paused_portfolio_are_taken_once_it_goes_on(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family)
        await work.proposals.add_snooze(proposal.id, ALICE, NOW)
        await work.portfolios.set_paused(family.portfolio.id, paused=True)
        assert await work.proposals.take_due_snoozes(NOW + SOON) == ()
        assert await work.proposals.snoozed([proposal.id]) == {(proposal.id, ALICE)}
        await work.portfolios.set_paused(family.portfolio.id, paused=False)
        assert await work.proposals.take_due_snoozes(NOW + SOON) == ((proposal.id, ALICE),)


async def test_every_copy_is_remembered_with_the_revision_that_it_shows(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family)
        await work.proposals.add_copy(Copy(proposal.id, 1, ALICE, 10))
        await work.proposals.add_copy(Copy(proposal.id, 1, GROUP, 10))
        await work.proposals.add_revision(proposal.id, a_revision(2, family.account.id), after=1)
        await work.proposals.add_copy(Copy(proposal.id, 2, ALICE, 10))
        assert await work.proposals.copies(proposal.id) == (
            Copy(proposal.id, 2, ALICE, 10),
            Copy(proposal.id, 1, GROUP, 10),
        )


# --- orders --------------------------------------------------------------------------------------


async def test_orders_come_back_by_leg_and_attempt_with_every_digit(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family)
        legs = [(2, 1), (1, 2), (1, 1)]
        await work.orders.add(
            [an_order(family, proposal.id, leg, attempt) for leg, attempt in legs]
        )
    async with store.read() as work:
        found = await work.orders.of_proposal(proposal.id)
        assert [(order.leg, order.attempt) for order in found] == sorted(legs)
        assert found[0] == replace(an_order(family, proposal.id), id=found[0].id)
        assert found[0].quantity == EXACT
        assert await work.orders.get(found[0].id) == found[0]
        assert await work.orders.get(OrderId(99)) is None
        newest = await work.orders.recent(family.portfolio.id, 2)
        assert [(order.leg, order.attempt) for order in newest] == [(1, 1), (1, 2)]


async def test_a_client_order_id_is_never_used_twice(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family)
        await work.orders.add([an_order(family, proposal.id)])
    for twin in (
        an_order(family, proposal.id, leg=2),  # another intent under the same name
        replace(an_order(family, proposal.id), client_order_id=ClientOrderId("rb-other")),
    ):
        copy = replace(twin, client_order_id=_same_or(twin))
        with pytest.raises(StoreConflict):
            async with store.begin() as work:
                await work.orders.add([copy])


def _same_or(order: Order) -> ClientOrderId:
    return ClientOrderId("rb-install-1-1-1") if order.leg == 2 else order.client_order_id


@pytest.mark.fault(4)
async def test_fifty_tasks_that_send_at_once_have_one_winner(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family)
        await work.orders.add([an_order(family, proposal.id)])
        (order,) = await work.orders.of_proposal(proposal.id)

    async def submit() -> bool:
        async with store.begin() as work:
            return await work.orders.move(order.id, O.INTENDED, O.SUBMITTING)

    assert sum(await asyncio.gather(*(submit() for _ in range(50)))) == 1


async def test_an_order_moves_along_its_diagram(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family)
        await work.orders.add([an_order(family, proposal.id)])
        (order,) = await work.orders.of_proposal(proposal.id)
        with pytest.raises(IllegalMove):
            await work.orders.move(order.id, O.INTENDED, O.FILLED)
        assert await work.orders.move(order.id, O.INTENDED, O.SUBMITTING)
        assert not await work.orders.move(order.id, O.INTENDED, O.SUBMITTING)
        assert await work.orders.move(order.id, O.SUBMITTING, O.SUBMITTED, broker_order_id="b-1")
        assert await work.orders.move(order.id, O.SUBMITTED, O.REJECTED, detail="no shares")
        found = await work.orders.get(order.id)
        assert found is not None
        assert (found.state, found.broker_order_id, found.detail) == (
            O.REJECTED,
            "b-1",
            "no shares",
        )
        assert [o.id for o in await work.orders.in_states({O.REJECTED, O.FILLED})] == [order.id]
        assert await work.orders.in_states({O.UNKNOWN}) == ()


async def test_only_the_first_denial_of_an_order_at_a_broker_is_remembered(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family)
        await work.orders.add([an_order(family, proposal.id)])
        (order,) = await work.orders.of_proposal(proposal.id)
        assert not await work.orders.deny(order.id, NOW)
        await work.orders.move(order.id, O.INTENDED, O.SUBMITTING)
        await work.orders.move(order.id, O.SUBMITTING, O.SUBMITTED)
        assert await work.orders.deny(order.id, NOW)
        assert not await work.orders.deny(order.id, NOW + SOON)
        (denied,) = await work.orders.of_proposal(proposal.id)
        assert denied.denied_at == NOW
        await work.orders.clear_denial(order.id)
        assert await work.orders.deny(order.id, NOW + SOON)
        assert await work.orders.move(order.id, O.SUBMITTED, O.FROZEN)
    async with store.read() as work:
        (frozen,) = await work.orders.of_proposal(proposal.id)
        assert (frozen.state, frozen.denied_at) == (O.FROZEN, NOW + SOON)


async def test_an_intended_order_can_shrink_but_never_grow(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family)
        await work.orders.add([replace(an_order(family, proposal.id), quantity=Decimal(10))])
        (order,) = await work.orders.of_proposal(proposal.id)
        for wrong in (Decimal(11), Decimal(0)):
            with pytest.raises(ValueError, match="cannot become"):
                await work.orders.prepare(order.id, quantity=wrong, limit_price=None)
        assert await work.orders.prepare(order.id, quantity=Decimal("9.5"), limit_price=None)
        found = await work.orders.get(order.id)
        assert found is not None
        assert (found.quantity, found.limit_price) == (Decimal("9.5"), None)
        await work.orders.move(order.id, O.INTENDED, O.SUBMITTING)
        assert not await work.orders.prepare(order.id, quantity=Decimal(1), limit_price=None)


@pytest.mark.fault(11)
async def test_an_execution_counts_once(store: Store) -> None:
    family = await settle(store)
    first = Fill("x1", Decimal("0.001"), EXACT, Decimal("0.00"), NOW)
    second = replace(first, execution_id="x2", at=NOW + SOON)
    async with store.begin() as work:
        proposal = await propose(work, family)
        await work.orders.add([an_order(family, proposal.id), an_order(family, proposal.id, leg=2)])
        order, other = await work.orders.of_proposal(proposal.id)
        assert await work.orders.add_fills(order.id, [first]) == 1
        assert await work.orders.add_fills(order.id, [first, second]) == 1
        assert await work.orders.add_fills(other.id, [first]) == 1
        assert await work.orders.add_fills(order.id, []) == 0
        found = await work.orders.get(order.id)
    assert found is not None
    assert found.fills == (first, second)


# --- conversation --------------------------------------------------------------------------------


def an_item(key: str, chat: ChatId = ALICE, priority: Priority = Priority.NOTICE) -> OutboxItem:
    return OutboxItem(MessageKind.REMINDER, chat, key, priority=priority, data={"proposal": "1"})


async def test_a_chat_and_its_portfolio_are_remembered(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        assert await work.conversation.chat(GROUP) is None
        await work.conversation.save_chat(Chat(GROUP, "group", "Family"))
        chat = Chat(GROUP, "group", "Renamed", family.portfolio.id)
        await work.conversation.save_chat(chat)
        assert await work.conversation.chat(GROUP) == chat


async def test_a_topic_is_about_its_chats_portfolio_until_it_has_one_of_its_own(
    store: Store,
) -> None:
    family = await settle(store)
    topic = TopicId(12)
    async with store.begin() as work:
        conversation = work.conversation
        assert await conversation.chat(GROUP, topic) is None
        chat = Chat(GROUP, "group", "Family")
        await conversation.save_chat(chat)
        assert await conversation.chat(GROUP, topic) == replace(chat, topic_id=topic)
        about = replace(chat, topic_id=topic, portfolio_id=family.portfolio.id)
        await conversation.save_chat(about)
        assert await conversation.chat(GROUP, topic) == about
        assert await conversation.chat(GROUP, TopicId(13)) == replace(chat, topic_id=TopicId(13))
        assert await conversation.chat(GROUP) == chat


async def test_a_topic_that_is_met_first_makes_its_chat_known(store: Store) -> None:
    family = await settle(store)
    about = Chat(GROUP, "group", "Family", family.portfolio.id, TopicId(12))
    async with store.begin() as work:
        await work.conversation.save_chat(about)
        assert await work.conversation.chat(GROUP, TopicId(12)) == about
        assert await work.conversation.chat(GROUP) == Chat(GROUP, "group", "Family")


async def test_amounts_are_hidden_in_a_group_until_they_are_shown(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        conversation, portfolio = work.conversation, family.portfolio.id
        assert not await conversation.shows_amounts(portfolio, GROUP)
        for _ in range(2):
            await conversation.show_amounts(portfolio, GROUP, shown=True)
        assert await conversation.shows_amounts(portfolio, GROUP)
        assert not await conversation.shows_amounts(portfolio, ChatId(GROUP - 1))
        await conversation.show_amounts(portfolio, GROUP, shown=False)
        assert not await conversation.shows_amounts(portfolio, GROUP)


async def test_what_went_to_a_topic_that_is_gone_goes_to_the_group_itself(store: Store) -> None:
    family = await settle(store)
    portfolio, topic = family.portfolio.id, TopicId(12)
    async with store.begin() as work:
        proposal = await propose(work, family)
        conversation = work.conversation
        await conversation.save_chat(Chat(GROUP, "group", "Family", portfolio, topic))
        await work.portfolios.set_home_chat(portfolio, GROUP, topic)
        await work.proposals.add_copy(Copy(proposal.id, 1, GROUP, 5, topic))
        assert await conversation.topic_about(portfolio, GROUP) == topic
        assert await conversation.topic_about(portfolio, ChatId(GROUP - 1)) is None
        assert await work.proposals.copies(proposal.id) == (Copy(proposal.id, 1, GROUP, 5, topic),)
        await conversation.forget_topic(GROUP, TopicId(13))
        assert await conversation.topic_about(portfolio, GROUP) == topic
        await conversation.forget_topic(GROUP, topic)
        assert await conversation.topic_about(portfolio, GROUP) is None
        home = (await work.portfolios.get(portfolio)).portfolio
        assert (home.home_chat_id, home.home_topic_id) == (GROUP, None)
        assert await work.proposals.copies(proposal.id) == (Copy(proposal.id, 1, GROUP, 5),)


@pytest.mark.fault(44)
async def test_a_group_that_becomes_a_supergroup_takes_everything_along(store: Store) -> None:
    family = await settle(store)
    old = ChatId(-4711)
    async with store.begin() as work:
        proposal = await propose(work, family)
        conversation = work.conversation
        await conversation.save_chat(Chat(old, "group", "Family", family.portfolio.id))
        await conversation.save_chat(Chat(GROUP, "supergroup", "Family"))
        await conversation.save_dialogue(old, family.member.id, Dialogue("targets", "ask", {}))
        await work.outbox.enqueue([an_item("a", old)], NOW)
        await work.portfolios.set_home_chat(family.portfolio.id, old)
        await work.proposals.add_copy(Copy(proposal.id, 1, old, 5))
        await work.proposals.add_snooze(proposal.id, old, NOW)
        await conversation.show_amounts(family.portfolio.id, old, shown=True)
        await conversation.migrate_chat(old, GROUP)
    async with store.begin() as work:
        conversation = work.conversation
        assert await conversation.chat(old) is None
        moved = await conversation.chat(GROUP)
        assert moved is not None
        assert moved.portfolio_id == family.portfolio.id
        assert await conversation.dialogue(GROUP, family.member.id) is not None
        assert [item.item.chat_id for item in await work.outbox.queued(NOW, 9)] == [GROUP]
        portfolio = (await work.portfolios.get(family.portfolio.id)).portfolio
        assert portfolio.home_chat_id == GROUP
        assert await work.proposals.copies(proposal.id) == ()
        assert await conversation.shows_amounts(family.portfolio.id, GROUP)
        assert not await conversation.shows_amounts(family.portfolio.id, old)
        assert await work.proposals.take_due_snoozes(NOW) == ((proposal.id, GROUP),)


@pytest.mark.fault(5)
async def test_an_update_is_new_once(store: Store) -> None:
    async def see() -> bool:
        async with store.begin() as work:
            return await work.conversation.first_sight(5_000_000_000, NOW)

    assert sum(await asyncio.gather(*(see() for _ in range(10)))) == 1
    async with store.begin() as work:
        assert await work.conversation.first_sight(5_000_000_001, NOW + timedelta(days=1))
        assert not await work.conversation.first_sight(5_000_000_000, NOW + timedelta(days=1))


async def test_a_dialogue_is_kept_by_chat_and_person(store: Store) -> None:
    family = await settle(store)
    step = Dialogue("targets", "weights", {"symbols": "VTI, BND", "note": "ü \N{SNOWMAN}"})
    async with store.begin() as work:
        conversation = work.conversation
        await conversation.save_dialogue(ALICE, family.member.id, Dialogue("targets", "ask", {}))
        await conversation.save_dialogue(ALICE, family.member.id, step)
        assert await conversation.dialogue(ALICE, family.member.id) == step
        assert await conversation.dialogue(GROUP, family.member.id) is None
        await conversation.save_dialogue(ALICE, family.member.id, None)
        assert await conversation.dialogue(ALICE, family.member.id) is None


async def test_the_same_message_is_queued_once(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family)
        item = replace(an_item("a"), portfolio_id=family.portfolio.id, proposal_id=proposal.id)
        assert await work.outbox.enqueue([item, an_item("b"), an_item("a", BOB)], NOW) == 2
        assert await work.outbox.enqueue([an_item("a")], NOW) == 0
        assert await work.outbox.enqueue([], NOW) == 0
        queued = await work.outbox.queued(NOW, 10)
        assert [(q.item, q.attempts, q.created_at) for q in queued] == [
            (item, 0, NOW),
            (an_item("b"), 0, NOW),
        ]
        await work.outbox.mark_sent(queued[0].id, NOW)
        assert await work.outbox.enqueue([item], NOW) == 0
        assert await work.outbox.depth() == 1


@pytest.mark.fault(45)
async def test_messages_leave_in_order_and_decisions_first_among_chats(store: Store) -> None:
    """
    written: alice notice, bob notice, alice report, group decision, bob notice
    -> group (decision), alice (report) with her earlier notice before it, bob
    """
    async with store.begin() as work:
        items = [
            an_item("alice 1"),
            an_item("bob 1", BOB),
            an_item("alice 2", ALICE, Priority.REPORT),
            an_item("group 1", GROUP, Priority.DECISION),
            an_item("bob 2", BOB),
        ]
        await work.outbox.enqueue(items, NOW)
        queued = await work.outbox.queued(NOW, 10)
        expected = ["group 1", "alice 1", "alice 2", "bob 1", "bob 2"]
        assert [q.item.dedup_key for q in queued] == expected
        few = await work.outbox.queued(NOW, 2)
        assert [q.item.dedup_key for q in few] == expected[:2]


async def test_a_message_that_waits_holds_back_its_own_chat_only(store: Store) -> None:
    async with store.begin() as work:
        outbox = work.outbox
        await outbox.enqueue([an_item("a1"), an_item("a2"), an_item("b1", BOB)], NOW)
        first = (await outbox.queued(NOW, 1))[0]
        await outbox.mark_failed(first.id, retry_at=NOW + SOON, error="flood")
        assert [q.item.dedup_key for q in await outbox.queued(NOW, 10)] == ["b1"]
        later = await outbox.queued(NOW + SOON, 10)
        assert [(q.item.dedup_key, q.attempts) for q in later] == [("a1", 1), ("a2", 0), ("b1", 0)]
        await outbox.mark_failed(first.id, retry_at=None, error="blocked")
        assert [q.item.dedup_key for q in await outbox.queued(NOW, 10)] == ["a2", "b1"]
        assert await outbox.depth() == 2
        await outbox.mark_sent(OutboxId(first.id), NOW)
        assert await outbox.depth() == 2


# --- leases --------------------------------------------------------------------------------------


async def test_one_of_many_gets_a_lease(store: Store) -> None:
    async def acquire(holder: str) -> int | None:
        async with store.begin() as work:
            return await work.leases.acquire("telegram", holder, now=NOW, until=NOW + SOON)

    granted = await asyncio.gather(*(acquire(f"process-{n}") for n in range(10)))
    assert [fence for fence in granted if fence is not None] == [1]


@pytest.mark.fault(4)
async def test_each_grant_of_a_lease_has_a_higher_number(store: Store) -> None:
    later = NOW + 2 * SOON
    async with store.begin() as work:
        leases = work.leases
        assert await leases.acquire("telegram", "a", now=NOW, until=NOW + SOON) == 1
        assert await leases.acquire("telegram", "a", now=NOW, until=NOW + SOON) == 1
        assert await leases.acquire("telegram", "b", now=NOW, until=later) is None
        assert await leases.acquire("account:1", "b", now=NOW, until=later) == 1
        assert await leases.holder("telegram", NOW) == "a"
        assert await leases.holder("telegram", NOW + SOON) is None
        await leases.require("telegram", "a", 1, NOW)
        for wrong in (("a", 2, NOW), ("b", 1, NOW), ("a", 1, NOW + SOON)):
            with pytest.raises(PermissionError):
                await leases.require("telegram", *wrong)
        assert await leases.acquire("telegram", "b", now=NOW + SOON, until=later) == 2
        with pytest.raises(PermissionError):
            await leases.require("telegram", "a", 1, NOW + SOON)
        await leases.release("telegram", "a")
        assert await leases.holder("telegram", NOW + SOON) == "b"
        await leases.release("telegram", "b")
        assert await leases.holder("telegram", NOW + SOON) is None
        assert await leases.acquire("telegram", "b", now=NOW + SOON, until=later) == 3


async def test_all_leases_of_a_holder_who_is_gone_are_free_at_once(store: Store) -> None:
    until = NOW + SOON
    async with store.begin() as work:
        for name, holder in (("telegram", "gone"), ("account:1", "gone"), ("account:2", "alive")):
            await work.leases.acquire(name, holder, now=NOW, until=until)
        await work.leases.release_all("gone")
        assert await work.leases.acquire("telegram", "next", now=NOW, until=until) == 2
        assert await work.leases.acquire("account:1", "next", now=NOW, until=until) == 2
        assert await work.leases.acquire("account:2", "next", now=NOW, until=until) is None
