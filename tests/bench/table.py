"""What a benchmark measured, as a table."""

from __future__ import annotations

import os
import platform
import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable


@dataclass(frozen=True)
class Figure:
    """One measured figure: what, how much, and what to know about it."""

    what: str
    value: str
    note: str = ""


@dataclass
class Table:
    """Figures of several methods side by side: the first two columns are words, the others numbers."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Add a row of one cell for each column."""
        self.rows.append(cells)

    def show(self) -> None:
        """Print it; the first column is written only where it changes."""
        table = RichTable(title=self.title, title_justify="left", title_style="bold")
        for at, name in enumerate(self.columns):
            table.add_column(name, justify="left" if at == 1 else "right")
        before = ""
        for first, *others in self.rows:
            if first != before and before:
                table.add_section()
            table.add_row("" if first == before else first, *others)
            before = first
        Console(width=110).print(table)


def show(title: str, figures: Sequence[Figure]) -> None:
    """Print figures as a table."""
    table = RichTable(title=title, title_justify="left", title_style="bold")
    for name in ("measured", "figure", "note"):
        table.add_column(name, justify="right" if name == "figure" else "left")
    for figure in figures:
        table.add_row(figure.what, figure.value, figure.note)
    Console(width=110).print(table)


def machine() -> str:
    """The machine and the day, without which no figure means anything."""
    python = ".".join(map(str, sys.version_info[:3]))
    model = platform.processor() or platform.machine()
    today = datetime.now(UTC).date().isoformat()
    return f"{today} · {os.cpu_count()} cores ({model}) · Python {python} · load {load()}"


def load() -> str:
    """How busy the machine was with other things, on average over the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


def peak_megabytes() -> float:
    """The most memory that this process has had.

    Where the kernel says it of the program alone, because what else is said counts the process that started it.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def milliseconds(seconds: float) -> str:
    """A duration that people compare: milliseconds below a second."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.1f} ms" if seconds >= 0.001 else f"{seconds * 1000:.2f} ms"
