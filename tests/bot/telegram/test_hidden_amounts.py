"""Groups in which amounts are hidden: whatever is asked for or happens there, no amount is read by everybody."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from telegram import Bot

from bot.charts import allocation_chart
from bot.telegram.buttons import VERBS
from bot.telegram.commands import all_commands
from bot.telegram.context import Turn
from bot.telegram.letters.scene import Letter, Scene
from bot.telegram.letters.writing import copy_screen, veiled, write_letter
from bot.telegram.screen import Action, Screen
from bot.telegram.taps import react
from bot.telegram.veil import OPEN_COMMANDS, OPEN_VERBS
from bot.telegram.views.veiled import AS_EVERYWHERE, HIDDEN_HERE, OPEN_PRIVATELY
from core.domain.approval import Because, Need, Why
from core.domain.ids import ChatId, ProposalId, Symbol
from core.domain.membership import Role
from core.domain.order import OrderState
from core.domain.outbox import Copy, MessageKind, OutboxItem
from core.domain.portfolio import HoldingChange
from core.domain.proposal import PriceMove, Proposal, ProposalState, RevisionCause
from core.ports.store import Chat
from tests.bot.telegram import scenes
from tests.bot.telegram.cast import CAST, play
from tests.bot.telegram.stage import ANNA, BEN, CARL, FAMILY, Stage, stage
from tests.bot.telegram.test_groups import let_ben_in

AMOUNT = re.compile(r"[$€£]\s?\d|≈|\bcash \d|\b(?!1,234\b)\d{1,3},\d{3}")
"""What gives an amount away: money, cash, or thousands of anything (1,234.56 shows how numbers are written)."""

BOT = "evenkeel_demo_bot"


def amounts_in(text: str, *more: str) -> list[str]:
    """What a text gives away: amounts, and any of these numbers."""
    return [*AMOUNT.findall(text), *(number for number in more if number in text)]


# --- whole conversations -------------------------------------------------------------------------

WORDS = {
    "deposit": "500",
    "withdraw": "100",
    "targets": "QUAL 50 USMV 50",
    "rebalance": "force",
    "holdings": "QUAL 10",
    "policy": "band 4",
    "new": "Another",
}
"""What is typed behind some commands; each is tried alone as well."""


async def test_no_command_shows_an_amount_in_a_group_that_hides_them(tmp_path: Path) -> None:
    async with play(tmp_path) as stage:
        async with stage.runtime.store.read() as work:
            before = await work.portfolios.get(stage.family.portfolio.id)
            proposal = await work.proposals.get(ProposalId(stage.proposal))
        assert proposal is not None
        shares = [str(trade.quantity) for trade in proposal.revision.plan.trades]
        for command in all_commands():
            for words in ("", WORDS.get(command.name)):
                if words is None:
                    continue
                text = f"/{command.name} {words}"
                said = await stage.write_in_group(CAST["owner"], text)
                assert [(text, found) for t in said if (found := amounts_in(t, *shares))] == []
                if command.name not in OPEN_COMMANDS:
                    assert [(text, t[: len(HIDDEN_HERE)]) for t in said] == [(text, HIDDEN_HERE)]
        async with stage.runtime.store.read() as work:
            now = await work.portfolios.get(stage.family.portfolio.id)
        assert (now.policy, now.targets) == (before.policy, before.targets)


async def test_no_button_shows_an_amount_in_a_group_that_hides_them(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        anna, group = await bot.member(), Chat(ChatId(FAMILY), "group", "Family")
        client = Bot(bot.sandbox.token)
        for verb in sorted(set(VERBS) - OPEN_VERBS):
            turn = Turn(bot.runtime, client, anna, group, 1, 1)
            reaction = await react(turn, Action(verb, (1, 1)))
            answered = (verb, reaction.toast[: len(HIDDEN_HERE)], reaction.is_alert)
            assert answered == (verb, HIDDEN_HERE, True)
            assert (reaction.says, reaction.edit) == ((), None)
        (proposal,) = await proposals_of(bot)
        assert (proposal.state, proposal.revision.number) == (ProposalState.OPEN, 1)


async def test_a_hidden_proposal_is_decided_in_private_and_the_group_follows(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up()
        await let_ben_in(bot, Role.APPROVER)
        await bot.ask(ANNA, "/portfolio home", "come into this group", chat=FAMILY)
        await bot.ask(ANNA, "/rebalance force", "proposal 2")
        in_group = await bot.said(FAMILY, "proposal 2", "Buy QUAL (30.0% of the portfolio)")
        assert "Cash is 60.0 points over its target; your band is 5." in in_group.text
        assert [(b.text, b.url) for b in in_group.buttons] == [
            (OPEN_PRIVATELY, f"https://t.me/{BOT}?start=p2")
        ]
        hidden = await bot.ask(ANNA, "/history", HIDDEN_HERE, chat=FAMILY)
        assert hidden.button(OPEN_PRIVATELY).url == f"https://t.me/{BOT}?start=c_history_1"
        private = await bot.ask(BEN, "/start p2", "proposal 2", "≈ $2,999.93")
        await bot.tap(BEN, private, "Approve", "Approved by Ben", "31.184 QUAL")
        report = await bot.said(FAMILY, "2 of 2 orders filled in full", after=in_group.message_id)
        await bot.settle()
        followed = bot.sandbox.chat(FAMILY).messages[in_group.message_id]
        assert "Approved by Ben" in followed.text
        assert "Done" in followed.text
        for message in (in_group, followed, report):
            assert amounts_in(message.text, "31.184", "47.147") == []


async def test_a_link_shows_nothing_to_whom_it_is_not_permitted(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up()
        bot.sandbox.add_user(CARL, "Carl")
        await bot.ask(BEN, "/start p1", "no proposal 1")
        await bot.ask(BEN, "/start c_history_1", "no such portfolio")
        await bot.ask(CARL, "/start c_history_1", f"Your id is {CARL}")
        await bot.ask(ANNA, "/start c_history_1", "Family · history")


async def test_amounts_are_shown_and_hidden_by_an_owner_for_one_group(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up()
        await let_ben_in(bot, Role.APPROVER)
        await bot.ask(ANNA, "/portfolio amounts on", "always shown")
        await bot.ask(ANNA, "/portfolio amounts", "Say whether", chat=FAMILY)
        await bot.ask(BEN, "/portfolio amounts on", "takes an owner", chat=FAMILY)
        about = await bot.ask(ANNA, "/portfolio", "about Family", chat=FAMILY)
        await bot.tap(ANNA, about, "Show amounts here", "sees the amounts of Family")
        shown = await bot.ask(ANNA, "/proposals", "≈ $2,999.93", chat=FAMILY)
        await bot.ask(ANNA, "/status", "Value $10,000.00", chat=FAMILY)
        await bot.ask(ANNA, "/portfolio amounts off", "are hidden in this group", chat=FAMILY)

        def is_veiled(_: object) -> bool:
            now = bot.sandbox.chat(FAMILY).messages[shown.message_id]
            return amounts_in(now.text) == [] and [b.text for b in now.buttons] == [OPEN_PRIVATELY]

        await bot.sandbox.wait_for(is_veiled)
        kinds = [event.kind for event in await every_event(bot)]
        assert kinds.count("amounts_shown") == kinds.count("amounts_hidden") == 1


async def proposals_of(bot: Stage) -> tuple[Proposal, ...]:
    family = (await bot.portfolio()).portfolio
    async with bot.runtime.store.read() as work:
        return tuple(await work.proposals.recent(family.id, 9))


async def every_event(bot: Stage) -> list[Any]:
    async with bot.runtime.store.read() as work:
        return list(await work.log.events(None, 500))


async def test_an_old_button_in_a_group_that_hides_amounts_now_decides_nothing(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/portfolio amounts on", "sees the amounts", chat=FAMILY)
        shown = await bot.ask(ANNA, "/proposals", "≈ $2,999.93", chat=FAMILY)
        data = shown.button("Approve").callback_data
        assert data is not None
        await bot.ask(ANNA, "/portfolio amounts off", "are hidden in this group", chat=FAMILY)
        words, is_alert = await bot.answer(bot.press_data(ANNA, shown, data))
        assert (words.startswith(HIDDEN_HERE), is_alert) == (True, True)
        (proposal,) = await proposals_of(bot)
        assert proposal.state is ProposalState.OPEN


async def test_who_has_no_chat_with_the_bot_is_named_with_a_way_to_start(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up()
        await bot.ask(BEN, "/whoami", "You are Ben", chat=FAMILY)
        ben, family = await bot.member(BEN), (await bot.portfolio()).portfolio
        assert not ben.is_reachable
        async with bot.runtime.store.begin() as work:
            await work.people.set_role(ben.id, family.id, Role.APPROVER)
        await bot.ask(ANNA, "/portfolio home", "come into this group", chat=FAMILY)
        await bot.ask(ANNA, "/rebalance force", "proposal 2")
        in_group = await bot.said(FAMILY, "proposal 2", "Ben has no open chat with me: Start")
        (link,) = [e for e in in_group.entities if e["type"] == "text_link"]
        assert link["url"] == f"https://t.me/{BOT}?start=p2"
        await bot.ask(BEN, "/start p2", "proposal 2")

        def is_not_named(_: object) -> bool:
            now = bot.sandbox.chat(FAMILY).messages[in_group.message_id]
            return "Ben has no open chat" not in now.text

        await bot.sandbox.wait_for(is_not_named)
        assert (await bot.member(BEN)).is_reachable


# --- every message -------------------------------------------------------------------------------

TELLING = "Sell 11 VTI ≈ $3,158.54 · cash $2,625.99"
GROUP = ChatId(FAMILY)


def scene(state: ProposalState = ProposalState.OPEN, **more: Any) -> Scene:
    shown = scenes.view(state, **more)
    return Scene(shown, shown.managed, (), "table", veil=BOT)


def item(kind: MessageKind, *, is_of_proposal: bool = True, **data: str) -> OutboxItem:
    shown = scenes.view()
    number = shown.proposal.id if is_of_proposal else None
    return OutboxItem(kind, GROUP, "x", shown.managed.portfolio.id, number, data=data)


@pytest.mark.parametrize("kind", sorted(set(MessageKind) - AS_EVERYWHERE))
@pytest.mark.parametrize("is_of_proposal", [True, False])
def test_no_message_tells_an_amount_behind_the_veil(
    kind: MessageKind,
    is_of_proposal: bool,
) -> None:
    """Whatever a kind says elsewhere, and whichever is added: behind the veil it has words of its own."""
    told = Letter(Screen(TELLING))
    here = scene() if is_of_proposal else replace(scene(), view=None)
    letter = veiled(item(kind, is_of_proposal=is_of_proposal), told, here, scenes.NOW)
    assert amounts_in(letter.screen.text, "11 VTI") == []
    assert [button.label for row in letter.screen.rows for button in row] == [OPEN_PRIVATELY]
    assert letter.screen.photo is None


def test_behind_the_veil_a_substitute_is_kept_and_what_moved_nothing_has_no_drift() -> None:
    told = Letter(Screen(TELLING))
    kept = item(MessageKind.SWITCH_KEPT, is_of_proposal=False)
    letter = veiled(kept, told, replace(scene(), view=None), scenes.NOW)
    assert "After a harvest, the substitute is kept for now." in letter.screen.text
    report = item(MessageKind.REPORT)
    trade = scenes.view().proposal.revision.plan.trades[0]
    refused = scenes.order(1, trade, filled=Decimal(0), state=OrderState.REJECTED)
    for state, orders, is_told in (
        (ProposalState.FAILED, (refused,), False),
        (ProposalState.DONE, scenes.filled_orders(scenes.view()), True),
    ):
        letter = veiled(report, told, scene(state, orders=orders), scenes.NOW)
        assert ("Drift" in letter.screen.text) is is_told


SAID: dict[MessageKind, dict[str, str]] = {
    MessageKind.APPROVAL_LOST: {"member_names": "Anna"},
    MessageKind.APPROVALS_MISSING: {},
    MessageKind.MAY_OBJECT: {},
    MessageKind.OBJECTED: {"member_name": "Ben"},
    MessageKind.APPROVAL_LAPSED: {"old_revision": "1", "new_revision": "2", "member_name": "Anna"},
    MessageKind.CHECK_REFUSED: {"code": "PricesRefused", "symbols": "VTI BND"},
    MessageKind.CODES_LOCKED: {"until": scenes.NOW.isoformat(), "member_name": "Ben"},
    MessageKind.FOREIGN_ORDERS: {"symbols": "VTI"},
    MessageKind.HANDED_OVER: {"giver": "Anna", "taker": "Ben"},
    MessageKind.HOME_LOST: {},
    MessageKind.KEPT_CRASHING: {},
    MessageKind.CLOSED: {"member_name": "Anna"},
    MessageKind.KEYS_GONE: {},
    MessageKind.MEMBER_JOINED: {"member_name": "Ben", "role": "viewer"},
    MessageKind.OWNERSHIP_OFFERED: {"until": scenes.NOW.isoformat(), "member_name": "Anna"},
    MessageKind.REACHABLE: {"member_name": "Ben"},
    MessageKind.RESTORED: {},
    MessageKind.UNREACHABLE: {"member_name": "Ben"},
}
"""What is known of each message that says the same behind the veil."""

STATES = {
    MessageKind.APPROVAL_LAPSED: ProposalState.OPEN,
    MessageKind.APPROVAL_LOST: ProposalState.OPEN,
    MessageKind.APPROVALS_MISSING: ProposalState.EXPIRED,
    MessageKind.MAY_OBJECT: ProposalState.SCHEDULED,
    MessageKind.OBJECTED: ProposalState.REJECTED,
}
"""In which state a proposal is of which some of them tell."""


@pytest.mark.parametrize("kind", sorted(AS_EVERYWHERE))
def test_what_says_the_same_behind_the_veil_names_no_amount(kind: MessageKind) -> None:
    is_of_proposal = kind in STATES
    here = scene(STATES[kind]) if is_of_proposal else replace(scene(), view=None)
    shown = item(kind, is_of_proposal=is_of_proposal, **SAID[kind])
    letter = write_letter(shown, here, scenes.NOW)
    assert letter is not None
    assert amounts_in(letter.screen.text) == []
    assert [button.label for row in letter.screen.rows for button in row] == [OPEN_PRIVATELY]


@pytest.mark.parametrize("state", list(ProposalState))
def test_a_proposal_names_no_amount_in_any_state(state: ProposalState) -> None:
    here = scene(state)
    shown = here.view
    assert shown is not None
    if state in {ProposalState.DONE, ProposalState.PARTIAL, ProposalState.EXECUTING}:
        shown = replace(shown, orders=scenes.filled_orders(shown))
    limit = Why(Because.AMOUNT, Decimal(5000), Decimal("6536.32"))
    shown = scenes.with_revision(shown, need=Need(2, (limit,)))
    copies = (Copy(shown.proposal.id, 1, GROUP, 5),)
    here = replace(here, view=shown, copies=copies)
    screen = copy_screen(here, 5, scenes.NOW)
    assert screen is not None
    quantities = [
        f"{trade.quantity} {trade.symbol}" for trade in shown.proposal.revision.plan.trades
    ]
    assert amounts_in(screen.text, *quantities) == []
    assert "% of the portfolio)" in screen.text
    assert [button.label for row in screen.rows for button in row] == [OPEN_PRIVATELY]


@pytest.mark.parametrize("cause", list(RevisionCause))
def test_a_new_version_says_why_without_its_amounts(cause: RevisionCause) -> None:
    here = scene()
    assert here.view is not None
    shown = scenes.with_revision(
        here.view,
        number=2,
        cause=cause,
        moves=(PriceMove(Symbol("VTI"), Decimal("284.10"), Decimal("287.14")),),
        changes=(HoldingChange(Symbol("CASH"), Decimal(3000), Decimal("2625.99")),),
    )
    screen = copy_screen(replace(here, view=shown), 5, scenes.NOW)
    assert screen is not None
    assert amounts_in(screen.text, "284.10", "3000") == []
    recheck = write_letter(item(MessageKind.RECHECK), replace(here, view=shown), scenes.NOW)
    assert recheck is None or amounts_in(recheck.screen.text, "284.10", "3000") == []


async def test_the_picture_of_the_status_has_no_amounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def draw(*args: Any, **kwargs: Any) -> bytes:
        drawn.extend((kwargs["title"], kwargs["subtitle"]))
        return allocation_chart(*args, **kwargs)

    monkeypatch.setattr("bot.telegram.views.veiled_status.allocation_chart", draw)
    async with stage(tmp_path) as bot:
        await bot.set_up()
        shown = await bot.ask(ANNA, "/status", "Drift 60.0", chat=FAMILY)
        assert shown.attachment is not None
        assert drawn[0] == "Family"
        assert amounts_in(" ".join(drawn)) == []
