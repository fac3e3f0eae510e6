"""Plain words: no message of a private chat in plain mode uses the trade's terms, and any line can be asked about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.charts import words_beside
from bot.telegram.html import plain
from bot.telegram.letters.scene import Scene
from bot.telegram.letters.writing import copy_screen, write_letter
from bot.telegram.screen import Screen
from bot.telegram.views.digest import digest_screen
from bot.telegram.views.overview import overview_screen
from bot.telegram.views.pinned import pinned_screen
from bot.telegram.views.plain_line import line_screen, which_line_screen
from bot.telegram.views.plain_proposal import plain_proposal_text
from bot.telegram.views.proposal import proposal_screen, reminder
from bot.telegram.views.proposal_replies import recheck_notice, report_reply
from bot.telegram.views.proposal_why import proposal_why_screen
from bot.telegram.views.status import status_screen
from bot.words.holds import HOLD_REASONS
from bot.words.plain_words import (
    HOW_REAL,
    SENTENCES,
    furthest,
    out_of_place,
    plain_gain,
    plain_reason,
    two_sentences,
)
from bot.words.reader import EVERYBODY, Reader, reading_as
from core.application.create_portfolio import BY_HAND
from core.application.explain_line import LineStory, PlanFor, Since, beyond_since
from core.application.keep_pinned import Board
from core.application.month_digest import MonthDigest, PortfolioMonth
from core.application.show_overview import HouseholdOverview
from core.application.show_status import Status
from core.domain.hold import Hold, HoldReason
from core.domain.ids import AccountId, ChatId, CheckId, PortfolioId, Symbol
from core.domain.membership import Role
from core.domain.order import OrderState
from core.domain.outbox import Copy, MessageKind, OutboxItem
from core.domain.plan import Realised, Reason, ReasonCode, Skipped
from core.domain.portfolio import Rung
from core.domain.proposal import DecisionKind, ProposalState, RevisionCause
from core.domain.refusals import EmptyAccount, NoTargets
from core.domain.report import WhyNot
from core.domain.session import DueCheck
from core.ports.store import CheckRecord
from tests.bot.telegram import scenes
from tests.bot.telegram.stage import ANNA, FAMILY, stage
from tests.bot.telegram.test_hidden_amounts import SAID
from tests.bot.telegram.test_performance import a_month

PLAIN = Reader(is_plain=True)
JARGON = re.compile(
    r"\b(drift\w*|bands?|rungs?|lots?|bps|basis points?|collars?|notional|points?|weights?|allocations?|breach\w*"
    r"|rebalanc\w*|realis\w*|turnover|slippage|liquidity|harvest\w*|wash\w*|long-term|short-term|cost basis"
    r"|tracking|objective|destination|rung|simulated|dry.run|paper|live|revision|filled|unfilled|policy)\b",
    re.IGNORECASE,
)
"""The trade's terms; commands (``/policy``) are names, and are taken out before."""
COMMAND = re.compile(r"/[a-z]+")


def jargon_in(text: str) -> list[str]:
    return JARGON.findall(COMMAND.sub("", plain(text)))


def words_of(screen: Screen) -> str:
    """All that is read of a screen: its text and its buttons."""
    labels = [button.label for row in screen.rows for button in row]
    return "\n".join([screen.text, *labels])


@pytest.fixture(autouse=True)
def plain_reader() -> Iterator[None]:
    with reading_as(PLAIN):
        yield


def status(**changes: Any) -> Status:
    at_rest = Status(
        managed=scenes.managed(),
        role=Role.OWNER,
        holdings=scenes.HOLDINGS,
        drift=scenes.view().proposal.revision.plan.before,
        refusal=None,
        prices_at=scenes.PRICED,
        source="yahoo",
        market_now=scenes.NOW,
        is_open=True,
        next_check_at=scenes.NOW + timedelta(days=1),
        last_check=record("on_target"),
        open_proposals=(scenes.view().proposal,),
    )
    return replace(at_rest, **changes)


def record(outcome: str | None, days: int = 0, **detail: str) -> CheckRecord:
    at = scenes.NOW - timedelta(days=days)
    due = DueCheck(CheckId(99 - days), PortfolioId(1), at.date(), "10:00", at)
    return CheckRecord(due, outcome, json.dumps(detail), at)


def test_the_list_finds_the_words_that_it_is_for() -> None:
    with reading_as(EVERYBODY):
        usual = words_of(status_screen(status())) + words_of(proposal_screen(scenes.view()))
    found = {word.lower() for word in jargon_in(usual)}
    assert {"drift", "band", "simulated"} <= found


