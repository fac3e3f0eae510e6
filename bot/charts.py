"""Charts: domain values to pictures (PNG), readable on a phone, in dark and in light chats.

Over and under their targets differ in colour (blue and vermilion of Okabe and Ito's palette, which
colour-blind people tell apart), in hatching, and in the sign of the printed drift.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bot.words.numbers import DOWN, UP, signed, tenths
from bot.words.reader import reader
from core.domain.drift import DriftLine, DriftReport
from core.domain.money import ZERO

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_BARS = 24
"""More lines than this cannot be read on a phone; the furthest from their targets are drawn."""

DPI = 135
WIDTH = 8.0
_HEAD, _FOOT, _ROW, _DENSE_ROW = 1.6, 1.1, 0.66, 0.5
_MANY = 12
_BAR = 0.56
_RIGHT = 0.68
MARGIN = 0.03
_NOW, _DRIFT = 0.795, 0.975
"""Where the columns of numbers end, as parts of the picture's width."""


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of one theme."""

    paper: str
    ink: str
    faint: str
    grid: str
    band: str
    inside: str
    over: str
    under: str


LIGHT = Look(
    paper="#ffffff",
    ink="#1b1f24",
    faint="#5b6570",
    grid="#e3e7ec",
    band="#c9d1da",
    inside="#7d8894",
    over="#d55e00",
    under="#0072b2",
)
DARK = Look(
    paper="#17212b",
    ink="#f2f5f8",
    faint="#a8b4c0",
    grid="#2a3744",
    band="#44566a",
    inside="#93a1b0",
    over="#f28c3c",
    under="#56b4e9",
)


def allocation_chart(drift: DriftReport, *, title: str, subtitle: str, dark: bool = False) -> bytes:
    """Draw each line's weight as a bar, its target as a mark, and its band shaded; PNG."""
    look = DARK if dark else LIGHT
    bars = _chosen(drift)
    figure, axes = _canvas(bars, look)
    for row, line in enumerate(bars):
        _draw_line(axes, line, row, look)
        _label(axes, line, row, look)
    _dress(axes, bars, look)
    _caption(figure, look, title, subtitle, hidden=len(drift.lines) - len(bars))
    return png(figure)


def _chosen(drift: DriftReport) -> list[DriftLine]:
    if len(drift.lines) <= MAX_BARS:
        return list(drift.lines)
    furthest = sorted(drift.lines, key=lambda line: (-line.breached, -abs(line.drift)))
    kept = {line.symbol for line in furthest[:MAX_BARS]}
    return [line for line in drift.lines if line.symbol in kept]


def _canvas(bars: list[DriftLine], look: Look) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    row = _ROW if len(bars) <= _MANY else _DENSE_ROW
    height = _HEAD + _FOOT + row * max(len(bars), 2)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor=look.paper)
    left = 2 * MARGIN + 0.025 * max(len(line.symbol) for line in bars)
    bottom = _FOOT / height
    axes = figure.add_axes((left, bottom, _RIGHT - left, 1 - (_HEAD + _FOOT) / height))
    axes.set_facecolor(look.paper)
    return figure, axes


def _ends(bars: list[DriftLine]) -> tuple[float, float]:
    """The ends of the axis in percent: room for every weight, target and band, and a little air."""
    lows = [min(line.weight, ZERO) for line in bars]
    highs = [max(line.weight, line.target + (line.band or ZERO)) for line in bars]
    return float(min(lows)) * 1.04, float(max([*highs, Decimal(1)])) * 1.04


