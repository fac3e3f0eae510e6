"""Tables as files that hang on a message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.csv_text import csv_text
from bot.telegram.screen import Document


def csv_document(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Document:
    """A table with its head as a CSV file (UTF-8)."""
    return Document(name, csv_text(columns, rows).encode())
