"""The chart of a performance: what a portfolio was worth over time, and what of it was paid in; PNG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from bot.charts import DARK, DPI, LIGHT, MARGIN, WIDTH, Look, drawable, png
from bot.words.numbers import round_money
from bot.words.reader import reader
from bot.words.times import date_of
from core.domain.money import HUNDRED
from core.domain.performance import Flow, Valued

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT = 5.6
_BOX = (0.19, 0.17, 0.77, 0.6)
"""Where the curves are, in parts of the picture: left, bottom, width, height."""


@dataclass(frozen=True, slots=True)
class Curves:
    """What is drawn: values, and the money that came and went between them (None: not known).

    ``currency`` None hides amounts: the first value is 100.
    """

    values: Sequence[Valued]
    flows: Sequence[Flow] | None
    currency: str | None = "USD"

    @property
    def is_drawable(self) -> bool:
        """Whether there is a curve at all."""
        return len(self.values) > 1 and self.values[0].value > 0

    @property
    def unit(self) -> Decimal:
        """By what amounts are divided to be drawn."""
        return Decimal(1) if self.currency else self.values[0].value / HUNDRED

    def worth(self) -> list[_Point]:
        """The values by time."""
        return [_Point(each.at.timestamp(), float(each.value / self.unit)) for each in self.values]

    def paid_in(self) -> Iterator[_Point]:
        """The first value and all that came since, less what went: a step at each flow."""
        total = self.values[0].value
        yield _Point(self.values[0].at.timestamp(), float(total / self.unit))
        for flow in self.flows or ():
            total += flow.amount
            yield _Point(flow.at.timestamp(), float(total / self.unit))
        yield _Point(self.values[-1].at.timestamp(), float(total / self.unit))


class _Point(NamedTuple):
    """A place in the picture: seconds, and an amount."""

    at: float
    height: float


def performance_chart(curves: Curves, *, title: str, subtitle: str, dark: bool = False) -> bytes:
    """Draw the value as a line and the money paid in as steps, the gain between them shaded."""
    from matplotlib.figure import Figure

    look = DARK if dark else LIGHT
    figure = Figure(figsize=(WIDTH, _HEIGHT), dpi=DPI, facecolor=look.paper)
    axes = figure.add_axes(_BOX)
    axes.set_facecolor(look.paper)
    _draw(axes, curves, look)
    _dress(axes, curves, look)
    _caption(figure, look, title, subtitle, has_flows=curves.flows is not None)
    return png(figure)


def _draw(axes: Axes, curves: Curves, look: Look) -> None:
    worth = curves.worth()
    times, heights = [point.at for point in worth], [point.height for point in worth]
    axes.plot(times, heights, color=look.under, linewidth=3.2, solid_capstyle="round", zorder=4)
    axes.plot(times[-1:], heights[-1:], "o", color=look.under, markersize=9, zorder=5)
    if curves.flows is None:
        return
    paid = list(curves.paid_in())
    axes.step(
        [point.at for point in paid],
        [point.height for point in paid],
        where="post",
        color=look.faint,
        linewidth=2.4,
        linestyle=(0, (4, 2)),
        zorder=3,
    )
    base = [_step_at(time, paid) for time in times]
    axes.fill_between(times, heights, base, color=look.under, alpha=0.16, linewidth=0, zorder=2)


def _step_at(time: float, paid: Sequence[_Point]) -> float:
    """The height of the steps at a time."""
    return next(point.height for point in reversed(paid) if point.at <= time)


def _dress(axes: Axes, curves: Curves, look: Look) -> None:
    first, last = curves.values[0].at.date(), curves.values[-1].at.date()
    ends = [each.at.timestamp() for each in (curves.values[0], curves.values[-1])]
    axes.set_xticks(ends, [date_of(first), date_of(last)], fontsize=16, color=look.faint)
    left, right = axes.get_xticklabels()
    left.set_horizontalalignment("left")
    right.set_horizontalalignment("right")
    axes.locator_params(axis="y", nbins=5)
    axes.tick_params(axis="both", length=0)
    axes.tick_params(axis="y", labelsize=16, labelcolor=look.faint)
    axes.yaxis.set_major_formatter(lambda value, _: _amount(value, curves.currency))
    axes.grid(axis="y", color=look.grid, linewidth=1.2, zorder=0)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _amount(value: float, currency: str | None) -> str:
    if currency is None:
        return reader().number(f"{value:g}")
    return round_money(Decimal(f"{value:.0f}"), currency)


def _caption(figure: Figure, look: Look, title: str, subtitle: str, *, has_flows: bool) -> None:
    key = "line: value   dashed: paid in   shaded: gain or loss" if has_flows else "line: value"
    for y, text, size, colour in (
        (1 - 0.42 / _HEIGHT, drawable(title), 27, look.ink),
        (1 - 0.96 / _HEIGHT, drawable(subtitle), 18, look.faint),
        (0.3 / _HEIGHT, key, 16, look.faint),
    ):
        weight = "bold" if colour == look.ink else "normal"
        figure.text(
            MARGIN,
            y,
            text,
            fontsize=size,
            fontweight=weight,
            color=colour,
            va="center",
            parse_math=False,
        )
