"""The cast of the permission matrix: a family's portfolio, one person of each kind, and Telegram as a recorder.

What serves their messages and taps is what serves everybody's; only the requests to Telegram are kept instead of sent.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from telegram import Bot, Update
from telegram.ext import ApplicationBuilder, ContextTypes
from telegram.request import BaseRequest, RequestData

from bot.bootstrap import open_runtime
from bot.runtime import Runtime
from bot.settings import Settings
from bot.telegram.callback import decode, encode
from bot.telegram.identity import ANONYMOUS_ADMIN
from bot.telegram.screen import Action
from bot.telegram.talk import Talk
from bot.telegram.taps import Taps
from core.adapters.store import SqlStore
from core.application.check_drift import request_rebalance
from core.application.create_portfolio import create_portfolio
from core.application.members import remove_member
from core.application.move_cash import deposit
from core.application.set_targets import set_targets
from core.domain.ids import ChatId, UserId
from core.domain.membership import Member, Role
from core.domain.permissions import Standing
from core.domain.portfolio import ManagedPortfolio
from core.domain.targets import TargetAllocation
from core.ports.store import Chat
from tests.fakes.store import _template

GROUP = -100_900
FILES = ("evenkeel.db", "broker.db")


@dataclass(frozen=True)
class Person:
    """Somebody, and what the table of permissions knows them as; None: nobody at all, hidden behind the group.

    ``at_home`` is what they are to the portfolio that their own chat is about, where that is another one.
    """

    user_id: int
    name: str
    who: Standing | Role | None
    is_of_family: bool = False
    at_home: Role | None = None


CAST = {
    "owner": Person(1, "Anna", Role.OWNER, is_of_family=True),
    "approver": Person(2, "Ben", Role.APPROVER, is_of_family=True),
    "proposer": Person(3, "Carl", Role.PROPOSER, is_of_family=True),
    "viewer": Person(4, "Dora", Role.VIEWER, is_of_family=True),
    "ex-member": Person(5, "Emil", Standing.MEMBER),
    "member of another household": Person(6, "Finn", Standing.MEMBER, at_home=Role.OWNER),
    "stranger": Person(7, "Gerd", Standing.STRANGER),
    "anonymous administrator": Person(ANONYMOUS_ADMIN, "Group", None),
}


class Recorder(BaseRequest):
    """Takes every request to Telegram, answers as Telegram would, and keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.keyboards: list[dict[str, Any]] = []

    @property
    def read_timeout(self) -> float | None:
        return 1.0

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(  # type: ignore[override]
        self, url: str, method: str, request_data: RequestData | None = None, **_: Any
    ) -> tuple[int, bytes]:
        """One request: its words are kept."""
        call = url.rsplit("/", 1)[1]
        given: Mapping[str, Any] = request_data.parameters if request_data else {}
        media = given.get("media")
        caption = json.loads(media).get("caption", "") if isinstance(media, str) else ""
        self.said += [word for word in (given.get("text"), given.get("caption"), caption) if word]
        if keyboard := given.get("reply_markup"):
            self.keyboards.append(keyboard)
        return 200, json.dumps({"ok": True, "result": _result(call, given)}).encode()


def _result(call: str, given: Mapping[str, Any]) -> object:
    match call:
        case "getMe":
            return {"id": 9, "is_bot": True, "first_name": "Evenkeel", "username": "evenkeel_bot"}
        case "sendMessage" | "sendPhoto" | "sendDocument" | "editMessageText" | "editMessageMedia":
            chat = {"id": given["chat_id"], "type": "private"}
            return {"message_id": 1, "date": 1_583_000_000, "chat": chat}
        case _:
            return True