def test_two_sentences_say_what_happened_and_what_helps_in_the_readers_own_numbers() -> None:
    """BND is 28.0 of 100 and was to be 35; 112 VTI and 184 BND at 287.14 and 73.43"""
    drift = scenes.view().proposal.revision.plan.before
    assert two_sentences(drift, "USD") == (
        "You wanted 35 of every 100 dollars in BND; it is 28 now. "
        "Selling some of what is ahead and buying more of it brings it back."
    )
    over = replace(drift, lines=drift.lines[:1])
    assert two_sentences(over, "EUR") == (
        "You wanted 60 of every 100 euros in VTI; it is 66.6 now. "
        "Selling some and buying what is behind brings it back."
    )


def test_a_status_shows_each_part_and_can_be_asked_why() -> None:
    screen = status_screen(status())
    text = plain(screen.text)
    assert screen.photo is not None
    assert jargon_in(" ".join(words_beside())) == []
    assert "Family · play money" in text
    assert "VTI: 66.6, wanted 60 ▲" in text
    assert "Cash: 5.4, wanted 5" in text
    assert [b.label for row in screen.rows for b in row][-3:] == ["❔ VTI", "❔ BND", "❔ Cash"]


@pytest.mark.parametrize(
    "outcome", ["on_target", "proposed", "nothing_helps", "refused", "held_off"]
)
@pytest.mark.parametrize("rung", list(Rung))
def test_no_status_uses_a_term(outcome: str, rung: Rung) -> None:
    where = scenes.managed(rung=rung, is_paused=True)
    holds = tuple(Hold(AccountId(1), reason, "", scenes.NOW) for reason in HoldReason)
    shown = status(managed=where, last_check=record(outcome), holds=holds)
    assert jargon_in(words_of(status_screen(shown))) == []
    for trouble in (NoTargets(), EmptyAccount()):
        bare = status(managed=where, drift=None, refusal=trouble)
        assert jargon_in(words_of(status_screen(bare))) == []
    houses = [HouseholdOverview("Home", (shown, status()))]
    assert jargon_in(words_of(overview_screen(houses))) == []


def test_a_proposal_says_all_that_is_approved() -> None:
    shown = scenes.view()
    screen = proposal_screen(shown, market_now=scenes.NOW)
    text = plain(screen.text)
    for trade in shown.proposal.revision.plan.trades:
        assert f"{trade.quantity} {trade.symbol} for about ${trade.value:,.2f}" in text
    assert "Afterwards, of every 100 dollars: VTI" in text
    assert "It costs about $" in text
    labels = [b.label for row in screen.rows for b in row]
    assert labels[0] == "✅ Approve 2 orders"
    assert {"❔ Why", "⏳ Later", "✖ Reject", "❔ VTI", "❔ BND"} <= set(labels)


def test_what_plain_words_are_too_long_for_can_be_approved_all_the_same() -> None:
    where, shot = scenes.many_lines(90)
    shown = scenes.view(where=where, shot=shot)
    assert plain_proposal_text(shown, None) is None
    screen = proposal_screen(shown)
    assert screen.rows[0][0].label.startswith("✅ Approve")
    for trade in shown.proposal.revision.plan.trades:
        assert trade.symbol in screen.text


def test_real_money_is_called_so() -> None:
    screen = proposal_screen(scenes.view(where=scenes.managed(rung=Rung.LIVE_CAPPED)))
    assert "REAL MONEY: a yes buys and sells at the broker." in plain(screen.text)
    assert screen.rows[0][0].label.startswith("✅ Approve: trade $")
    assert screen.rows[0][0].label.endswith("of real money")


def results(shown: Any, state: OrderState, detail: str) -> Any:
    trades = shown.proposal.revision.plan.trades
    first = scenes.order(1, trades[0])
    some = Decimal(3) if state is OrderState.PARTIALLY_FILLED else Decimal(0)
    rest = scenes.order(2, trades[1], filled=some, state=state, detail=detail)
    return replace(shown, orders=(first, rest))


