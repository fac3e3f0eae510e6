"""A held account in the chat: people are told, look, and say how it goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from bot.runtime import Runtime
from core.domain.ids import AccountId, ChatId, ClientOrderId, Symbol
from core.domain.look import Held
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.portfolio import Account, Holdings
from core.ports.broker import (
    AccountReplaced,
    AccountReport,
    Broker,
    BrokerAccount,
    Brokers,
    BrokerTraits,
    SeenOrder,
)
from tests.bot.telegram.stage import ANNA, Stage, stage


@dataclass
class There:
    """What is the case at the broker: the account that the keys open, a restriction, others' orders."""

    opens: str = ""
    is_restricted: bool = False
    orders: tuple[SeenOrder, ...] = ()


class SharedBroker:
    """The simulated broker, as if others could trade there too."""

    def __init__(self, real: Broker, name: str, there: There) -> None:
        self._real = real
        self._name = name
        self._there = there

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    @property
    def traits(self) -> BrokerTraits:
        return replace(self._real.traits, others_trade=True)

    async def account(self) -> BrokerAccount:
        account = await self._real.account()
        name = self._there.opens or account.broker_account_id
        return replace(account, broker_account_id=name, is_restricted=self._there.is_restricted)

    async def report(self, since: datetime | None) -> AccountReport:
        account = await self.account()
        if account.broker_account_id != self._name:
            raise AccountReplaced(self._name, account.broker_account_id, "other keys")
        held = {s: Held(q) for s, q in (await self._real.holdings()).positions.items()}
        return AccountReport(account, held, self._there.orders)


class SharedBrokers:
    """The family of them; a second number leads to the same account."""

    def __init__(self, real: Brokers, there: There) -> None:
        self._real = real
        self._there = there
        self._first = ""

    def of(self, account: Account) -> Broker:
        self._first = self._first or account.broker_account_id
        behind = replace(account, broker_account_id=self._first)
        real = self._real.of(behind)
        return cast("Broker", SharedBroker(real, account.broker_account_id, self._there))

    async def holdings(self, accounts: Collection[Account]) -> Mapping[AccountId, Holdings]:
        return await self._real.holdings(accounts)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def shared(there: There) -> Callable[[Runtime], Runtime]:
    def adapt(runtime: Runtime) -> Runtime:
        return replace(runtime, brokers=SharedBrokers(runtime.brokers, there))

    return adapt


async def settled(bot: Stage) -> None:
    """A first portfolio, and a round of work at once, in which its account is looked at."""
    await bot.set_up()
    bot.runtime.work_arrived.set()


async def test_a_restriction_is_told_and_over_when_a_look_says_so(tmp_path: Path) -> None:
    there = There(is_restricted=True)
    async with stage(tmp_path, adapt=shared(there)) as bot:
        await settled(bot)
        notice = await bot.said(ANNA, "Nothing is planned or sent", "has restricted the account")
        words, is_alert = await bot.answer(bot.press(ANNA, notice, "Check again"))
        assert (is_alert, words.startswith("Still held: the broker has restricted")) == (True, True)
        refused = await bot.ask(ANNA, "/rebalance force", "Nothing is planned or sent")
        assert "/status shows what to do" in refused.text
        there.is_restricted = False
        status = await bot.ask(ANNA, "/status", "Nothing is sent")
        words, is_alert = await bot.answer(bot.press(ANNA, status, "Check again"))
        assert (is_alert, words) == (False, "It goes on.")
        await bot.said(ANNA, "Checks and orders go on", after=status.message_id)
        await bot.settle()
        said = [m.text for m in bot.sandbox.bot_messages(ANNA) if "go on" in m.text]
        assert len(said) == 1
        shown = bot.sandbox.chat(ANNA).messages[status.message_id]
        assert "Nothing is sent" not in shown.text
        assert len(await bot.events("hold_lifted")) == 1


async def test_another_account_is_used_when_its_owner_says_so(tmp_path: Path) -> None:
    there = There(opens="SIM-OTHER")
    async with stage(tmp_path, adapt=shared(there)) as bot:
        await settled(bot)
        notice = await bot.said(ANNA, "Nothing is planned or sent", "…THER")
        words, is_alert = await bot.answer(bot.press(ANNA, notice, "Check again"))
        assert (is_alert, words.startswith("Still held")) == (True, True)
        await bot.tap(ANNA, notice, "Use …THER", "Checks and orders go on")
        assert (await bot.portfolio()).accounts[0].broker_account_id == "SIM-OTHER"
        (event,) = await bot.events("account_accepted")
        assert event.member_id == (await bot.member()).id
        words, _ = await bot.answer(bot.press_data(ANNA, notice, _data(notice, "Use …THER")))
        assert words == "It goes on."


def _data(message: Any, label: str) -> str:
    data = message.button(label).callback_data
    assert isinstance(data, str)
    return data


async def test_trades_that_cannot_be_explained_wait_for_a_look(tmp_path: Path) -> None:
    there = There()

    async with stage(tmp_path, adapt=shared(there)) as bot:
        async with bot.runtime.store.read() as work:
            name = ClientOrderId(f"rb-{await work.people.install_id()}-77-1-1")
        there.orders = (SeenOrder(name, Symbol("QUAL"), False, Decimal(5)),)
        await settled(bot)
        notice = await bot.said(ANNA, "Nothing is planned or sent", name)
        await bot.tap(ANNA, notice, "I have looked", "Checks and orders go on")
        (event,) = await bot.events("hold_lifted")
        assert event.member_id == (await bot.member()).id


async def test_what_others_did_is_told_in_the_chat(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        changed = json.dumps([["traded", "QUAL", "112", "100", None]])
        await _queue(bot, MessageKind.HOLDINGS_CHANGED, changes=changed, more="0", ended="1")
        await bot.said(ANNA, "Somebody traded at the broker", "QUAL 112 → 100", "Proposal 1")
        await _queue(bot, MessageKind.FOREIGN_ORDERS, symbols="QUAL")
        await bot.said(ANNA, "an order for QUAL is open that I did not send")
        await _queue(bot, MessageKind.HOLD_OVER, reason="keys_refused")
        await bot.said(ANNA, "The account can be used again")


async def _queue(bot: Stage, kind: MessageKind, **data: str) -> None:
    portfolio_id = (await bot.portfolio()).portfolio.id
    item = OutboxItem(kind, ChatId(ANNA), f"test:{kind}", portfolio_id, data=data)
    async with bot.runtime.store.begin() as work:
        await work.outbox.enqueue([item], bot.runtime.clock.now())
