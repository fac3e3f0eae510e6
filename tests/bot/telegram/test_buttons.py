"""Taps: what each button does, and that nobody and nothing else can do it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.runtime import TAP_PATIENCE, Runtime
from bot.sandbox.model import Message
from bot.telegram import callback
from bot.telegram.buttons import VERBS, act
from bot.telegram.context import Turn
from bot.telegram.screen import Action
from core.domain.ids import AccountId, ChatId, HouseholdId, MemberId, ProposalId, Symbol, UserId
from core.domain.membership import Member, Role
from core.domain.packed import PackedHoldings
from core.domain.portfolio import Account, Holdings
from core.domain.proposal import Proposal, ProposalState
from core.ports.broker import Broker, Brokers
from core.ports.store import Chat
from tests.bot.telegram.stage import ANNA, BEN, CARL, FAMILY, Stage, eventually, stage


async def proposal_now(bot: Stage, number: int = 1) -> Proposal:
    async with bot.runtime.store.read() as work:
        found = await work.proposals.get(ProposalId(number))
    assert found is not None
    return found


def data_of(message: Message, label: str) -> str:
    data = message.button(label).callback_data
    assert data is not None
    return data


# --- the buttons under a proposal ----------------------------------------------------------------


async def test_reject_and_reopen(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        rejected = await bot.tap(ANNA, proposal, "Reject", "Rejected by Anna")
        assert rejected.message_id == proposal.message_id
        reopened = await bot.tap(ANNA, rejected, "Reopen")
        assert data_of(reopened, "Approve")
        assert (await proposal_now(bot)).state is ProposalState.OPEN


async def test_later_says_when(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        asked = await bot.tap(ANNA, proposal, "Snooze", "Put off for how long?")
        words, is_alert = await bot.answer(bot.press(ANNA, asked, "2 hours"))
        assert "13:00 ET" in words
        assert not is_alert


async def test_why_and_back_change_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        why = await bot.tap(ANNA, proposal, "Why", "goal 30.0")
        assert why.message_id == proposal.message_id
        back = await bot.tap(ANNA, why, "Back", "Calculated from your targets")
        assert data_of(back, "Approve")
        assert (await proposal_now(bot)).revision.number == 1


async def test_editing_a_line_makes_a_new_version_and_old_buttons_say_so(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        edit = await bot.tap(ANNA, proposal, "Edit lines", "never larger")
        halved = await bot.tap(ANNA, edit, "½ 1.", "proposal 1.1")
        assert (await proposal_now(bot)).revision.number == 2

        words, is_alert = await bot.answer(
            bot.press_data(ANNA, proposal, data_of(proposal, "Approve"))
        )
        assert (is_alert, "has changed since" in words) == (True, True)
        assert (await proposal_now(bot)).state is ProposalState.OPEN
        words, is_alert = await bot.answer(bot.press_data(ANNA, proposal, data_of(edit, "Drop 1.")))
        assert (is_alert, "has changed since" in words) == (True, True)

        edit = await bot.tap(ANNA, halved, "Edit lines", "never larger")
        dropped = await bot.tap(ANNA, edit, "Drop 1.", "proposal 1.2")
        assert "1. Buy" in dropped.text
        assert "2. Buy" not in dropped.text
        edit = await bot.tap(ANNA, dropped, "Edit lines", "never larger")
        words, is_alert = await bot.answer(bot.press(ANNA, edit, "Drop"))
        assert (is_alert, "tap Reject" in words) == (True, True)
        bot.press_data(ANNA, dropped, data_of(dropped, "Approve 1 simulated order"))
        await bot.said(ANNA, "Bought")


async def test_buy_only_and_the_whole_plan_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        await bot.tap(ANNA, proposal, "Approve", "Done.", "Bought")
        await bot.said(ANNA, "That was all")
        preview = await bot.ask(ANNA, "/targets QUAL 80 CASH 20", "not set yet")
        await bot.tap(ANNA, preview, "Use these targets", "are set")
        await bot.ask(ANNA, "/policy outside sell", "policy")
        mixed = await bot.ask(ANNA, "/rebalance", "proposal 2", "Sell", "Buy")
        bought = await bot.tap(ANNA, mixed, "Buy only", "proposal 2.1", "Buy")
        assert "Sell" not in bought.text
        await bot.tap(ANNA, bought, "Plan in full", "proposal 2.2", "Sell")


async def test_two_approvers_are_told_how_many_are_missing(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up()
        await bot.ask(BEN, "/whoami", "You are Ben")
        ben, family = await bot.member(BEN), await bot.portfolio()
        async with bot.runtime.store.begin() as work:
            await work.people.set_role(ben.id, family.portfolio.id, Role.APPROVER)
        await bot.ask(ANNA, "/policy approvals 2", "policy")
        annas = await bot.ask(ANNA, "/rebalance", "proposal 2")
        bens = await bot.said(BEN, "proposal 2")
        words, _ = await bot.answer(bot.press(ANNA, annas, "Approve"))
        assert "1 more is needed" in words
        words, is_alert = await bot.answer(bot.press_data(ANNA, annas, data_of(annas, "Approve")))
        assert (is_alert, "approved proposal 2 already" in words) == (False, True)
        await bot.tap(BEN, bens, "Approve", "Approved by")
        await bot.said(BEN, "Bought")


async def test_a_second_tap_on_approve_is_answered_in_passing(tmp_path: Path) -> None:
    """Who taps twice has done nothing wrong, so nothing must be closed by hand."""
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        data = data_of(proposal, "Approve")
        bot.press_data(ANNA, proposal, data)
        second = await bot.answer(bot.press_data(ANNA, proposal, data))
        assert second == ("You have approved it already.", False)
        await bot.said(ANNA, "filled in full")
        assert await bot.answer(bot.press_data(ANNA, proposal, data)) == second


@pytest.mark.fault(2)
async def test_ten_quick_taps_are_one_approval(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        taps = [bot.press_data(ANNA, proposal, data_of(proposal, "Approve")) for _ in range(10)]
        words = [await bot.answer(tap) for tap in taps]
        assert words.count(("You have approved it already.", False)) == 9
        await bot.said(ANNA, "Bought")
        async with bot.runtime.store.read() as work:
            orders = await work.orders.of_proposal(ProposalId(1))
        assert len(orders) == 2
        assert len((await proposal_now(bot)).approvals) == 1


@pytest.mark.fault(52)
async def test_an_expired_proposal_says_so_and_loses_its_buttons(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        expires = (await proposal_now(bot)).expires_at
        async with bot.runtime.store.begin() as work:
            row = await work.log.market()
            assert row is not None
            await work.log.set_market(replace(row, instant=expires + timedelta(hours=18)))
        words, is_alert = await bot.answer(
            bot.press_data(ANNA, proposal, data_of(proposal, "Approve"))
        )
        assert (is_alert, "expired" in words) == (True, True)
        bot.runtime.work_arrived.set()
        await bot.sandbox.wait_for(
            lambda sandbox: not sandbox.chat(ANNA).messages[proposal.message_id].buttons
        )


async def test_the_closed_market_is_said_and_waited_for(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        async with bot.runtime.store.begin() as work:
            row = await work.log.market()
            assert row is not None
            await work.log.set_market(replace(row, instant=row.instant + timedelta(hours=8)))
        await bot.ask(ANNA, "/rebalance", "The exchange is closed until Tue", "09:30 ET")
        words, _ = await bot.answer(bot.press(ANNA, proposal, "Approve"))
        assert "the orders go out Tue 09:35 ET" in words
        await bot.said(ANNA, "That was all")
        scheduled = bot.sandbox.chat(ANNA).messages[proposal.message_id]
        words, _ = await bot.answer(bot.press(ANNA, scheduled, "Take back"))
        assert "no order is sent" in words
        assert (await proposal_now(bot)).state is ProposalState.CANCELLED
        words, is_alert = await bot.answer(
            bot.press_data(ANNA, scheduled, data_of(scheduled, "Take back"))
        )
        assert (is_alert, "no longer open: cancelled" in words) == (True, True)


@pytest.mark.fault(49, 58)
async def test_stale_buttons_of_a_removed_member_do_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up()
        await bot.ask(BEN, "/whoami", "You are Ben")
        ben, family = await bot.member(BEN), await bot.portfolio()
        async with bot.runtime.store.begin() as work:
            await work.people.set_role(ben.id, family.portfolio.id, Role.APPROVER)
        await bot.ask(ANNA, "/rebalance", "proposal 2")
        bens = await bot.said(BEN, "proposal 2")
        async with bot.runtime.store.begin() as work:
            await work.people.remove_membership(ben.id, family.portfolio.id)
        words, is_alert = await bot.answer(bot.press(BEN, bens, "Approve"))
        assert (is_alert, "There is no proposal 2" in words) == (True, True)
        assert (await proposal_now(bot, 2)).state is ProposalState.OPEN
        [event] = await bot.events("refused")
        assert event.member_id == ben.id

        async with bot.runtime.store.begin() as work:
            await work.people.set_role(ben.id, family.portfolio.id, Role.VIEWER)
        words, is_alert = await bot.answer(bot.press(BEN, bens, "Approve"))
        assert (is_alert, "takes an approver" in words) == (True, True)
        assert (await proposal_now(bot, 2)).state is ProposalState.OPEN


# --- payloads ------------------------------------------------------------------------------------


@pytest.mark.fault(46)
async def test_forged_payloads_are_answered_with_silence_and_logged(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        genuine = data_of(proposal, "Approve")
        elsewhere = callback.encode(Action("approve", (1, 1)), BEN, bot.runtime.signing_key)
        flipped = genuine[:-2] + ("AA" if genuine[-2:] != "AA" else "BB")
        for data in (elsewhere, flipped, genuine[:-4], "approve:1:1", "x"):
            assert await bot.answer(bot.press_data(ANNA, proposal, data)) == ("", False)

        async def are_logged() -> bool:
            return len(await bot.events("forged_button")) == 5

        await eventually(are_logged)
        assert (await proposal_now(bot)).state is ProposalState.OPEN


@pytest.mark.fault(47)
async def test_a_genuine_button_works_in_its_own_chat_alone(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        proposal = await bot.set_up()
        in_group = bot.sandbox.send_text(ANNA, FAMILY, "/whoami")
        query = bot.press_data(ANNA, in_group, data_of(proposal, "Approve"))
        assert await bot.answer(query) == ("", False)
        assert (await proposal_now(bot)).state is ProposalState.OPEN


@pytest.mark.fault(48, 58)
async def test_a_stranger_who_taps_is_told_how_to_come_in(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        shown = await bot.ask(ANNA, "/status", "Drift", chat=FAMILY)
        words, is_alert = await bot.answer(bot.press(BEN, shown, "Refresh"))
        assert (is_alert, f"Your id is {BEN}" in words) == (True, True)
        await bot.settle()
        (noted,) = await bot.events("refused")
        assert str(BEN) in noted.data


async def test_a_button_of_another_version_is_explained(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        for action in (Action("fly"), Action("approve", ("one", 1)), Action("approve", (1,))):
            data = callback.encode(action, ANNA, bot.runtime.signing_key)
            words, is_alert = await bot.answer(bot.press_data(ANNA, proposal, data))
            assert (is_alert, "another version" in words) == (True, True)


@pytest.mark.fault(53)
async def test_a_tap_under_a_message_that_is_gone_still_counts(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        bot.sandbox.delete(ANNA, ANNA, proposal.message_id)
        words, _ = await bot.answer(bot.press_data(ANNA, proposal, data_of(proposal, "Approve")))
        assert "Approved" in words
        await bot.said(ANNA, "proposal 1", "Approved by Anna")


@pytest.mark.fault(54)
async def test_a_late_answer_is_followed_by_a_message(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        await bot.tap(ANNA, proposal, "Approve", "Done.", "Bought")
        await bot.said(ANNA, "That was all")
        bot.sandbox.faults.fail_next(
            "answerCallbackQuery",
            400,
            "Bad Request: query is too old and response timeout expired or query ID is invalid",
        )
        bot.press_data(ANNA, proposal, data_of(proposal, "Reject"))
        await bot.said(ANNA, "is no longer open")


# --- a hanging broker ----------------------------------------------------------------------------


class HangingBrokers:
    """Brokers that answer nothing until they are let go."""

    def __init__(self, real: Brokers) -> None:
        self._real = real
        self.released = asyncio.Event()
        self.released.set()

    def of(self, account: Account) -> Broker:
        return self._real.of(account)

    async def open_account(self, broker: str, currency: str) -> str:
        return await self._real.open_account(broker, currency)

    async def holdings(self, accounts: Collection[Account]) -> Mapping[AccountId, Holdings]:
        return await self._real.holdings(accounts)

    async def packed_holdings(
        self, broker: str, broker_account_ids: Collection[str]
    ) -> PackedHoldings:
        return await self._real.packed_holdings(broker, broker_account_ids)

    async def fractionable(
        self, account: Account, symbols: Collection[Symbol]
    ) -> frozenset[Symbol]:
        await self.released.wait()
        return await self._real.fractionable(account, symbols)


@pytest.mark.fault(21)
async def test_taps_are_answered_within_a_second_while_the_broker_hangs(tmp_path: Path) -> None:
    hanging: list[HangingBrokers] = []

    def hang(runtime: Runtime) -> Runtime:
        hanging.append(HangingBrokers(runtime.brokers))
        return replace(runtime, brokers=hanging[0], tap_patience=TAP_PATIENCE)

    async with stage(tmp_path, adapt=hang) as bot:
        proposal = await bot.set_up()
        paid = await bot.ask(ANNA, "/deposit 10", "is in")
        hanging[0].released.clear()
        began = time.monotonic()
        assert await bot.answer(bot.press(ANNA, paid, "Status")) == ("", False)
        asked = await bot.tap(ANNA, proposal, "Snooze", "Put off for how long?")
        words, _ = await bot.answer(bot.press(ANNA, asked, "2 hours"))
        assert words
        assert time.monotonic() - began < 2
        assert not [m for m in bot.sandbox.bot_messages(ANNA) if "Value $10,010" in m.text]
        hanging[0].released.set()
        await bot.said(ANNA, "Value $10,010")


# --- the table of verbs --------------------------------------------------------------------------


@pytest.fixture
def nowhere() -> Turn:
    """A turn of which only the kind matters."""
    member = Member(MemberId(1), UserId(ANNA), HouseholdId(1), "Anna")
    chat = Chat(ChatId(ANNA), "private", "Anna")
    return Turn(None, None, member, chat, 1, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("verb", sorted(VERBS))
async def test_every_verb_refuses_arguments_that_it_does_not_take(verb: str, nowhere: Turn) -> None:
    assert await act(nowhere, Action(verb, ("x", "y", "z", "a", "b"))) is None


def test_verbs_fit_into_a_button_with_the_largest_numbers() -> None:
    for verb in VERBS:
        action = Action(verb, (2**40, 2**31, 99))
        assert len(callback.encode(action, -(2**50), b"k" * 32)) <= callback.MAX_BYTES


@pytest.mark.fault(48)
async def test_strangers_hear_nothing_in_a_group(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        bot.sandbox.add_user(CARL, "Carl")
        bot.sandbox.chat(FAMILY).members.append(CARL)
        bot.sandbox.send_text(CARL, FAMILY, "/status")
        await bot.settle()
        assert bot.sandbox.bot_messages(FAMILY) == []
