"""A split told to a hand-kept account: its book and its lots move once, and a typed number of shares is recognised."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from core.application.split_by_hand import ToldSplit, plan_split, seen_split, split_by_hand
from core.domain.book import Book, BookChange
from core.domain.ids import Symbol
from core.domain.ledger import LedgerLot
from core.domain.lots import Lot
from core.domain.refusals import BadNumber
from tests.application.hand_kept_world import HandKeptWorld, hand_kept_world, holding
from tests.fakes.world import World

AAA = Symbol("AAA")
OLD, RECENT = date(2018, 1, 2), date(2020, 3, 2)
LOTS = (
    Lot(AAA, Decimal(35), Decimal(6), OLD),
    Lot(AAA, Decimal(35), Decimal(9), RECENT),
)


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[HandKeptWorld]:
    async with hand_kept_world(tmp_path) as made:
        await made.type(BookChange({AAA: LOTS}))
        yield made


async def told(kept: HandKeptWorld, ratio: Fraction) -> ToldSplit:
    return await plan_split(
        kept.world.store,
        kept.desk.brokers,
        member=kept.anna,
        portfolio_id=kept.id,
        symbol=AAA,
        ratio=ratio,
    )


async def split(kept: HandKeptWorld, said: ToldSplit) -> Book:
    world = kept.world
    return await split_by_hand(
        world.store, kept.desk.brokers, kept.desk.market, world.clock, member=kept.anna, told=said
    )


def of_aaa(book: Book) -> list[Lot]:
    return [lot for lot in book.lots if lot.symbol == AAA]


async def ledger(kept: HandKeptWorld) -> tuple[LedgerLot, ...]:
    async with kept.world.store.read() as work:
        return await work.taxes.open_lots(kept.managed.accounts[0].id, AAA)


async def test_book_and_lots_move_once_and_what_they_cost_stays(kept: HandKeptWorld) -> None:
    said = await told(kept, Fraction(2))
    book = await split(kept, said)
    assert book.positions[AAA] == 140
    expected: list[tuple[Decimal, Decimal | None, date | None]] = [
        (Decimal(70), Decimal(3), OLD),
        (Decimal(70), Decimal("4.5"), RECENT),
    ]
    assert [(lot.quantity, lot.cost_per_share, lot.acquired) for lot in of_aaa(book)] == expected
    found = [(lot.remaining, lot.cost_per_share, lot.acquired) for lot in await ledger(kept)]
    assert found == expected
    with pytest.raises(BadNumber):
        await split(kept, said)
    assert (await kept.account.book()).positions[AAA] == 140


async def test_a_fraction_leaves_the_oldest_lot_where_only_whole_shares_are_traded(
    kept: HandKeptWorld,
) -> None:
    """35 and 35 shares, one for three, make 23⅓: a third of a share is paid out."""
    said = await told(kept, Fraction(1, 3))
    assert said.paid_out == Decimal("0.333333333")
    book = await split(kept, said)
    assert book.positions[AAA] == 23
    assert [lot.remaining for lot in await ledger(kept)] == [lot.quantity for lot in of_aaa(book)]
    async with kept.world.store.read() as work:
        (sale,) = await work.taxes.realised([kept.managed.accounts[0].id], date.min)
    assert (sale.quantity, sale.proceeds, sale.acquired) == (said.paid_out, None, OLD)


async def test_a_crash_between_lots_and_book_is_made_good_by_the_next_tap(
    kept: HandKeptWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await told(kept, Fraction(2))
    with monkeypatch.context() as patch:

        async def killed(_self: object, _change: object) -> Book:
            raise ConnectionError

        patch.setattr(type(kept.account), "write", killed)
        with pytest.raises(ConnectionError):
            await split(kept, said)
    assert (await kept.account.book()).positions[AAA] == 70
    await split(kept, said)
    assert (await kept.account.book()).positions[AAA] == 140
    assert [lot.remaining for lot in await ledger(kept)] == [70, 70]


@pytest.mark.parametrize(
    ("shares", "price", "ratio"),
    [("280", "25", Fraction(4)), ("280", "100", None), ("281", "25", None), ("140", "25", None)],
)
async def test_typed_shares_are_a_split_where_the_price_moved_so(
    kept: HandKeptWorld, shares: str, price: str, ratio: Fraction | None
) -> None:
    """70 shares at $100 before."""
    world: World = kept.world
    session = (await kept.desk.market.moment()).session.date
    async with world.store.begin() as work:
        await work.instruments.record_closes(session, {AAA: Decimal(100)})
    world.price(AAA=price)
    book = await kept.account.book()
    seen = await seen_split(world.store, kept.desk.market, book, holding(AAA=shares))
    assert seen == (None if ratio is None else (AAA, ratio))