@pytest.mark.parametrize("state", list(ProposalState))
@pytest.mark.parametrize("rung", [Rung.SIMULATED, Rung.DRY_RUN, Rung.LIVE])
def test_no_proposal_uses_a_term_in_any_state(state: ProposalState, rung: Rung) -> None:
    anna, ben = scenes.member(), scenes.member(2, "Ben")
    decided = tuple(scenes.decision(anna, kind) for kind in DecisionKind)
    shown = scenes.view(
        state, where=scenes.managed(rung=rung), decisions=decided, members=(anna, ben)
    )
    shown = replace(shown, orders=scenes.filled_orders(shown))
    copies = (Copy(shown.proposal.id, 1, ChatId(ANNA), 5),)
    here = Scene(shown, shown.managed, copies, "table")
    for screen in (
        copy_screen(here, 5, scenes.NOW),
        proposal_why_screen(shown),
        report_reply(shown),
        reminder(shown, is_last=True, market_now=scenes.NOW),
    ):
        assert screen is not None
        assert jargon_in(words_of(screen)) == []


@pytest.mark.parametrize("detail", [*sorted(set(WhyNot) - {WhyNot.DRY_RUN}), ""])
def test_no_report_uses_a_term_whatever_went_wrong(detail: str) -> None:
    for state in (OrderState.VOID, OrderState.CANCELLED, OrderState.PARTIALLY_FILLED):
        for ended in (ProposalState.PARTIAL, ProposalState.FAILED, ProposalState.EXECUTING):
            orders = results(scenes.view(), state, detail).orders
            shown = scenes.view(ended, orders=orders)
            for screen in (report_reply(shown), proposal_screen(shown)):
                assert jargon_in(words_of(screen)) == []


def test_a_dry_run_is_called_a_rehearsal() -> None:
    where = scenes.managed(rung=Rung.DRY_RUN)
    trades = scenes.view().proposal.revision.plan.trades
    unsent = {"filled": Decimal(0), "state": OrderState.VOID, "detail": WhyNot.DRY_RUN}
    orders = tuple(scenes.order(leg, trade, **unsent) for leg, trade in enumerate(trades, 1))  # type: ignore[arg-type]
    shown = scenes.view(ProposalState.DONE, where=where, orders=orders)
    for screen in (report_reply(shown), proposal_screen(shown)):
        assert "Rehearsed: nothing was sent." in plain(screen.text)
        assert "VTI: only rehearsed" in screen.text
        assert jargon_in(words_of(screen)) == []


@pytest.mark.parametrize("cause", list(RevisionCause))
def test_no_new_version_uses_a_term(cause: RevisionCause) -> None:
    shown = scenes.with_revision(scenes.view(), number=2, cause=cause)
    assert jargon_in(words_of(proposal_screen(shown))) == []
    assert jargon_in(words_of(recheck_notice(shown, market_now=scenes.NOW))) == []


def test_each_reason_has_a_sentence_without_a_term() -> None:
    assert set(SENTENCES) == set(ReasonCode)
    assert [found for text in SENTENCES.values() if (found := jargon_in(text))] == []
    assert set(HOW_REAL) == set(Rung)
    assert jargon_in(" ".join([*HOW_REAL.values(), *HOLD_REASONS.values()])) == []


@pytest.mark.parametrize("code", list(ReasonCode))
def test_no_proposal_uses_a_term_whatever_its_reason(code: ReasonCode) -> None:
    names = [
        "amount",
        "missing",
        "cost",
        "lost",
        "saved",
        "offset",
        "carried",
        "band",
        "drift",
        "target",
        "worth",
    ]
    reason = Reason(code, Symbol("VTI"), dict.fromkeys(names, Decimal("12.5")), date(2026, 4, 1))
    shown = scenes.view()
    plan = replace(
        shown.proposal.revision.plan,
        reason=reason,
        notes=(reason,),
        skipped=(Skipped(Symbol("BND"), reason),),
        realised=(Realised("Anna", Decimal(-40), Decimal(10), Decimal(-5)),),
    )
    shown = scenes.with_revision(shown, plan=plan)
    for screen in (proposal_screen(shown), proposal_why_screen(shown)):
        assert jargon_in(words_of(screen)) == []
        assert (
            "Anna: The sales bring about $30.00 less than was paid; "
            "that may save about $5.00 in tax."
        ) in plain(screen.text)


def test_a_loss_that_never_counts_is_said() -> None:
    values = {"amount": Decimal(90), "lost": Decimal(30)}
    said = plain_reason(Reason(ReasonCode.LOSS_WASHED, None, values), "USD")
    assert said == "$90.00 of the losses will not count for taxes. $30.00 of it never will."
    tax = Realised("", Decimal(0), Decimal(0), Decimal(3))
    assert plain_gain(tax, "USD") == (
        "The sales bring what was paid; that may cost about $3.00 in tax."
    )