@dataclass
class Play:
    """A runtime that nobody polls for, in which each scene begins from the same store."""

    runtime: Runtime
    folder: Path
    recorder: Recorder
    application: Any
    family: ManagedPortfolio
    proposal: int
    _count: int = 0

    async def do(self, person: Person, text: str, action: Action | None) -> list[str]:
        """Somebody taps, or writes where there is nothing to tap, and the bot says this."""
        return await (self.write(person, text) if action is None else self.tap(person, action))

    async def write(self, person: Person, text: str) -> list[str]:
        """Somebody writes privately (who is hidden: in the group), and the bot says this."""
        message = self._message(person, text)
        return await self._serve("message", message, Talk(self.runtime).on_message)

    async def write_in_group(self, person: Person, text: str) -> list[str]:
        """Somebody writes in the group, and the bot says this."""
        message = self._message(replace(person, who=None), text)
        message |= {"from": _user(person)}
        del message["sender_chat"]
        return await self._serve("message", message, Talk(self.runtime).on_message)

    async def tap(self, person: Person, action: Action) -> list[str]:
        """Somebody taps a button of a message in their chat, and the bot says this."""
        message = self._message(person, "a message with buttons")
        data = encode(action, message["chat"]["id"], self.runtime.signing_key)
        query = {"id": "1", "from": _user(person), "chat_instance": "1", "data": data}
        taps = Taps(self.runtime)
        return await self._serve("callback_query", {**query, "message": message}, taps.on_tap)

    def _message(self, person: Person, text: str) -> dict[str, Any]:
        self._count += 1
        is_hidden = person.who is None
        chat = {"id": GROUP, "type": "supergroup", "title": "Family"}
        if not is_hidden:
            chat = {"id": person.user_id, "type": "private", "first_name": person.name}
        found = {"message_id": self._count, "date": 1_583_000_000, "chat": chat, "text": text}
        return found | {"from": _user(person)} | ({"sender_chat": chat} if is_hidden else {})

    async def _serve(self, kind: str, content: dict[str, Any], handler: Any) -> list[str]:
        bot: Bot = self.application.bot
        update = Update.de_json({"update_id": self._count, kind: content}, bot)
        self.recorder.said.clear()
        self.recorder.keyboards.clear()
        context = ContextTypes.DEFAULT_TYPE.from_update(update, self.application)
        await handler(update, context)
        return list(self.recorder.said)

    def offered(self, person: Person) -> list[Action]:
        """What the buttons do that the bot's last answer in somebody's private chat came with."""
        keyboards = [each["inline_keyboard"] for each in self.recorder.keyboards]
        buttons = [button for rows in keyboards for row in rows for button in row]
        key = self.runtime.signing_key
        found = [decode(each.get("callback_data"), person.user_id, key) for each in buttons]
        return [action for action in found if action is not None]

    def begin(self) -> None:
        """Put every file back to where each scene begins."""
        for name in FILES:
            with (
                closing(sqlite3.connect(self.folder / f"first-{name}")) as first,
                closing(sqlite3.connect(self.folder / name)) as now,
            ):
                first.backup(now)
        assert isinstance(self.runtime.store, SqlStore)
        self.runtime.store._memory.allocations.clear()


def _user(person: Person) -> dict[str, Any]:
    is_bot = person.who is None
    return {"id": person.user_id, "is_bot": is_bot, "first_name": person.name}


@asynccontextmanager
async def play(folder: Path) -> AsyncIterator[Play]:
    """The cast on a stage of its own: the family has one portfolio with an open proposal, and others have theirs."""
    shutil.copyfile(_template(), folder / "evenkeel.db")
    settings = Settings(
        _env_file=None,
        telegram_bot_token=SecretStr("9:token"),
        data_dir=folder,
        market_data="replay",
        replay_start=date(2020, 2, 3),
    )
    recorder = Recorder()
    application = ApplicationBuilder().token("9:token").request(recorder).job_queue(None).build()
    async with open_runtime(settings) as runtime, application.bot:
        family, proposal = await _the_family(runtime)
        for name in FILES:
            with (
                closing(sqlite3.connect(folder / name)) as now,
                closing(sqlite3.connect(folder / f"first-{name}")) as first,
            ):
                now.backup(first)
        yield Play(runtime, folder, recorder, application, family, proposal)


async def _the_family(runtime: Runtime) -> tuple[ManagedPortfolio, int]:
    people = {name: await _let_in(runtime, CAST[name]) for name in CAST if name in KNOWN}
    owner = people["owner"]
    managed = await _portfolio(runtime, owner, "Family")
    portfolio_id = managed.portfolio.id
    store, clock, market = runtime.store, runtime.clock, runtime.market
    async with store.begin() as work:
        for name, member in people.items():
            role = Role.APPROVER if name == "ex-member" else CAST[name].who
            if isinstance(role, Role):
                await work.people.set_role(member.id, portfolio_id, role)
    gone = people["ex-member"].user_id
    await remove_member(store, clock, member=owner, portfolio_id=portfolio_id, user_id=gone)
    wanted = TargetAllocation.of({"QUAL": 60, "CASH": 40})
    await set_targets(store, market, clock, member=owner, portfolio_id=portfolio_id, targets=wanted)
    await deposit(
        store,
        runtime.brokers,
        clock,
        member=owner,
        portfolio_id=portfolio_id,
        amount=Decimal(10_000),
        key="1",
    )
    result = await request_rebalance(
        store,
        runtime.brokers,
        market,
        clock,
        member=owner,
        portfolio_id=portfolio_id,
        request_key="1",
        chat_id=ChatId(owner.user_id),
    )
    assert result.proposal is not None
    await _portfolio(runtime, people["member of another household"], "Neighbours")
    return managed, result.proposal.id


KNOWN = frozenset(CAST) - {"stranger", "anonymous administrator"}


async def _let_in(runtime: Runtime, person: Person) -> Member:
    async with runtime.store.begin() as work:
        home = await work.people.first_household()
        if home is None or not person.is_of_family:
            home = await work.people.add_household(person.name)
        return await work.people.add_member(UserId(person.user_id), home, person.name)


async def _portfolio(runtime: Runtime, member: Member, name: str) -> ManagedPortfolio:
    current = await create_portfolio(
        runtime.store,
        runtime.brokers,
        runtime.clock,
        member=member,
        name=name,
        chat=Chat(ChatId(member.user_id), "private", member.name),
    )
    return current.portfolio
