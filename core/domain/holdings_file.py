"""Holdings files: a broker's CSV of positions becomes what an account holds; recognised by its columns, never guessed.

Known layouts: Fidelity, Schwab and Vanguard positions; Interactive Brokers activity statements and Flex queries;
Trading 212 histories; and any table with a column of symbols and one of shares. DEGIRO names its lines by ISIN, which
is no symbol: each such line is refused by name. Nothing of a file is used unless all of it can be.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from core.domain.book import BookChange
from core.domain.holdings_columns import (
    MONEY_FUNDS,
    Columns,
    find_columns,
    read_date,
    read_number,
)
from core.domain.ids import Symbol
from core.domain.instrument import CASH, parse_symbol
from core.domain.lots import Lot
from core.domain.money import ZERO
from core.domain.refusals import BadSymbol, UnreadableFile

MOST_BYTES = 512 * 1024
"""No list of positions is longer; what is, is something else."""

MOST_FAULTS = 6
_MOST_SHARES = Decimal(10) ** 9
_COST_STEP = Decimal("0.000001")
_HEADER_WITHIN = 60
_DELIMITERS = ",;\t|"
_CURRENCY = "USD"
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}\d", re.ASCII)
_CASH_WORDS = re.compile(r"\bcash\b|money market|settlement fund", re.IGNORECASE)
_TOTAL_WORDS = re.compile(r"\btotals?\b", re.IGNORECASE)

Row = tuple[int, list[str]]


@dataclass
class _Found:
    """What has been read so far."""

    lots: dict[Symbol, list[Lot]] = field(default_factory=dict)
    cash: Decimal | None = None
    accounts: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def add(self, lot: Lot) -> None:
        self.lots.setdefault(lot.symbol, []).append(lot)

    def add_cash(self, amount: Decimal) -> None:
        self.cash = (self.cash or ZERO) + amount


def read_holdings_file(data: bytes) -> BookChange:
    """Read the whole of an account from a broker's file; raises UnreadableFile naming each bad line."""
    rows, has_commas = _rows(_decode(data))
    found = _statement(rows) if _is_statement(rows) else _table(rows, has_commas)
    if len(found.accounts) > 1:
        found.faults.append(
            f"The file has {len(found.accounts)} accounts in it: keep the lines of one, "
            "and send it again."
        )
    if found.faults:
        raise UnreadableFile(_few(found.faults))
    if not found.lots and found.cash is None:
        raise UnreadableFile(("No line of it is a position.",))
    lots = {symbol: tuple(its) for symbol, its in found.lots.items() if its}
    return BookChange(lots, found.cash, replaces_all=True)


def _few(faults: Sequence[str]) -> tuple[str, ...]:
    rest = len(faults) - MOST_FAULTS
    return (*faults[:MOST_FAULTS], f"And {rest} more.") if rest > 0 else tuple(faults)


# --- bytes to rows -------------------------------------------------------------------------------


