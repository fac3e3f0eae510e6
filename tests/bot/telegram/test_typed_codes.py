"""One-time codes in the chat: asked for in private, deleted at once, and never more than an approval."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pyotp
import pytest

from bot.runtime import Runtime
from bot.sandbox.model import Message
from bot.telegram.code_question import read_code
from core.adapters.clock import SystemClock
from core.adapters.vault import AesGcmVault
from core.domain.ids import ChatId, ProposalId
from core.domain.ladder import Confirmation
from core.domain.membership import Role
from core.domain.portfolio import Account, Rung
from core.domain.proposal import Proposal, ProposalState
from core.ports.broker import Broker, Brokers, BrokerTraits
from core.ports.store import Dialogue
from core.ports.store.codes import KeptCodes
from core.ports.store.credentials import ONE_TIME_CODES, owner_of
from tests.bot.telegram.stage import ANNA, BEN, FAMILY, Stage, eventually, stage

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
VAULT = AesGcmVault("a-master-key-of-at-least-thirty-two-characters")
QUESTION = "Type the six digits"


class LiveAccount:
    """An account of the simulated broker, which says that its money is real."""

    def __init__(self, inner: Broker) -> None:
        self._inner = inner

    @property
    def traits(self) -> BrokerTraits:
        return replace(self._inner.traits, is_live=True)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@dataclass
class LiveBrokers:
    """The brokers of the installation, which from some time on trade real money."""

    inner: Brokers
    is_live: bool = False

    def of(self, account: Account) -> Broker:
        broker = self.inner.of(account)
        return cast("Broker", LiveAccount(broker)) if self.is_live else broker

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@dataclass
class Later(SystemClock):
    """The wall's clock, which a test may set forward."""

    ahead: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return super().now() + self.ahead


@dataclass
class Scene:
    """A bot with a proposal for real money, and Anna's authenticator app."""

    bot: Stage
    brokers: LiveBrokers
    clock: Later
    asked: Message

    def code(self, steps: int = 0) -> str:
        return pyotp.TOTP(SECRET).at(self.clock.now() + timedelta(seconds=30 * steps))

    def wrong(self) -> str:
        near = {self.code(steps) for steps in range(-2, 3)}
        return next(f"{digits:06d}" for digits in range(100, 999) if f"{digits:06d}" not in near)

    async def proposal(self) -> Proposal:
        async with self.bot.runtime.store.read() as work:
            found = await work.proposals.get(ProposalId(1))
        assert found is not None
        return found

    async def kept(self) -> KeptCodes:
        anna = await self.bot.member()
        async with self.bot.runtime.store.read() as work:
            found = await work.codes.of(anna.id)
        assert found is not None
        return found

    async def dialogue(self, who: int = ANNA) -> Dialogue | None:
        member = await self.bot.member(who)
        async with self.bot.runtime.store.read() as work:
            return await work.conversation.dialogue(ChatId(who), member.id)

    async def question(self) -> Message:
        """Anna taps Approve, and is asked."""
        return await self.bot.tap(ANNA, self.asked, "Approve", QUESTION)

    def typed(self, who: int = ANNA) -> list[str]:
        """What still stands in a person's chat of what they wrote."""
        return [m.text for m in self.bot.sandbox.messages(who) if m.sender_id == who]


def all_bytes(folder: Path) -> str:
    """Everything that stands in the files of the store."""
    files = sorted(folder.glob("evenkeel.db*"))
    return b"".join(file.read_bytes() for file in files).decode("latin-1")


@asynccontextmanager
async def live(folder: Path, *, codes: bool = True) -> AsyncIterator[Scene]:
    held: list[Any] = []

    def adapt(runtime: Runtime) -> Runtime:
        brokers, clock = LiveBrokers(runtime.brokers), Later()
        held.extend((brokers, clock))
        return replace(
            runtime,
            settings=runtime.settings.model_copy(update={"trading_mode": "live"}),
            brokers=cast("Brokers", brokers),
            clock=clock,
            vault=VAULT,
        )

    async with stage(folder, allowed=(ANNA, BEN), adapt=adapt) as bot:
        asked = await bot.set_up()
        brokers, clock = held
        await _go_live(bot, Rung.LIVE, codes=codes)
        brokers.is_live = True
        yield Scene(bot, brokers, clock, asked)


async def _go_live(bot: Stage, rung: Rung, *, codes: bool) -> None:
    anna, family = await bot.member(), await bot.portfolio()
    account, now = family.accounts[0], bot.runtime.clock.now()
    sealed = VAULT.seal(SECRET, owner=owner_of(anna.id), purpose=ONE_TIME_CODES)
    async with bot.runtime.store.begin() as work:
        await work.ladder.set_rung(account.id, rung)
        number = account.broker_account_id
        await work.ladder.confirm(Confirmation(account.id, number, rung, anna.id, now))
        if codes:
            await work.codes.put(anna.id, sealed=sealed, step=0, at=now)


# --- the way it goes -----------------------------------------------------------------------------