@pytest.mark.parametrize("outcome", ["on_target", "refused", "nothing_helps", "cooling_down"])
@pytest.mark.parametrize("state", [None, *ProposalState])
def test_no_pinned_message_uses_a_term(outcome: str, state: ProposalState | None) -> None:
    proposals = () if state is None else (scenes.view(state).proposal,)
    last = record(outcome, portfolio_drift="7.0412", total="48296.00")
    board = Board(scenes.managed(), scenes.NOW, last, scenes.NOW, proposals, ())
    screen = pinned_screen(board)
    assert jargon_in(words_of(screen)) == []
    assert "Of every 100 dollars, 7 are not where you wanted them." in screen.text


def test_almost_nothing_out_of_place_is_not_rounded_to_nothing() -> None:
    assert out_of_place(Decimal("0.1"), "USD").startswith("Of every 100 dollars, 0.1 are not")
    assert out_of_place(Decimal("0.04"), "USD") == "Everything is where you wanted it."


def test_no_digest_uses_a_term() -> None:
    part = PortfolioMonth(a_month(), Decimal("7.04"), scenes.NOW)
    for parts in ((part,), (part, part)):
        screen = digest_screen(MonthDigest(date(2026, 3, 1), parts))
        assert screen.photo is not None
        assert jargon_in(words_of(screen)) == []
        assert "Of every 100 dollars, 7 are not where you wanted them." in screen.text
        assert "Gain apart from that: +$300.00" in plain(screen.text)


NEWS: dict[MessageKind, dict[str, str]] = {
    **SAID,
    MessageKind.PROPOSAL: {},
    MessageKind.REMINDER: {"why": "missing"},
    MessageKind.REPORT: {},
    MessageKind.FROZEN: {},
    MessageKind.RECHECK: {},
    MessageKind.WAITING: {"until": scenes.NOW.isoformat(), "code": "BrokerDown"},
    MessageKind.HOLD_OVER: {"reason": "keys_refused"},
}
"""What is known of each message about what happens; the others are for those who set things up."""
NEWS.pop(MessageKind.OWNERSHIP_OFFERED)


@pytest.mark.parametrize("kind", sorted(NEWS))
def test_no_news_uses_a_term(kind: MessageKind) -> None:
    said = 0
    for state in ProposalState:
        shown = scenes.view(state)
        part = scenes.order(1, shown.proposal.revision.plan.trades[0], filled=Decimal(3))
        open_part = replace(part, state=OrderState.PARTIALLY_FILLED)
        shown = replace(shown, orders=(open_part,))
        if kind is MessageKind.RECHECK:
            shown = scenes.with_revision(shown, number=2, cause=RevisionCause.PRICES_MOVED)
        for view in (shown, None):
            number = None if view is None else shown.proposal.id
            item = OutboxItem(kind, ChatId(ANNA), "x", PortfolioId(1), number, data=NEWS[kind])
            letter = write_letter(item, Scene(view, shown.managed, (), "table"), scenes.NOW)
            if letter is not None:
                said += 1
                assert jargon_in(words_of(letter.screen)) == []
    assert said


def test_no_checklist_uses_a_term() -> None:
    where = scenes.managed(rung=Rung.DRY_RUN)
    (account,) = where.accounts
    where = replace(where, accounts=(replace(account, broker=BY_HAND),))
    for state in (ProposalState.OPEN, ProposalState.EXECUTING, ProposalState.DONE):
        shown = scenes.view(state, where=where)
        trades = shown.proposal.revision.plan.trades
        orders = [
            scenes.order(leg, trade, filled=Decimal(0), state=OrderState.SUBMITTED)
            for leg, trade in enumerate(trades, 1)
        ]
        shown = replace(shown, orders=tuple(orders))
        assert jargon_in(words_of(proposal_screen(shown))) == []
        assert "traded by hand" in plain(proposal_screen(shown).text)


# --- why -----------------------------------------------------------------------------------------


def test_since_when_is_the_first_of_the_looks_in_a_row_that_found_it_so() -> None:
    """today and yesterday VTI beyond · between them a look without prices · the day before on target -> yesterday"""
    vti = Symbol("VTI")
    looks = [
        record("proposed", 0, total="1.00", beyond="BND VTI"),
        record("refused", 1),
        record("still_open", 2, total="1.00", beyond="VTI"),
        record("on_target", 3, total="1.00"),
        record("proposed", 4, total="1.00", beyond="VTI"),
    ]
    two_days_ago = scenes.NOW - timedelta(days=2)
    assert beyond_since(looks, vti) == Since(two_days_ago, is_first=True)
    assert beyond_since(looks, Symbol("BND")) == Since(scenes.NOW, is_first=True)
    assert beyond_since(looks[:3], vti) == Since(two_days_ago, is_first=False)
    assert beyond_since(looks[3:], vti) is None
    silent = record("proposed", 3, total="1.00")
    assert beyond_since([*looks[:3], silent], vti) == Since(two_days_ago, is_first=False)
    assert beyond_since([], vti) is None


