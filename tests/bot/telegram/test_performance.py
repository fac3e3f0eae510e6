"""``/performance``: the words and the picture, percentages only in a group, and the running bot's buttons."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bot.performance_chart import Curves, performance_chart
from bot.telegram.html import plain
from bot.telegram.views.performance import PERIODS, performance_screen, value_lines
from bot.words.reader import Reader, reading_as
from core.application.compare_left_alone import Comparison, Lack
from core.application.measured import Measured, Span
from core.application.read_performance import Performance
from core.domain.performance import Flow, Period, Valued
from core.domain.preferences import NumberFormat
from core.domain.proposal import DecisionKind, ProposalState
from core.ports.store import Change
from tests.bot.telegram.scenes import NOW, decision, filled_orders, managed, member, view
from tests.bot.telegram.stage import ANNA, FAMILY, stage

D = Decimal


def measured(days: int, value: str) -> Measured:
    at = NOW + timedelta(days=days)
    return Measured(at, Valued(at, D(value)), at.date())


def a_month(**changes: object) -> Performance:
    """10,000 · 2,000 come after 10 days · 12,300 after 30: gain 300"""
    values = (measured(0, "10000"), measured(10, "12000"), measured(30, "12300"))
    flows = (Flow(NOW + timedelta(days=10), D(2000)),)
    orders = filled_orders(view())
    shown = view(ProposalState.DONE, decisions=(decision(member()),), orders=orders)
    against = Comparison(date(2026, 3, 10), date(2026, 4, 8), D(12_300), D(12_000), 2)
    found = Performance(managed(), Span(values, flows, is_new=True), (shown,), (), against)
    return replace(found, **changes)  # type: ignore[arg-type]


def test_money_paid_in_stands_apart_from_the_gain() -> None:
    screen = performance_screen(a_month(), Period.QUARTER)
    words = plain(screen.text)
    for expected in (
        "performance, 3 months",
        "10 Mar 2026 to 9 Apr 2026",
        "When first looked at: $10,000.00",
        "At its end: $12,300.00",
        "Paid in $2,000.00\n",
        "Gain apart from that: +$300.00",
        "Return by time: +2.5%",
        "Return by money: +2.6%",
        "Left alone: $12,000.00",
        "Trading made +$300.00 (+2.5%)",
        "2 executions since 10 Mar 2026, at the closes of 8 Apr 2026",
        "Proposal 42: done · approved by Anna · 2 orders · cost $",
    ):
        assert expected in words, words
    assert screen.photo is not None
    labels = [button.label for button in screen.rows[0]]
    assert labels == ["1m", "• 3m •", "ytd", "1y", "all"]


@pytest.mark.parametrize(
    ("moves", "said"),
    [
        ((), ["Gain: +$2,300.00"]),
        ((-500,), ["Taken out $500.00", "Gain apart from that: +$2,800.00"]),
        ((2000, -500), ["Paid in $2,000.00, taken out $500.00", "Gain apart from that: +$800.00"]),
    ],
)
def test_what_was_paid_in_or_taken_out_is_told_where_something_was(
    moves: tuple[int, ...], said: list[str]
) -> None:
    whole = a_month()
    flows = tuple(Flow(NOW + timedelta(days=10), D(amount)) for amount in moves)
    rows = value_lines(replace(whole, span=replace(whole.span, flows=flows)))
    assert rows[2:] == said


def test_who_stopped_a_proposal_and_who_changed_the_targets_is_named() -> None:
    ben = replace(member(), name="Ben")
    stopped = view(ProposalState.REJECTED, decisions=(decision(ben, DecisionKind.REJECT),))
    changes = (Change(NOW, "Anna", "targets", "VTI 60"), Change(NOW, "Anna", "policy", "band 5"))
    found = a_month(proposals=(stopped,), changes=changes)
    words = plain(performance_screen(found, Period.ALL).text)
    assert "Proposal 42: rejected by Ben\n" in words
    assert "2 changes of targets or policy by Anna" in words


def test_where_amounts_are_hidden_there_are_only_percentages() -> None:
    screen = performance_screen(a_month(), Period.ALL, amounts=False)
    words = plain(screen.text)
    assert "$" not in words
    assert "Return by time: +2.5%" in words
    assert "Trading made +2.5%" in words
    assert "approved by Anna" in words


def test_what_a_broker_does_not_tell_apart_is_said_and_not_guessed() -> None:
    whole = a_month()
    unknown = replace(whole, span=replace(whole.span, flows=None), against=Lack.NOT_SIMULATED)
    for amounts in (True, False):
        words = plain(performance_screen(unknown, Period.YEAR, amounts=amounts).text)
        assert "is not told apart" in words
        assert "By time" not in words
        assert "Gain" not in words


def test_nothing_measured_is_said_without_a_picture() -> None:
    nothing = a_month(span=Span((), (), is_new=True), proposals=(), against=Lack.NOT_INVESTED)
    screen = performance_screen(nothing, Period.MONTH)
    assert screen.photo is None
    assert "No check in this time has measured a value." in screen.text


@pytest.mark.parametrize(
    ("lack", "words"),
    [
        (Lack.NOTHING_TRADED, "left alone it would be the same"),
        (Lack.NO_CLOSES, "no closes"),
        (Lack.NOT_INVESTED, "nothing to compare yet"),
    ],
)
def test_each_lack_of_a_comparison_has_its_words(lack: Lack, words: str) -> None:
    assert words in performance_screen(a_month(against=lack), Period.ALL).text


def test_a_year_and_more_is_told_by_the_year_too() -> None:
    values = (measured(0, "10000"), measured(730, "12100"))
    found = a_month(span=Span(values, (), is_new=True))
    assert "Return by time: +21.0% (+10.0% a year)" in plain(
        performance_screen(found, Period.ALL).text
    )


def test_returns_are_written_as_the_reader_writes_them() -> None:
    with reading_as(Reader(numbers=NumberFormat.DE)):
        words = plain(performance_screen(a_month(), Period.ALL).text)
    assert "Return by time: +2,5%" in words
    assert "$12.300,00" in words


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("currency", ["USD", None])
def test_the_picture_is_one_for_a_phone(*, dark: bool, currency: str | None) -> None:
    span = a_month().span
    drawn = performance_chart(
        Curves(span.valued, span.flows, currency), title="Family 🏠", subtitle="", dark=dark
    )
    picture = Image.open(BytesIO(drawn)).convert("RGB")
    assert picture.size == (1080, 756)
    corner = picture.getpixel((0, 0))
    assert corner == ((23, 33, 43) if dark else (255, 255, 255))


def test_every_period_has_a_name() -> None:
    assert set(PERIODS) == set(Period)


async def test_the_running_bot_looks_back_and_shows_a_group_no_amounts(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        shown = await bot.ask(ANNA, "/performance all", "since the beginning", "$10,000.00")
        await bot.tap(ANNA, shown, "1m", "performance, 1 month")
        await bot.ask(ANNA, "/performance 2w", "one of 1m, 3m, ytd, 1y, all", "/performance 3m")
        grouped = await bot.ask(ANNA, "/performance", "performance, 3 months", chat=FAMILY)
        assert "$" not in grouped.text
        assert "start=c_performance_" in (grouped.button("Open privately").url or "")
