"""The picture of an allocation: a readable PNG for every portfolio."""

from __future__ import annotations

import struct
from decimal import Decimal
from io import BytesIO

import pytest
from matplotlib.image import imread

from bot.charts import MAX_BARS, allocation_chart
from core.domain.drift import DriftLine, DriftReport
from core.domain.ids import Symbol

D = Decimal


def line(symbol: str, weight: str, target: str, band: str | None = "5") -> DriftLine:
    drift = D(weight) - D(target)
    width = None if band is None else D(band)
    return DriftLine(
        symbol=Symbol(symbol),
        quantity=D(1),
        price=D(1),
        value=D(weight),
        weight=D(weight),
        target=D(target),
        goal=D(target),
        drift=drift,
        band=width,
        breached=width is not None and abs(drift) > width,
    )


def report(*lines: DriftLine) -> DriftReport:
    return DriftReport(D(100), lines, (), D(7))


FAMILY = report(line("VTI", "66.6", "60"), line("BND", "28", "35"), line("CASH", "5.4", "5"))


def size_of(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_is_as_wide_as_a_phone_and_taller_for_more_lines() -> None:
    width, height = size_of(allocation_chart(FAMILY, title="Family", subtitle="SIMULATED"))
    many = report(*(line(f"T{number}", "4", "5") for number in range(20)))
    wide, tall = size_of(allocation_chart(many, title="Family", subtitle="SIMULATED"))
    assert width == wide == 1080
    assert 400 < height < tall < 2_600


def test_telegram_takes_even_the_largest() -> None:
    """Width and height may sum to 10,000 and differ by a factor of 20."""
    lines = [line(f"TICKER{number:02d}.AB", "2", "2", "0.5") for number in range(50)]
    width, height = size_of(allocation_chart(report(*lines), title="x", subtitle="y"))
    few, _ = size_of(allocation_chart(report(*lines[:MAX_BARS]), title="x", subtitle="y"))
    assert width + height <= 10_000
    assert width == few


@pytest.mark.parametrize(("dark", "is_bright"), [(False, True), (True, False)])
def test_paper_follows_the_theme(dark: bool, is_bright: bool) -> None:
    picture = imread(BytesIO(allocation_chart(FAMILY, title="F", subtitle="S", dark=dark)))
    assert bool(picture[2, 2, :3].mean() > 0.5) is is_bright


def test_over_and_under_differ_in_more_than_colour() -> None:
    """Bars beyond their bands are hatched in opposite directions, and their drift has an arrow."""
    over = imread(BytesIO(allocation_chart(report(line("A", "70", "50")), title="", subtitle="")))
    under = imread(BytesIO(allocation_chart(report(line("A", "30", "50")), title="", subtitle="")))
    assert over.shape == under.shape
    grey_over, grey_under = over[:, :, :3].mean(axis=2), under[:, :, :3].mean(axis=2)
    assert abs(grey_over - grey_under).max() > 0.3


@pytest.mark.parametrize(
    "title",
    [
        "",
        "$5 and $6",
        "家族 👨‍👩‍👧",
        "\u202eevil",
        "<b>&amp;",
        r"\frac{1}{2}$^$",
        "x" * 300,
        "a\nb",
    ],
)
def test_any_name_can_be_drawn(title: str) -> None:
    size_of(allocation_chart(FAMILY, title=title, subtitle=title))


@pytest.mark.parametrize(
    "lines",
    [
        (line("CASH", "100", "100"),),
        (line("A", "0", "0", None), line("CASH", "100", "100")),
        (line("A", "130", "100"), line("CASH", "-30", "0")),
        (line("A", "0", "50"), line("B", "100", "50")),
    ],
)
def test_odd_portfolios_can_be_drawn(lines: tuple[DriftLine, ...]) -> None:
    size_of(allocation_chart(report(*lines), title="Odd", subtitle=""))
