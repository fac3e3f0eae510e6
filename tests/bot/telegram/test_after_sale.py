"""Sold and not bought: the message says where the money is, and its two buttons are answered once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from bot.runtime import Runtime
from bot.sandbox.driver import Sandbox
from bot.sandbox.model import Message
from bot.telegram.html import shown_length
from bot.telegram.screen import Screen
from bot.telegram.views.after_sale import after_sale_text
from bot.telegram.views.proposal import proposal_screen
from bot.telegram.views.proposal_replies import report_reply
from bot.words.after_sale import WHY_NOT_SENT
from bot.words.reader import Reader, reading_as
from core.domain.ids import AccountId, MemberId, Symbol
from core.domain.membership import Role
from core.domain.order import OrderState
from core.domain.plan import Side
from core.domain.portfolio import Account, Holdings, Settlement
from core.domain.proposal import DecisionKind, ProposalState
from core.domain.report import WhyNot
from core.ports.broker import Broker, BrokerOrder, Brokers, OrderRefused, OrderRequest
from tests.bot.telegram.scenes import NOW, decision, managed, member, order, snapshot, view
from tests.bot.telegram.stage import ANNA, BEN, Stage, stage


@dataclass
class NoPurchases:
    """A broker that refuses purchases for as long as told."""

    real: Broker
    switch: Switch

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        if self.switch.is_on and request.side is Side.BUY:
            raise OrderRefused("other", "purchases are halted")
        return await self.real.submit(request)


@dataclass
class Switch:
    """Whether purchases are refused, for a whole family of brokers."""

    is_on: bool = False
    brokers: list[Brokers] = field(default_factory=list)

    def adapt(self, runtime: Runtime) -> Runtime:
        self.brokers.append(runtime.brokers)
        return replace(runtime, brokers=self)

    def of(self, account: Account) -> Broker:
        return cast("Broker", NoPurchases(self.brokers[0].of(account), self))

    async def open_account(self, broker: str, currency: str) -> str:
        return await self.brokers[0].open_account(broker, currency)

    async def holdings(self, accounts: Collection[Account]) -> Mapping[AccountId, Holdings]:
        return await self.brokers[0].holdings(accounts)

    async def fractionable(
        self, account: Account, symbols: Collection[Symbol]
    ) -> frozenset[Symbol]:
        return await self.brokers[0].fractionable(account, symbols)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.brokers[0], name)


async def sold(bot: Stage, switch: Switch) -> Message:
    """Anna changes her targets from QUAL and USMV to VLUE; the broker sells, and refuses to buy."""
    first = await bot.set_up()
    bot.press(ANNA, first, "Approve")
    await bot.said(ANNA, "proposal 1", "Done", "filled in full")
    switch.is_on = True
    preview = await bot.ask(ANNA, "/targets QUAL 5 USMV 5 VLUE 50 CASH 40", "not set yet")
    await bot.tap(ANNA, preview, "Use these targets", "The targets are set")
    second = await bot.ask(ANNA, "/rebalance", "proposal 2", "Buy", "VLUE")
    bot.press(ANNA, second, "Approve")
    await bot.said(ANNA, "proposal 2", "Partly done", "The money is in cash at the broker")
    return await with_buttons(bot, ANNA, second.message_id, ["🛒 Try the buys", "💵 Stay in cash"])


async def with_buttons(bot: Stage, chat: int, message_id: int, labels: list[str]) -> Message:
    """A message, once it has these buttons."""

    def found(sandbox: Sandbox) -> Message | None:
        message = sandbox.chat(chat).messages[message_id]
        return message if [button.text for button in message.buttons] == labels else None

    return await bot.sandbox.wait_for(found)


async def test_the_purchases_are_planned_again_by_a_tap_and_only_once(tmp_path: Path) -> None:
    switch = Switch()
    async with stage(tmp_path, adapt=switch.adapt) as bot:
        message = await sold(bot, switch)
        assert "The purchases were not made, because the broker refused them." in message.text
        switch.is_on = False
        first, second = (bot.press(ANNA, message, "Try the buys") for _ in range(2))
        words = sorted([await bot.answer(first), await bot.answer(second)])
        assert "Anna has decided this already" in words[0][0]
        assert "Planned again, as proposal 3" in words[1][0]
        new = await bot.said(ANNA, "proposal 3", "Buy", "VLUE")
        bot.press(ANNA, new, "Approve")
        await bot.said(ANNA, "proposal 3", "Done", "filled in full")
        old = await with_buttons(bot, ANNA, message.message_id, [])
        assert "The purchases were planned again" in old.text


async def test_staying_in_cash_takes_the_buttons_away_everywhere(tmp_path: Path) -> None:
    switch = Switch()
    async with stage(tmp_path, allowed=(ANNA, BEN), adapt=switch.adapt) as bot:
        message = await sold(bot, switch)
        await bot.ask(BEN, "/start", "Hello")
        ben, portfolio = await bot.member(BEN), await bot.portfolio()
        async with bot.runtime.store.begin() as work:
            await work.people.set_role(ben.id, portfolio.portfolio.id, Role.APPROVER)
        past = await bot.ask(BEN, "/history", "partly done")
        record = await bot.tap(BEN, past, "🧾 2", "record of proposal 2")
        theirs = await bot.tap(BEN, record, "Show 2", "The money is in cash")
        payload = theirs.button("Try the buys").callback_data
        assert payload is not None
        await bot.tap(ANNA, message, "Stay in cash", "It stays in cash")
        for chat, shown in ((ANNA, message), (BEN, theirs)):
            await with_buttons(bot, chat, shown.message_id, [])
        words, is_alert = await bot.answer(bot.press_data(BEN, theirs, payload))
        assert (is_alert, "Anna has decided this already" in words) == (True, True)
        assert len(await bot.events("decided_stay_in_cash")) == 1


# --- the words -----------------------------------------------------------------------------------


def case(detail: str, state: OrderState = OrderState.VOID, **named: Any) -> Any:
    shown = view()
    sale, purchase = shown.proposal.revision.plan.trades
    orders = (
        order(1, sale),
        order(2, purchase, filled=Decimal(0), state=state, detail=detail),
    )
    return view(ProposalState.PARTIAL, orders=orders, decisions=(decision(member()),), **named)


def labels(screen: Screen) -> list[str]:
    return [button.label for row in screen.rows for button in row]


@pytest.mark.parametrize(
    "why", [WhyNot.APPROVAL_AGED, WhyNot.PAUSED, WhyNot.CLOSED, WhyNot.NO_CASH]
)
def test_it_says_what_is_certain_and_where_the_money_is(why: WhyNot) -> None:
    shown = case(why)
    text = proposal_screen(shown).text
    assert "Sold 11 VTI for $3,158.49." in text
    assert "The purchases were not made, because" in text
    assert "The money is in cash at the broker." in text
    assert labels(proposal_screen(shown)) == ["🛒 Try the buys", "💵 Stay in cash"]


def test_the_report_says_it_as_well_and_leads_to_the_buttons() -> None:
    reply = report_reply(case(WhyNot.APPROVAL_AGED))
    assert "because the approval had become too old" in reply.text
    assert labels(reply) == ["🛒 What now?", "📊 Status"]
    assert shown_length(reply.text) < 700


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (DecisionKind.STAY_IN_CASH, "It stays in cash</b>: Ben 10:09 ET."),
        (DecisionKind.TRY_BUYS, "The purchases were planned again</b>: Ben 10:09 ET."),
    ],
)
def test_once_decided_it_says_by_whom_and_offers_nothing(kind: DecisionKind, words: str) -> None:
    ben = replace(member(), id=MemberId(2), name="Ben")
    shown = case(WhyNot.PAUSED)
    decisions = (*shown.proposal.decisions, decision(ben, kind, minutes=4))
    shown = replace(shown, proposal=replace(shown.proposal, decisions=decisions))
    screen = proposal_screen(shown, market_now=NOW)
    assert words in screen.text
    assert "Approved by Anna" in screen.text
    assert labels(screen) == []


def test_what_was_bought_is_said_too() -> None:
    shown = view()
    sale, purchase = shown.proposal.revision.plan.trades
    half = order(2, purchase, filled=Decimal(10), state=OrderState.CANCELLED)
    text = after_sale_text(view(ProposalState.PARTIAL, orders=(order(1, sale), half)), NOW)
    assert "Bought 10 BND for $734.35." in text
    assert (
        "The rest of the purchases were not made, because they were not carried out in time."
        in text
    )
    assert "The rest of the money is in cash" in text


def test_a_plan_that_sells_today_and_buys_tomorrow_went_as_planned() -> None:
    shown = case(WhyNot.SETTLES_LATER)
    for screen in (proposal_screen(shown), report_reply(shown)):
        assert "Sold as planned" in screen.text
        assert "The purchases are planned on the next trading day" in screen.text
        assert "⚠" not in screen.text
        assert "artly done" not in screen.text
    assert labels(report_reply(shown)) == ["📊 Status"]


def test_a_sale_that_was_not_filled_whole_did_not_go_as_planned() -> None:
    shown = case(WhyNot.SETTLES_LATER)
    sale, purchase = shown.orders
    half = replace(sale, fills=(replace(sale.fills[0], quantity=Decimal(5)),))
    shown = replace(shown, orders=(replace(half, state=OrderState.EXPIRED), purchase))
    assert "Sold as planned" not in proposal_screen(shown).text


def test_where_the_purchases_wait_only_the_sales_are_approved_today() -> None:
    (account,) = snapshot().accounts
    waits = replace(account, settlement=Settlement(buys_wait=True))
    shown = view(shot=replace(snapshot(), accounts=(waits,)))
    assert labels(proposal_screen(shown))[0] == "✅ Approve today: 1 simulated order"


@pytest.mark.parametrize(
    ("why", "mark"), [(WhyNot.PAUSED, "⏸"), (WhyNot.CLOSED, "⚠"), (WhyNot.APPROVAL_AGED, "⚠")]
)
def test_a_plan_of_which_nothing_was_sent_says_why_and_not_that_it_failed(
    why: WhyNot, mark: str
) -> None:
    trades = view().proposal.revision.plan.trades
    orders = tuple(
        order(leg, trade, filled=Decimal(0), state=OrderState.VOID, detail=why)
        for leg, trade in enumerate(trades, 1)
    )
    where = managed(is_paused=why is WhyNot.PAUSED)
    shown = view(ProposalState.FAILED, where=where, orders=orders)
    said = proposal_screen(shown).text
    assert f"{mark} <b>Nothing was sent</b>: {WHY_NOT_SENT[why]}." in said
    assert "Your money and holdings are as they were." in said
    reply = report_reply(shown)
    assert f"Nothing was sent: {WHY_NOT_SENT[why]}" in reply.text
    assert "ailed" not in said + reply.text
    for text in (said, reply.text):
        assert text.count("Your money and holdings are as they were.") == 1
        assert "Cost $" not in text
    with reading_as(Reader(is_plain=True)):
        assert "It cost" not in report_reply(shown).text
    again = "▶️ Resume" if why is WhyNot.PAUSED else "⚖️ Check now"
    assert labels(reply) == [again, "📊 Status"]
