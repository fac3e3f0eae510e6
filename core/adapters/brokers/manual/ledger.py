"""What hand-kept accounts hold, read and written inside one transaction: lots, cash and typed prices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from core.adapters.brokers.own_rows import Rows, text
from core.domain.book import Book, TypedPrice
from core.domain.ids import Symbol
from core.domain.lots import Lot
from core.domain.money import ZERO
from core.domain.quote import Proxy
from core.ports.broker import BrokerUnavailable


class Ledger(Rows):
    """Accounts with their lots, cash and prices over one connection."""

    async def open_account(self, currency: str, at: datetime) -> int:
        """Open an account in which nobody has written anything yet."""
        return await self._insert(
            "INSERT INTO accounts (currency, cash, opened_at) VALUES (?, '0', ?)",
            (currency, at.isoformat()),
        )

    async def require(self, account_id: int) -> str:
        """Return an account's currency; raises BrokerUnavailable for an unknown one."""
        rows = await self._all("SELECT currency FROM accounts WHERE id = ?", (account_id,))
        for (currency,) in rows:
            return str(currency)
        raise BrokerUnavailable("there is no hand-kept account of this number")

    async def book(self, account_id: int) -> Book:
        """What an account holds as it was written down; raises BrokerUnavailable for an unknown one."""
        await self.require(account_id)
        ((cash, confirmed_at, has_fractions),) = await self._all(
            "SELECT cash, confirmed_at, has_fractions FROM accounts WHERE id = ?", (account_id,)
        )
        return Book(
            cash=Decimal(cash),
            lots=await self.lots(account_id),
            confirmed_at=datetime.fromisoformat(confirmed_at) if confirmed_at else None,
            has_fractions=bool(has_fractions),
        )

    async def confirm(self, account_id: int, at: datetime) -> None:
        """Note that a person stands by the book."""
        await self._db.execute(
            "UPDATE accounts SET confirmed_at = ? WHERE id = ?", (at.isoformat(), account_id)
        )

    async def set_fractions(self, account_id: int, *, has_fractions: bool) -> None:
        """Note whether parts of shares are traded."""
        await self._db.execute(
            "UPDATE accounts SET has_fractions = ? WHERE id = ?", (int(has_fractions), account_id)
        )

    # --- cash ------------------------------------------------------------------------------------

    async def set_cash(self, account_id: int, cash: Decimal) -> None:
        """Write the cash down as it is."""
        await self._db.execute(
            "UPDATE accounts SET cash = ? WHERE id = ?", (text(cash), account_id)
        )

    async def has_movement(self, account_id: int, key: str) -> bool:
        """Whether cash was moved under this key before."""
        query = "SELECT 1 FROM cash_movements WHERE account_id = ? AND key = ?"
        return bool(list(await self._all(query, (account_id, key))))

    async def move_cash(self, account_id: int, key: str, amount: Decimal, at: datetime) -> None:
        """Change the cash and write down why; a key is used once."""
        await self._db.execute(
            "INSERT INTO cash_movements (account_id, key, amount, at) VALUES (?, ?, ?, ?)",
            (account_id, key, text(amount), at.isoformat()),
        )
        cash = (await self.book(account_id)).cash
        await self.set_cash(account_id, cash + amount)

    # --- lots ------------------------------------------------------------------------------------

    async def lots(self, account_id: int, symbol: Symbol | None = None) -> tuple[Lot, ...]:
        """The lots of an account, or of one symbol in it: those known to be oldest first."""
        return tuple(lot for _, lot in await self._lots(account_id, symbol))

    async def replace_lots(self, account_id: int, symbol: Symbol, lots: Iterable[Lot]) -> None:
        """Write down all that is held of a symbol."""
        await self._db.execute(
            "DELETE FROM lots WHERE account_id = ? AND symbol = ?", (account_id, symbol)
        )
        for lot in lots:
            await self.add_lot(account_id, lot)

    async def clear_lots(self, account_id: int) -> None:
        """Nothing is held any more."""
        await self._db.execute("DELETE FROM lots WHERE account_id = ?", (account_id,))

    async def add_lot(self, account_id: int, lot: Lot) -> None:
        """Shares came in."""
        await self._db.execute(
            "INSERT INTO lots (account_id, symbol, quantity, cost_per_share, acquired) "
            "VALUES (?, ?, ?, ?, ?)",
            (
                account_id,
                lot.symbol,
                text(lot.quantity),
                None if lot.cost_per_share is None else text(lot.cost_per_share),
                None if lot.acquired is None else lot.acquired.isoformat(),
            ),
        )

    async def take_lots(
        self, account_id: int, symbol: Symbol, quantity: Decimal, first: Sequence[Lot] = ()
    ) -> None:
        """Shares went out: lots of these dates and costs ``first``, then those of unknown age, then the oldest."""
        left = quantity
        wanted = [(lot.acquired, lot.cost_per_share) for lot in first]
        there = await self._lots(account_id, symbol)
        for lot_id, lot in sorted(there, key=lambda row: _place(row[1], wanted)):
            taken = min(lot.quantity, left)
            left -= taken
            if taken == lot.quantity:
                await self._db.execute("DELETE FROM lots WHERE id = ?", (lot_id,))
            elif taken:
                await self._db.execute(
                    "UPDATE lots SET quantity = ? WHERE id = ?",
                    (text(lot.quantity - taken), lot_id),
                )

    async def position(self, account_id: int, symbol: Symbol) -> Decimal:
        """Shares held of one symbol."""
        return sum((lot.quantity for lot in await self.lots(account_id, symbol)), ZERO)

    async def _lots(self, account_id: int, symbol: Symbol | None) -> list[tuple[int, Lot]]:
        rows = await self._all(
            "SELECT id, symbol, quantity, cost_per_share, acquired FROM lots "
            "WHERE account_id = ? AND (? IS NULL OR symbol = ?) "
            "ORDER BY symbol, acquired IS NOT NULL, acquired, id",
            (account_id, symbol, symbol),
        )
        return [
            (
                lot_id,
                Lot(
                    Symbol(name),
                    Decimal(quantity),
                    None if cost is None else Decimal(cost),
                    None if acquired is None else date.fromisoformat(acquired),
                ),
            )
            for lot_id, name, quantity, cost, acquired in rows
        ]

    # --- typed prices ----------------------------------------------------------------------------

    async def set_price(self, account_id: int, typed: TypedPrice) -> None:
        """Write a price down; it takes the place of an earlier one."""
        await self._db.execute(
            "INSERT INTO prices "
            "(account_id, symbol, price, typed_at, valid_until, proxy, proxy_price) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, symbol) DO UPDATE SET "
            "price = excluded.price, typed_at = excluded.typed_at, "
            "valid_until = excluded.valid_until, proxy = excluded.proxy, "
            "proxy_price = excluded.proxy_price",
            (
                account_id,
                typed.symbol,
                text(typed.price),
                typed.typed_at.isoformat(),
                typed.valid_until.isoformat(),
                None if typed.like is None else typed.like.symbol,
                None if typed.like is None else text(typed.like.price),
            ),
        )

    async def prices(self, now: datetime, account_id: int | None = None) -> list[TypedPrice]:
        """Typed prices that may be used at an instant, of one account or of all; the latest of each symbol."""
        rows = await self._all(
            "SELECT symbol, price, typed_at, valid_until, proxy, proxy_price FROM prices "
            "WHERE ? IS NULL OR account_id = ? ORDER BY typed_at",
            (account_id, account_id),
        )
        latest = {
            symbol: TypedPrice(
                Symbol(symbol),
                Decimal(price),
                datetime.fromisoformat(typed_at),
                datetime.fromisoformat(valid_until),
                None if proxy is None else Proxy(Symbol(proxy), Decimal(proxy_price)),
            )
            for symbol, price, typed_at, valid_until, proxy, proxy_price in rows
        }
        return [typed for typed in latest.values() if now < typed.valid_until]


def _place(lot: Lot, wanted: Sequence[tuple[date | None, Decimal | None]]) -> int:
    known = (lot.acquired, lot.cost_per_share)
    return wanted.index(known) if known in wanted else len(wanted)
