"""Hand-kept accounts: lots, cash, checklists and typed prices, across restarts, processes and kills."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
import textwrap
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.adapters.brokers.manual import ManualBrokerage, PricesByHand
from core.adapters.brokers.manual.brokerage import NAMES
from core.domain.book import BookChange
from core.domain.ids import ClientOrderId, Symbol
from core.domain.lots import Lot
from core.domain.order import OrderState
from core.domain.plan import Side
from core.domain.quote import (
    PriceFault,
    PriceFaultKind,
    Proxy,
    QuoteBatch,
    QuoteRules,
    judge_quotes,
)
from core.domain.refusals import BadNumber, NotEnoughCash, PriceSourceDown, PricesRefused
from core.ports.broker import (
    BrokerUnavailable,
    DuplicateClientOrderId,
    OrderRefused,
    OrderRequest,
)
from tests.adapters.brokers.world import CALENDAR
from tests.fakes.clock import FakeMarketClock
from tests.fakes.market_data import FakeMarketData

VTI, BND, FUND = Symbol("VTI"), Symbol("BND"), Symbol("FUND")


@dataclass
class Hand:
    """A house with one account, and the market around it."""

    path: Path
    house: ManualBrokerage
    clock: FakeMarketClock
    prices: FakeMarketData
    number: int

    async def write(self, cash: str | None, **lots: list[Lot]) -> None:
        named = {Symbol(symbol): tuple(its) for symbol, its in lots.items()}
        await self.house.write(
            self.number, BookChange(named, None if cash is None else Decimal(cash))
        )

    async def submit(
        self, side: Side, symbol: Symbol, quantity: str, limit: str | None, id_: str
    ) -> None:
        price = None if limit is None else Decimal(limit)
        request = OrderRequest(ClientOrderId(id_), symbol, side, Decimal(quantity), price)
        await self.house.submit(self.number, request)

    async def fill(self, id_: str, quantity: str | None = None, price: str | None = None) -> None:
        await self.house.tell_fill(
            self.number,
            ClientOrderId(id_),
            f"{id_} {quantity} {price}",
            None if quantity is None else Decimal(quantity),
            None if price is None else Decimal(price),
        )

    def another_house(self) -> ManualBrokerage:
        return ManualBrokerage(self.path, self.prices, CALENDAR, self.clock)


def lot(quantity: str, cost: str | None = None, day: str | None = None) -> Lot:
    return Lot(
        VTI,
        Decimal(quantity),
        None if cost is None else Decimal(cost),
        None if day is None else date.fromisoformat(day),
    )


@pytest.fixture
async def hand(tmp_path: Path) -> AsyncIterator[Hand]:
    clock = FakeMarketClock()
    prices = FakeMarketData({"VTI": 100, "BND": 50}, clock)
    path = tmp_path / "manual.db"
    house = ManualBrokerage(path, prices, CALENDAR, clock)
    name = await house.open_account("USD")
    yield Hand(path, house, clock, prices, NAMES.number(name))
    await house.close()


# --- the book ------------------------------------------------------------------------------------


async def test_nobody_has_written_anything_at_first(hand: Hand) -> None:
    book = await hand.house.book(hand.number)
    assert book.lots == ()
    assert book.confirmed_at is None
    assert not book.is_old(hand.clock.instant + timedelta(days=999))


async def test_the_book_says_when_it_was_confirmed(hand: Hand) -> None:
    await hand.write("5")
    hand.clock.advance(timedelta(days=3))
    assert (await hand.house.book(hand.number)).days_since(hand.clock.instant) == 3
    assert (await hand.house.confirm(hand.number)).days_since(hand.clock.instant) == 0


async def test_sales_take_the_oldest_lots_and_those_of_unknown_age_first(hand: Hand) -> None:
    """
    VTI 5 @ 90 of June · 4 of unknown age · 3 @ 80 of March, sell 6
    -> 1 of March and all of June are left
    """
    await hand.write(
        "0", VTI=[lot("5", "90", "2019-06-03"), lot("4"), lot("3", "80", "2019-03-01")]
    )
    await hand.submit(Side.SELL, VTI, "6", "100", "s")
    await hand.fill("s")
    book = await hand.house.book(hand.number)
    assert book.lots == (lot("1", "80", "2019-03-01"), lot("5", "90", "2019-06-03"))


@pytest.mark.parametrize(
    ("shares", "left"),
    [
        ("8", [lot("3", "80", "2019-03-01"), lot("5", "90", "2019-06-03")]),
        ("6", [lot("1", "80", "2019-03-01"), lot("5", "90", "2019-06-03")]),
        ("10", [lot("2"), lot("3", "80", "2019-03-01"), lot("5", "90", "2019-06-03")]),
    ],
)
async def test_a_number_of_shares_alone_keeps_what_is_known_of_their_cost(
    hand: Hand, shares: str, left: list[Lot]
) -> None:
    await hand.write("0", VTI=[lot("3", "80", "2019-03-01"), lot("5", "90", "2019-06-03")])
    await hand.write(None, VTI=[lot(shares)])
    assert list((await hand.house.book(hand.number)).lots) == left


async def test_a_purchase_becomes_a_lot_with_its_price_and_day(hand: Hand) -> None:
    await hand.write("1000")
    await hand.submit(Side.BUY, VTI, "2", "100", "b")
    await hand.fill("b", "2", "99.5")
    book = await hand.house.book(hand.number)
    assert book.lots == (lot("2", "99.5", "2020-03-09"),)
    assert book.cash == 801


async def test_money_that_came_or_went_is_noted_once(hand: Hand) -> None:
    await hand.write("100")
    for _ in range(2):
        assert await hand.house.transfer(hand.number, Decimal(50), "k") == 150
    with pytest.raises(NotEnoughCash):
        await hand.house.transfer(hand.number, Decimal(-151), "w")
    with pytest.raises(BadNumber):
        await hand.house.transfer(hand.number, Decimal("0.001"), "x")


async def test_accounts_do_not_see_each_other(hand: Hand) -> None:
    other = NAMES.number(await hand.house.open_account("USD"))
    await hand.write("100", VTI=[lot("1")])
    assert (await hand.house.book(other)).lots == ()
    held = await hand.house.holdings(["HAND-000001", "HAND-000002", "HAND-000009", "SIM-000001"])
    assert {name: holdings.cash for name, holdings in held.items()} == {
        "HAND-000001": 100,
        "HAND-000002": 0,
    }


async def test_an_unknown_account_is_said_to_be_unknown(hand: Hand) -> None:
    for number in (0, 99):
        with pytest.raises(BrokerUnavailable):
            await hand.house.book(number)
    assert await hand.house.fractionable("HAND-000099", [VTI]) == frozenset()


# --- the checklist -------------------------------------------------------------------------------


async def test_purchases_may_be_paid_with_the_sales_on_the_same_checklist(hand: Hand) -> None:
    await hand.write("10", VTI=[lot("5")])
    with pytest.raises(OrderRefused, match="insufficient_cash"):
        await hand.submit(Side.BUY, BND, "4", "50", "too early")
    await hand.submit(Side.SELL, VTI, "2", "100", "s")
    assert (await hand.house.details(hand.number)).cash == 210
    assert (await hand.house.held(hand.number)).cash == 10
    await hand.submit(Side.BUY, BND, "4", "50", "b")
    assert (await hand.house.details(hand.number)).cash == 10
    with pytest.raises(OrderRefused, match="insufficient_cash"):
        await hand.submit(Side.BUY, BND, "1", "50", "one too many")


async def test_a_purchase_told_before_its_sale_does_no_harm(hand: Hand) -> None:
    await hand.write("10", VTI=[lot("5")])
    await hand.submit(Side.SELL, VTI, "2", "100", "s")
    await hand.submit(Side.BUY, BND, "4", "50", "b")
    await hand.fill("b")
    assert (await hand.house.book(hand.number)).cash == -190
    await hand.fill("s", price="101")
    assert (await hand.house.book(hand.number)).cash == 12


async def test_whole_shares_unless_the_owner_says_otherwise(hand: Hand) -> None:
    await hand.write("1000")
    with pytest.raises(OrderRefused, match="not_fractionable"):
        await hand.submit(Side.BUY, VTI, "1.5", "100", "b")
    await hand.house.set_fractions(hand.number, has_fractions=True)
    await hand.submit(Side.BUY, VTI, "1.5", "100", "b")
    assert await hand.house.fractionable("HAND-000001", [VTI]) == {VTI}


async def test_a_line_ends_at_the_close_of_the_next_session(hand: Hand) -> None:
    await hand.write("1000")
    await hand.submit(Side.BUY, VTI, "2", "100", "b")
    hand.clock.advance(timedelta(days=1, hours=4, minutes=59))
    assert len(await hand.house.open_orders(hand.number)) == 1
    await hand.fill("b", "1")
    hand.clock.advance(timedelta(minutes=1))
    found = await hand.house.find_order(hand.number, ClientOrderId("b"))
    assert found is not None
    assert (found.state, len(found.fills)) == (OrderState.EXPIRED, 1)
    await hand.fill("b", "1")
    assert (await hand.house.book(hand.number)).positions == {VTI: 1}


# --- one file ------------------------------------------------------------------------------------


async def test_everything_is_there_after_a_restart(hand: Hand) -> None:
    await hand.write("1000", VTI=[lot("2", "90")])
    await hand.submit(Side.BUY, VTI, "3", "100", "b")
    await hand.fill("b", "1", "99")
    before = (
        await hand.house.book(hand.number),
        await hand.house.find_order(hand.number, ClientOrderId("b")),
    )
    await hand.house.close()
    again = hand.another_house()
    assert before == (
        await again.book(hand.number),
        await again.find_order(hand.number, ClientOrderId("b")),
    )
    await again.close()


async def test_two_processes_on_one_file_agree(hand: Hand) -> None:
    await hand.write("1000")
    other = hand.another_house()
    request = OrderRequest(ClientOrderId("b"), VTI, Side.BUY, Decimal(1), Decimal(100))
    answers = await asyncio.gather(
        *(house.submit(hand.number, request) for house in (hand.house, other) for _ in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, DuplicateClientOrderId) for answer in answers) == 9
    await asyncio.gather(
        *(
            house.tell_fill(hand.number, ClientOrderId("b"), f"tap {n}", None, None)
            for n, house in enumerate((hand.house, other) * 5)
        )
    )
    assert (await other.book(hand.number)).positions == {VTI: 1}
    await other.close()


async def test_a_kill_in_the_middle_of_an_answer_leaves_it_whole_or_not_at_all(hand: Hand) -> None:
    await hand.write("1000")
    await hand.submit(Side.BUY, VTI, "3", "100", "b")
    await hand.house.close()
    script = textwrap.dedent(
        """
        import asyncio, os, signal, sys
        from pathlib import Path
        from core.adapters.brokers.manual import ManualBrokerage
        from core.adapters.brokers.manual.ledger import Ledger
        from core.domain.ids import ClientOrderId
        from tests.adapters.brokers.world import CALENDAR
        from tests.fakes.clock import FakeMarketClock
        from tests.fakes.market_data import FakeMarketData

        async def die(*_args: object) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        Ledger.move_cash = die
        clock = FakeMarketClock()
        house = ManualBrokerage(Path(sys.argv[1]), FakeMarketData({"VTI": 100}, clock), CALENDAR, clock)
        asyncio.run(house.tell_fill(1, ClientOrderId("b"), "tap", None, None))
        """
    )
    killed = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        str(hand.path),
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert await killed.wait() == -signal.SIGKILL
    found = await hand.house.find_order(hand.number, ClientOrderId("b"))
    assert found is not None
    assert (found.state, found.fills) == (OrderState.SUBMITTED, ())
    book = await hand.house.book(hand.number)
    assert (book.cash, book.lots) == (Decimal(1000), ())


async def test_a_file_of_a_newer_version_is_left_alone(hand: Hand) -> None:
    await hand.house.close()
    with sqlite3.connect(hand.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(BrokerUnavailable, match="newer version"):
        await hand.house.book(hand.number)


# --- typed prices --------------------------------------------------------------------------------


async def test_a_typed_price_fills_a_gap_and_never_stands_against_a_quote(hand: Hand) -> None:
    prices = PricesByHand(hand.prices, hand.house.typed_prices)
    for symbol in (FUND, VTI):
        await hand.house.set_price(hand.number, symbol, Decimal("12.34"))
    batch = await prices.quotes([VTI, FUND])
    assert {s: (q.price, q.source) for s, q in batch.quotes.items()} == {
        VTI: (Decimal(100), "fake"),
        FUND: (Decimal("12.34"), "typed"),
    }
    assert batch.faults == ()
    known = await prices.known_symbols()
    assert known is not None
    assert FUND in known


async def test_a_typed_price_of_four_days_is_no_stale_quote_but_ends_with_its_time(
    hand: Hand,
) -> None:
    prices = PricesByHand(hand.prices, hand.house.typed_prices)
    typed = await hand.house.set_price(hand.number, FUND, Decimal("12.34"))
    rules = QuoteRules(prices.max_age, "USD")
    hand.clock.advance(timedelta(days=4))
    batch = await prices.quotes([FUND])
    judged = judge_quotes(batch, [FUND], now=hand.clock.instant, rules=rules)
    assert judged[FUND].at < hand.clock.instant - timedelta(days=3)
    with pytest.raises(PricesRefused):
        judge_quotes(batch, [FUND], now=typed.valid_until + timedelta(seconds=1), rules=rules)
    hand.clock.set(typed.valid_until)
    assert (await prices.quotes([FUND])).fault_of(FUND).kind is PriceFaultKind.MISSING


async def test_other_prices_come_even_where_typed_ones_cannot_be_read(hand: Hand) -> None:
    async def broken() -> tuple[()]:
        raise BrokerUnavailable("no file")

    prices = PricesByHand(hand.prices, broken)
    batch = await prices.quotes([VTI, FUND])
    assert set(batch.quotes) == {VTI}
    assert set(await prices.known_symbols() or ()) == {VTI, BND}


async def test_a_trouble_of_the_source_is_no_gap_to_be_filled(hand: Hand) -> None:
    prices = PricesByHand(hand.prices, hand.house.typed_prices)
    await hand.house.set_price(hand.number, VTI, Decimal(1))
    hand.prices.set_fault("VTI", PriceFaultKind.SOURCE)
    assert dict((await prices.quotes([VTI])).quotes) == {}


# --- typed prices that move with a proxy ---------------------------------------------------------

LIKE_VTI = Proxy(VTI, Decimal(100))


async def test_an_estimate_moves_as_its_proxy_does_with_the_proxys_time(hand: Hand) -> None:
    prices = PricesByHand(hand.prices, hand.house.typed_prices)
    typed = await hand.house.set_price(hand.number, FUND, Decimal("118.20"), LIKE_VTI)
    assert typed.valid_until == hand.clock.instant + timedelta(days=90)
    hand.clock.advance(timedelta(days=30))
    at = hand.clock.instant - timedelta(minutes=3)
    hand.prices.set_price("VTI", "103.30", at=at)
    quote = (await prices.quotes([FUND])).quotes[FUND]
    assert (quote.price, quote.at, quote.like) == (Decimal("122.1006"), at, VTI)
    rules = QuoteRules(prices.max_age, "USD")
    batch = QuoteBatch({FUND: quote})
    assert judge_quotes(batch, [FUND], now=hand.clock.instant, rules=rules) == {FUND: quote}
    with pytest.raises(PricesRefused) as refused:
        judge_quotes(batch, [FUND], now=at + timedelta(minutes=21), rules=rules)
    (fault,) = refused.value.faults
    assert isinstance(fault, PriceFault)
    assert (fault.kind, fault.like) == (PriceFaultKind.STALE, VTI)


async def test_a_proxy_is_asked_for_once_and_comes_back_only_where_it_was_asked_for(
    hand: Hand,
) -> None:
    prices = PricesByHand(hand.prices, hand.house.typed_prices)
    await hand.house.set_price(hand.number, FUND, Decimal(50), LIKE_VTI)
    hand.prices.requests.clear()
    assert set((await prices.quotes([FUND, VTI])).quotes) == {FUND, VTI}
    assert hand.prices.requests == [{FUND, VTI}]
    assert set((await prices.quotes([FUND])).quotes) == {FUND}
    assert hand.prices.requests[1:] == [{FUND}, {VTI}]


@pytest.mark.parametrize("kind", [PriceFaultKind.MISSING, PriceFaultKind.SOURCE])
async def test_without_a_quote_of_its_proxy_there_is_no_estimate(
    hand: Hand, kind: PriceFaultKind
) -> None:
    prices = PricesByHand(hand.prices, hand.house.typed_prices)
    await hand.house.set_price(hand.number, FUND, Decimal(50), LIKE_VTI)
    hand.prices.set_fault("VTI", kind)
    batch = await prices.quotes([FUND, BND])
    assert set(batch.quotes) == {BND}
    assert batch.faults == (PriceFault(FUND, kind, like=VTI),)


async def test_a_source_that_answers_only_once_costs_the_estimate_alone(hand: Hand) -> None:
    prices = PricesByHand(hand.prices, hand.house.typed_prices)
    await hand.house.set_price(hand.number, FUND, Decimal(50), LIKE_VTI)
    ask = hand.prices.quotes

    async def only_once(symbols: Collection[Symbol]) -> QuoteBatch:
        batch = await ask(symbols)
        hand.prices.failure = PriceSourceDown("fake", "too many requests")
        return batch

    hand.prices.quotes = only_once  # type: ignore[method-assign]
    batch = await prices.quotes([FUND, BND])
    assert set(batch.quotes) == {BND}
    assert batch.fault_of(FUND).kind is PriceFaultKind.SOURCE


async def test_what_is_typed_is_nobodys_proxy(hand: Hand) -> None:
    prices = PricesByHand(hand.prices, hand.house.typed_prices)
    other = Symbol("OTHER")
    await hand.house.set_price(hand.number, FUND, Decimal(50))
    await hand.house.set_price(hand.number, other, Decimal(7), Proxy(FUND, Decimal(50)))
    batch = await prices.quotes([FUND, other])
    assert set(batch.quotes) == {FUND}
    assert batch.fault_of(other).like == FUND


async def test_an_estimate_ends_after_ninety_days_and_a_plain_price_replaces_it(hand: Hand) -> None:
    prices = PricesByHand(hand.prices, hand.house.typed_prices)
    start = hand.clock.instant
    await hand.house.set_price(hand.number, FUND, Decimal(50), LIKE_VTI)
    hand.clock.set(start + timedelta(days=90))
    assert (await prices.quotes([FUND])).fault_of(FUND).kind is PriceFaultKind.MISSING
    hand.clock.set(start)
    await hand.house.set_price(hand.number, FUND, Decimal(51))
    await hand.house.close()
    (typed,) = await hand.house.typed_prices()
    assert (typed.price, typed.like) == (Decimal(51), None)


async def test_prices_typed_before_there_were_proxies_are_still_read(hand: Hand) -> None:
    typed = await hand.house.set_price(hand.number, FUND, Decimal("12.34"))
    await hand.house.close()
    with sqlite3.connect(hand.path) as connection:
        connection.execute("ALTER TABLE prices DROP COLUMN proxy_price")
        connection.execute("ALTER TABLE prices DROP COLUMN proxy")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    assert await hand.house.typed_prices() == (typed,)
    moving = await hand.house.set_price(hand.number, FUND, Decimal(50), LIKE_VTI)
    await hand.house.close()
    assert await hand.house.typed_prices() == (moving,)