def _decode(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise UnreadableFile((f"It is larger than {MOST_BYTES // 1024} kB.",))
    if data[:4] in {b"PK\x03\x04", b"\xd0\xcf\x11\xe0"} or data[:4] == b"%PDF":
        raise UnreadableFile(("I read CSV files only: choose CSV where you export it.",))
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnreadableFile(("It is no text: choose CSV where you export it.",))


def _rows(text: str) -> tuple[list[Row], bool]:
    """The rows with their line numbers, by the delimiter that gives a header; and whether decimals have commas."""
    for delimiter in sorted(_DELIMITERS, key=lambda sign: -text.count(sign)):
        rows = list(_parse(text, delimiter))
        if _is_statement(rows) or _header(rows) is not None:
            return rows, delimiter == ";"
    raise UnreadableFile(
        ("I found no header with a column of symbols and one of shares (Symbol, Quantity).",)
    )


def _parse(text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableFile((f"Line {reader.line_num}: {error}.",)) from error
        yield reader.line_num, row


def _header(rows: Sequence[Row]) -> int | None:
    places = range(min(len(rows), _HEADER_WITHIN))
    return next((place for place in places if find_columns(rows[place][1])), None)


# --- a table of positions ------------------------------------------------------------------------


def _table(rows: Sequence[Row], has_commas: bool) -> _Found:  # noqa: FBT001 - a plain fact
    start = _header(rows)
    columns = find_columns(rows[start or 0][1], has_comma_decimals=has_commas)
    if start is None or columns is None:
        raise UnreadableFile(("I found no header with columns of symbols and shares.",))
    body = list(_until_next_table(rows[start + 1 :]))
    if {"action", "time"} <= columns.places.keys():
        return _history(body, columns)
    found = _Found()
    for number, row in body:
        _take(found, columns, number, row)
    return found


def _until_next_table(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows up to another header: some brokers put the transactions under the positions."""
    for number, row in rows:
        if find_columns(row) is not None:
            return
        yield number, row


def _take(found: _Found, columns: Columns, number: int, row: list[str]) -> None:
    if sum(bool(cell.strip()) for cell in row) <= 1 or len(row) <= columns.places["symbol"]:
        return  # an empty line, or a disclaimer
    name = columns.cell(row, "symbol").rstrip("*").strip()
    try:
        if _is_cash(columns, row, name):
            found.add_cash(_cash_of(columns, row))
        elif not _is_chatter(columns, row, name):
            lot = _lot(columns, row, name)
            if lot is not None:
                found.add(lot)
        else:
            return
    except ValueError as error:
        found.faults.append(f"Line {number}: {error}")
        return
    if account := columns.cell(row, "account"):
        found.accounts.add(account)


def _is_cash(columns: Columns, row: list[str], name: str) -> bool:
    if name.upper() in MONEY_FUNDS or name.upper() == CASH:
        return True
    if name and _is_symbol(name) and _has_number(columns, row, "quantity"):
        return False
    words = f"{name} {columns.cell(row, 'name')} {columns.cell(row, 'kind')}"
    return bool(_CASH_WORDS.search(words)) and not _TOTAL_WORDS.search(name)


def _is_symbol(text: str) -> bool:
    try:
        parse_symbol(text)
    except BadSymbol:
        return False
    return True


def _has_number(columns: Columns, row: list[str], name: str) -> bool:
    try:
        return columns.number(row, name) is not None
    except ValueError:
        return True


def _is_chatter(columns: Columns, row: list[str], name: str) -> bool:
    """A total, a subtitle or a sentence, which no broker gives a number of shares."""
    is_bare = not columns.cell(row, "quantity").strip("- ")
    return is_bare and (not name or " " in name or bool(_TOTAL_WORDS.search(name)) or name == "--")


def _cash_of(columns: Columns, row: list[str]) -> Decimal:
    for name in ("value", "quantity"):
        try:
            amount = columns.number(row, name)
        except ValueError:
            raise ValueError(f"“{columns.cell(row, name)[:30]}” is no amount of cash.") from None
        if amount is not None:
            _require_currency(columns, row)
            return amount
    raise ValueError("this line of cash has no amount.")


def _lot(columns: Columns, row: list[str], name: str) -> Lot | None:
    """A line's shares; None where it holds none. ValueError says in words what is wrong."""
    symbol = _symbol(name)
    try:
        shares = columns.number(row, "quantity")
    except ValueError:
        raise ValueError(
            f"“{columns.cell(row, 'quantity')[:30]}” is no number of shares of {symbol}."
        ) from None
    if shares is None:
        raise ValueError(f"{symbol} has no number of shares.")
    if shares == ZERO:
        return None
    if not ZERO < shares <= _MOST_SHARES:
        raise ValueError(f"{shares:f} shares of {symbol}: I take more than 0, held and paid for.")
    _require_currency(columns, row)
    return Lot(
        symbol, shares, _cost(columns, row, shares), read_date(columns.cell(row, "acquired"))
    )


def _symbol(name: str) -> Symbol:
    if _ISIN.fullmatch(name.upper()):
        raise ValueError(f"{name} is an ISIN, and I need the symbol that the exchange uses.")
    try:
        return parse_symbol(name.replace("/", ".").replace(" ", ".") if "/" in name else name)
    except BadSymbol:
        raise ValueError(f"“{name[:30]}” is no symbol.") from None


def _require_currency(columns: Columns, row: list[str]) -> None:
    currency = columns.cell(row, "currency").upper()
    if currency and currency != _CURRENCY:
        raise ValueError(f"this line is in {currency[:10]}; I take {_CURRENCY} only.")


def _cost(columns: Columns, row: list[str], shares: Decimal) -> Decimal | None:
    """What each share cost; unknown where the broker does not say, or says it unreadably."""
    try:
        cost = columns.number(row, "cost")
        total = columns.number(row, "total_cost")
    except ValueError:
        return None
    if cost is None and total is not None:
        cost = (total / shares).quantize(_COST_STEP)
    return cost if cost is not None and cost >= ZERO else None


# --- Interactive Brokers: a statement of many sections ---------------------------------------------


def _is_statement(rows: Sequence[Row]) -> bool:
    return any(row[:2] == ["Open Positions", "Header"] for _, row in rows)


def _statement(rows: Sequence[Row]) -> _Found:
    found = _Found()
    columns: Columns | None = None
    for number, row in rows:
        match row[:3]:
            case ["Open Positions", "Header", *_]:
                columns = find_columns(row)
            case ["Open Positions", "Data", "Summary"] if columns is not None:
                _take(found, columns, number, row)
            case ["Cash Report", "Data", "Ending Cash"]:
                _take_ending_cash(found, number, row)
            case _:
                continue
    found.accounts.clear()
    return found


def _take_ending_cash(found: _Found, number: int, row: list[str]) -> None:
    """The cash in our currency; the line of the base currency sums all of them up."""
    if len(row) < 5 or row[3].strip() != _CURRENCY:  # noqa: PLR2004 - currency and amount
        return
    try:
        found.add_cash(read_number(row[4]) or ZERO)
    except ValueError:
        found.faults.append(f"Line {number}: “{row[4][:30]}” is no amount of cash.")


# --- Trading 212: a history of purchases and sales ---------------------------------------------------


def _history(rows: Iterable[Row], columns: Columns) -> _Found:
    """What is left of all purchases after all sales, the oldest sold first; such a file does not tell the cash."""
    found = _Found()
    for number, row in rows:
        action = columns.cell(row, "action").lower()
        is_buy, is_sell = " buy" in f" {action}", " sell" in f" {action}"
        if not (is_buy or is_sell):
            continue
        try:
            lot = _lot(columns, row, columns.cell(row, "symbol"))
            if lot is not None and is_buy:
                found.add(_bought(columns, row, lot))
            elif lot is not None:
                _sell(found, lot)
        except ValueError as error:
            found.faults.append(f"Line {number}: {error}")
    return found


def _bought(columns: Columns, row: list[str], lot: Lot) -> Lot:
    try:
        price = columns.number(row, "price")
    except ValueError:
        price = None
    day: date | None = read_date(columns.cell(row, "time"))
    return Lot(lot.symbol, lot.quantity, price, day)


def _sell(found: _Found, sold: Lot) -> None:
    left = sold.quantity
    kept: list[Lot] = []
    for lot in found.lots.get(sold.symbol, []):
        taken = min(lot.quantity, left)
        left -= taken
        if lot.quantity > taken:
            kept.append(Lot(lot.symbol, lot.quantity - taken, lot.cost_per_share, lot.acquired))
    if left > ZERO:
        raise ValueError(
            f"more {sold.symbol} is sold than was bought before: export the whole history."
        )
    found.lots[sold.symbol] = kept