def _draw_line(axes: Axes, line: DriftLine, row: int, look: Look) -> None:
    colour, hatch = _manner(line, look)
    if line.band is not None:
        low = float(max(line.target - line.band, ZERO))
        width = float(line.target + line.band) - low
        axes.barh(row, width, left=low, height=0.9, color=look.band, zorder=1)
    axes.barh(
        row,
        float(line.weight),
        height=_BAR,
        color=colour,
        edgecolor=look.paper,
        hatch=hatch,
        linewidth=0,
        zorder=2,
    )
    target = float(line.target)
    for width, shade in ((7, look.paper), (3.5, look.ink)):
        axes.plot(
            (target, target),
            (row - 0.45, row + 0.45),
            color=shade,
            linewidth=width,
            solid_capstyle="butt",
            zorder=3,
        )


def _manner(line: DriftLine, look: Look) -> tuple[str, str]:
    if not line.breached:
        return look.inside, ""
    return (look.over, "//") if line.drift > ZERO else (look.under, "\\\\")


def _label(axes: Axes, line: DriftLine, row: int, look: Look) -> None:
    colour = _manner(line, look)[0] if line.breached else look.faint
    weight = "bold" if line.breached else "normal"
    arrow = (UP if line.drift > ZERO else DOWN) if line.breached else ""
    _number(axes, _NOW, row, tenths(line.weight), color=look.ink)
    _number(axes, _DRIFT, row, f"{signed(line.drift)}{arrow}", color=colour, fontweight=weight)


def _number(axes: Axes, place: float, row: float, text: str, **style: Any) -> None:
    """Write into a column: ``place`` counts in widths of the picture, ``row`` in bars."""
    box = axes.get_position()
    across = axes.get_yaxis_transform()
    manner = {"fontsize": 21, "ha": "right", "va": "center", **style}
    axes.text((place - box.x0) / box.width, row, text, transform=across, **manner)


def _dress(axes: Axes, bars: list[DriftLine], look: Look) -> None:
    axes.set_xlim(*_ends(bars))
    axes.locator_params(axis="x", nbins=5)
    axes.set_ylim(max(len(bars), 2) - 0.4, -0.6)
    axes.set_yticks(range(len(bars)), [line.symbol for line in bars], fontsize=21, color=look.ink)
    axes.tick_params(axis="both", length=0)
    axes.tick_params(axis="x", labelsize=16, labelcolor=look.faint)
    axes.xaxis.set_major_formatter(lambda value, _: f"{reader().number(f'{value:g}')}%")
    axes.grid(axis="x", color=look.grid, linewidth=1.2, zorder=0)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
    for place, name in ((_NOW, "now %"), (_DRIFT, words_beside()[0])):
        _number(axes, place, -0.72, name, va="bottom", fontsize=16, color=look.faint)


def words_beside() -> tuple[str, str]:
    """What the column of distances is called, and the key under the picture, in the reader's words."""
    if reader().is_plain:
        return "off by", "bar: now   line: wanted   shaded: close enough"
    return "drift", "bar: now   line: target   shaded: band"


def _caption(figure: Figure, look: Look, title: str, subtitle: str, *, hidden: int) -> None:
    height = figure.get_figheight()
    top = 1 - 0.42 / height
    key = words_beside()[1]
    if hidden:
        key = f"{hidden} lines nearer to their targets are not drawn\n{key}"
    for y, text, size, colour in (
        (top, drawable(title), 27, look.ink),
        (top - 0.54 / height, drawable(subtitle), 18, look.faint),
        (0.32 / height, key, 16, look.faint),
    ):
        figure.text(
            MARGIN,
            y,
            text,
            fontsize=size,
            fontweight="bold" if text and y == top else "normal",
            color=colour,
            va="center",
            parse_math=False,
        )


def drawable(text: str) -> str:
    """The characters of a text for which the font has a shape; all of it stands in the caption."""
    from matplotlib.font_manager import findfont, get_font

    shapes = get_font(findfont("DejaVu Sans")).get_charmap()
    return "".join(char for char in text if char.isprintable() and ord(char) in shapes).strip()


def png(figure: Figure) -> bytes:
    """The bytes of a picture."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", facecolor=figure.get_facecolor())
    return picture.getvalue()
