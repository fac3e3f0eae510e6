"""Columns of brokers' files: by which names they are known, and how the numbers in them are read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

NAMES: dict[str, frozenset[str]] = {
    "symbol": frozenset(
        {"symbol", "ticker", "tickersymbol", "symbolisin", "financialinstrument", "instrument"}
    ),
    "quantity": frozenset(
        {
            "quantity",
            "qty",
            "qtyquantity",
            "shares",
            "units",
            "position",
            "noofshares",
            "numberofshares",
            "sharecount",
        }
    ),
    "cost": frozenset(
        {
            "averagecostbasis",
            "costshare",
            "costpershare",
            "averagecost",
            "avgcost",
            "avgprice",
            "averageprice",
            "costprice",
            "costbasisprice",
            "purchaseprice",
        }
    ),
    "total_cost": frozenset(
        {"costbasistotal", "costbasis", "costbasismoney", "totalcost", "totalcostbasis"}
    ),
    "acquired": frozenset(
        {"dateacquired", "acquired", "opendate", "acquisitiondate", "purchasedate"}
    ),
    "value": frozenset(
        {
            "currentvalue",
            "marketvalue",
            "mktvalmarketvalue",
            "totalvalue",
            "positionvalue",
            "value",
        }
    ),
    "name": frozenset(
        {"description", "investmentname", "product", "name", "securitydescription", "security"}
    ),
    "kind": frozenset({"securitytype", "assetcategory", "assetclass", "assettype", "type"}),
    "currency": frozenset({"currency", "currencyprimary", "currencypriceshare"}),
    "account": frozenset({"accountnumber", "clientaccountid", "account"}),
    "action": frozenset({"action"}),
    "time": frozenset({"time"}),
    "price": frozenset({"priceshare"}),
}
"""What each column that matters is called, without spaces, signs and capitals."""

MONEY_FUNDS = frozenset(
    {"SPAXX", "FDRXX", "FZFXX", "FCASH", "CORE", "VMFXX", "VMRXX", "SWVXX", "SNVXX", "SNSXX"}
)
"""Funds in which brokers keep cash at one dollar a share."""

_NOTHING = frozenset({"", "-", "--", "—", "n/a", "na", "not available"})
_NUMBER = re.compile(r"-?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_MOST_DIGITS = 20
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%m/%d/%Y", "%Y%m%d", "%b-%d-%Y", "%d-%b-%Y")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each known column of a table stands."""

    places: dict[str, int]
    has_comma_decimals: bool = False

    def cell(self, row: Sequence[str], name: str) -> str:
        """A row's text in a column; empty where there is none."""
        place = self.places.get(name)
        return row[place].strip() if place is not None and place < len(row) else ""

    def number(self, row: Sequence[str], name: str) -> Decimal | None:
        """A row's number in a column; None where there is none, ValueError where it is no number."""
        return read_number(self.cell(row, name), has_comma_decimals=self.has_comma_decimals)


def find_columns(row: Sequence[str], *, has_comma_decimals: bool = False) -> Columns | None:
    """Where a header has its columns; None for a row that is no header of holdings."""
    plain = [re.sub(r"[^a-z0-9]", "", cell.lower()) for cell in row]
    places: dict[str, int] = {}
    for name, known in NAMES.items():
        for place, cell in enumerate(plain):
            if cell in known:
                places.setdefault(name, place)
    if "quantity" not in places and {"product", "amount"} <= set(plain):
        places["quantity"] = plain.index("amount")
    if "localvalue" in plain:  # a currency there, and its amount in the nameless column behind it
        places["currency"] = plain.index("localvalue")
        places["value"] = places["currency"] + 1
    if not {"symbol", "quantity"} <= places.keys():
        return None
    return Columns(places, has_comma_decimals)


def read_number(text: str, *, has_comma_decimals: bool = False) -> Decimal | None:
    """Read a number as brokers write it: ``$1,234.50``, ``(12.00)``, ``1.234,50``; ValueError for anything else."""
    bare = re.sub(r"[$€£\s\u00a0+]|USD|EUR|GBP", "", text.strip())
    if bare.lower() in _NOTHING:
        return None
    if bare.startswith("(") and bare.endswith(")"):
        bare = f"-{bare[1:-1]}"
    bare = _with_point(bare, has_comma_decimals=has_comma_decimals)
    if not _NUMBER.fullmatch(bare) or len(bare) > _MOST_DIGITS:
        raise ValueError(text)
    return Decimal(bare)


def _with_point(text: str, *, has_comma_decimals: bool) -> str:
    """The same number with a point for decimals and nothing between the thousands."""
    is_european = text.rfind(",") > text.rfind(".") >= 0
    if is_european or (has_comma_decimals and "," in text):
        return text.replace(".", "").replace(",", ".")
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d*)?", text):
        return text.replace(",", "")
    return text.replace(",", ".") if re.fullmatch(r"-?\d+,\d{1,2}", text) else text


def read_date(text: str) -> date | None:
    """Read a day as brokers write it; None where there is none, or it cannot be read for sure."""
    first = text.strip().split(" ")[0].split("T")[0].split(",")[0].split(";")[0]
    for form in _DATES:
        try:
            return datetime.strptime(first, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None
