"""Make the shipped price file anew from the data sets inside the `skfolio` package.

`python -m pip install --no-deps skfolio`, then
`python -m core.adapters.market_data.history.rebuild`.
"""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import sys
from pathlib import Path

from core.adapters.market_data.history import INDEX_COLUMN, PRICES_FILE

DATA_SETS = ("factors_dataset.csv.gz", "sp500_dataset.csv.gz", "sp500_index.csv.gz")
"""The files of `skfolio.datasets` that are joined, in the order of their columns."""

SOURCE_INDEX_COLUMN = "SP500"
"""The name that the source gives to the S&P 500 index."""

Table = tuple[list[str], dict[str, list[str]]]
"""The symbols of one data set, and its prices by day as they are written there."""


def data_folder() -> Path:
    """Find the data sets of the installed `skfolio`, without importing it."""
    spec = importlib.util.find_spec("skfolio")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("The package skfolio is not installed: python -m pip install --no-deps skfolio")
    return Path(spec.submodule_search_locations[0]) / "datasets" / "data"


def read_table(path: Path) -> Table:
    """Read one data set: dates in the first column, one symbol in each of the others."""
    with gzip.open(path, "rt", encoding="ascii", newline="") as lines:
        header, *rows = csv.reader(lines)
    symbols = [INDEX_COLUMN if name == SOURCE_INDEX_COLUMN else name for name in header[1:]]
    return symbols, {day: prices for day, *prices in rows}


def join(tables: list[Table]) -> str:
    """Put the data sets side by side on the days that all of them have."""
    days = sorted(set.intersection(*(set(prices) for _, prices in tables)))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["date", *(symbol for symbols, _ in tables for symbol in symbols)])
    writer.writerows([day, *(p for _, prices in tables for p in prices[day])] for day in days)
    return text.getvalue()


def main() -> None:
    """Write the price file beside this module."""
    tables = [read_table(data_folder() / name) for name in DATA_SETS]
    packed = gzip.compress(join(tables).encode("ascii"), compresslevel=9, mtime=0)
    Path(__file__).with_name(PRICES_FILE).write_bytes(packed)


if __name__ == "__main__":
    main()