def story(symbol: str = "VTI", **changes: Any) -> LineStory:
    shown = status()
    proposal = shown.open_proposals[0]
    assert shown.drift is not None
    plan = proposal.revision.plan
    trades = tuple(trade for trade in plan.trades if trade.symbol == symbol)
    told = LineStory(
        shown,
        shown.drift.line(Symbol(symbol)),
        since=Since(scenes.NOW - timedelta(days=1), is_first=True),
        plans=(PlanFor(proposal.id, 1, proposal.state, trades, ()),),
    )
    return replace(told, **changes)


def test_a_line_says_what_was_wanted_what_it_is_since_when_and_what_is_done() -> None:
    text = plain(line_screen(story()).text)
    for said in (
        "Family · VTI · play money",
        "You wanted 60 of every 100 dollars in VTI; it is 66.6 now.",
        "You hold 112 VTI, worth $32,159.68.",
        "Up to 5 of every 100 dollars more or less is close enough.",
        "It has been too far away since the look of Mon 9 Mar",
        "Proposal 42 (open) would sell 11 VTI for about $3,158.54; then it is 60",
    ):
        assert said in text


def test_no_line_uses_a_term_whether_near_or_far() -> None:
    stories = [
        story(),
        story(plans=(), since=None),
        story("BND"),
        story("CASH", plans=(), since=None),
        story(status=status(role=Role.VIEWER)),
    ]
    for told in stories:
        assert jargon_in(words_of(line_screen(told))) == []
    assert jargon_in(words_of(which_line_screen(status()))) == []
    far = line_screen(stories[1])
    assert "⚖️ Check now" in [b.label for row in far.rows for b in row]
    viewer = story(status=status(role=Role.VIEWER), plans=())
    assert "⚖️ Check now" not in [b.label for row in line_screen(viewer).rows for b in row]


def test_the_line_that_is_told_is_the_furthest_that_is_too_far() -> None:
    drift = scenes.view().proposal.revision.plan.before
    found = furthest(drift)
    assert found is not None
    assert found.symbol == "BND"


async def test_a_member_reads_plain_words_in_their_own_chat_and_the_group_does_not(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        waiting = await bot.ask(ANNA, "/proposals", "Calculated from your targets", "Drift 60.0")
        shown = await bot.ask(ANNA, "/settings", "terms: off")
        await bot.tap(ANNA, shown, "Use plain words", "terms: on")
        assert (await bot.member()).preferences.is_plain

        def is_plain_now(_: object) -> bool:
            return "What it does" in bot.sandbox.chat(ANNA).messages[waiting.message_id].text

        await bot.sandbox.wait_for(is_plain_now)
        alone = await bot.ask(ANNA, "/status", "play money", "of every 100 dollars in cash")
        assert jargon_in(alone.text) == []
        await bot.ask(ANNA, "/status", "Drift 60.0", chat=FAMILY)
        await bot.tap(ANNA, alone, "❔ QUAL", "You wanted 30 of every 100 dollars in QUAL")
        asked = await bot.ask(ANNA, "/why", "About which part?")
        await bot.tap(ANNA, asked, "❔ Cash", "You wanted 40 of every 100 dollars in cash")
        await bot.ask(ANNA, "/why usmv", "Up to 5 of every 100 dollars", "Proposal 1")
        await bot.ask(ANNA, "/why TSLA", "There is no TSLA in Family")
        told = await bot.ask(ANNA, "/proposals", "What it does", "Afterwards, of every 100")
        assert jargon_in(told.text) == []
        await bot.tap(ANNA, told, "Approve", "Done")
        report = await bot.said(ANNA, "It cost $", after=told.message_id)
        assert jargon_in(report.text) == []
        await bot.ask(ANNA, "/settings plain off", "terms: off")
        await bot.ask(ANNA, "/settings plain maybe", "plain cannot be “maybe”", "on or off")
        await bot.ask(ANNA, "/status", "SIMULATED", "Drift")