async def test_the_right_code_approves_as_a_tap_does_and_is_gone_from_the_chat(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with live(tmp_path) as scene:
        question = await scene.question()
        assert "proposal 1 trades real money" in question.text.lower()
        assert (await scene.proposal()).state is ProposalState.OPEN
        code = scene.code()
        await scene.bot.ask(ANNA, f"{code[:3]} {code[3:]}", "Approved.")
        await scene.bot.said(ANNA, "proposal 1", "Approved by Anna", after=question.message_id)
        assert (await scene.proposal()).state is ProposalState.SCHEDULED
        assert not [text for text in scene.typed() if code[:3] in text]
        assert await scene.dialogue() is None
        assert len(await scene.bot.events("code_accepted")) == 1
        kept = await scene.kept()
    stored = all_bytes(tmp_path)
    assert kept.sealed in stored
    for canary in (code, f"{code[:3]} {code[3:]}", SECRET):
        assert canary not in stored
        assert canary not in caplog.text


async def test_a_member_without_codes_approves_with_a_tap(tmp_path: Path) -> None:
    async with live(tmp_path, codes=False) as scene:
        await scene.bot.tap(ANNA, scene.asked, "Approve", "Approved by Anna")
        assert (await scene.proposal()).state is ProposalState.SCHEDULED


async def test_wrong_codes_say_how_many_tries_are_left_and_lock_in_the_end(tmp_path: Path) -> None:
    async with live(tmp_path) as scene:
        await scene.bot.ask(BEN, "/whoami", "You are Ben")
        ben, family = await scene.bot.member(BEN), await scene.bot.portfolio()
        async with scene.bot.runtime.store.begin() as work:
            await work.people.set_role(ben.id, family.portfolio.id, Role.OWNER)
        await scene.question()
        for left in ("4 tries are", "3 tries are", "2 tries are", "1 try is"):
            await scene.bot.ask(ANNA, scene.wrong(), f"{left} left")
        await scene.bot.ask(ANNA, scene.wrong(), "Too many wrong codes", "Nothing was approved")
        assert not [text for text in scene.typed() if text.isdigit()]
        assert (await scene.proposal()).state is ProposalState.OPEN
        await scene.bot.said(BEN, "Anna: five wrong one-time codes", "pause")
        tapped = scene.bot.press(ANNA, scene.asked, "Approve")
        words, is_alert = await scene.bot.answer(tapped)
        assert words.startswith("Too many wrong codes")
        assert is_alert


async def test_after_a_wrong_code_the_right_one_still_approves(tmp_path: Path) -> None:
    async with live(tmp_path) as scene:
        await scene.question()
        await scene.bot.ask(ANNA, scene.wrong(), "4 tries are left")
        await scene.bot.ask(ANNA, scene.code(), "Approved.")
        assert (await scene.kept()).failures == 0


# --- what is no answer ---------------------------------------------------------------------------


async def test_other_words_are_no_try_and_cancel_ends_the_question(tmp_path: Path) -> None:
    async with live(tmp_path) as scene:
        question = await scene.question()
        await scene.bot.ask(ANNA, "yes please", "I wait for the six digits")
        assert (await scene.kept()).failures == 0
        await scene.bot.tap(ANNA, question, "Cancel", "Nothing was changed")
        await scene.bot.ask(ANNA, scene.code(), "commands and buttons only")
        assert (await scene.proposal()).state is ProposalState.OPEN


async def test_after_five_minutes_the_question_is_forgotten(tmp_path: Path) -> None:
    async with live(tmp_path) as scene:
        await scene.question()
        scene.clock.ahead = timedelta(minutes=5)
        code = scene.code()
        await scene.bot.ask(ANNA, code, "took too long", "Tap the button again")
        assert code not in scene.typed()
        assert (await scene.proposal()).state is ProposalState.OPEN
        await scene.question()
        scene.clock.ahead = timedelta(minutes=10)
        await scene.bot.ask(ANNA, "hello", "commands and buttons only")
        assert await scene.dialogue() is None


async def test_a_code_is_for_the_revision_that_was_tapped(tmp_path: Path) -> None:
    async with live(tmp_path) as scene:
        await scene.question()
        lines = await scene.bot.tap(ANNA, scene.asked, "Edit lines", "smaller or dropped")
        await scene.bot.tap(ANNA, lines, "Drop 1", "1.1")
        await scene.bot.ask(ANNA, scene.code(), "has changed since", "1.1")
        proposal = await scene.proposal()
        assert (proposal.state, proposal.approvals) == (ProposalState.OPEN, ())
        assert await scene.dialogue() is None
        assert (await scene.kept()).last_step == 0


async def test_somebody_else_s_answer_is_nothing_to_the_question(tmp_path: Path) -> None:
    async with live(tmp_path) as scene:
        await scene.bot.ask(BEN, "/whoami", "You are Ben")
        await scene.question()
        await scene.bot.ask(BEN, scene.code(), "commands and buttons only")
        assert (await scene.proposal()).state is ProposalState.OPEN
        assert (await scene.kept()).last_step == 0


# --- in a group ----------------------------------------------------------------------------------


async def test_in_a_group_the_question_is_asked_in_private(tmp_path: Path) -> None:
    async with live(tmp_path) as scene:
        await scene.bot.ask(ANNA, "/portfolio @family", "about Family", chat=FAMILY)
        await scene.bot.ask(ANNA, "/portfolio amounts on", "sees the amounts", chat=FAMILY)
        shown = await scene.bot.ask(ANNA, "/proposals", "proposal 1", chat=FAMILY)
        tapped = scene.bot.press(ANNA, shown, "Approve")
        words, is_alert = await scene.bot.answer(tapped)
        assert words == "I have asked for your one-time code in our private chat."
        assert is_alert
        await scene.bot.said(ANNA, QUESTION)
        assert not [m for m in scene.bot.sandbox.bot_messages(FAMILY) if QUESTION in m.text]
        await scene.bot.ask(ANNA, scene.code(), "Approved.")

        async def is_shown() -> bool:
            messages = scene.bot.sandbox.chat(FAMILY).messages
            return "Approved by Anna" in messages[shown.message_id].text

        await eventually(is_shown)


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["123456", " 123456\n", "123 456", "123-456", "123\u00a0456"])
def test_six_digits_are_read_however_they_are_grouped(text: str) -> None:
    assert read_code(text) == "123456"


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12 34 56", "code 123456", "12345６"])  # noqa: RUF001
def test_anything_else_is_no_code(text: str) -> None:
    assert read_code(text) is None
