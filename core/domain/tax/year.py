"""A tax year's gains and losses so far, and the rates at which they are taxed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from core.domain.money import HUNDRED, ZERO
from core.domain.refusals import BadNumber


@dataclass(frozen=True, slots=True)
class TaxRates:
    """What a gain costs: rates of short-term and long-term gains in percent.

    ``loss_offset`` is how much of a year's net loss may be set against other income, in money (the rules may allow
    less), and ``offset_rate`` the percentage that this saves. Raises BadNumber outside 0 to 100 percent, and for an
    offset below 0.
    """

    short: Decimal
    long: Decimal
    loss_offset: Decimal = ZERO
    offset_rate: Decimal = ZERO

    def __post_init__(self) -> None:
        """Refuse rates that no tax has."""
        rates = {"short": self.short, "long": self.long, "offset_rate": self.offset_rate}
        for name, rate in rates.items():
            if not rate.is_finite() or not ZERO <= rate <= HUNDRED:
                raise BadNumber(name, str(rate), "a percentage from 0 to 100")
        if not self.loss_offset.is_finite() or self.loss_offset < ZERO:
            raise BadNumber("loss_offset", str(self.loss_offset), "an amount of 0 or more")


@dataclass(frozen=True, slots=True)
class TaxYear:
    """One person's realised gains of this year so far, and the losses that earlier years left.

    ``short`` and ``long``: net, in money, losses below 0, without losses that wash sales disallow. ``carried_short``
    and ``carried_long``: losses carried in, as amounts above 0 (BadNumber below).
    """

    short: Decimal = ZERO
    long: Decimal = ZERO
    carried_short: Decimal = ZERO
    carried_long: Decimal = ZERO

    def __post_init__(self) -> None:
        """Refuse losses carried in with a sign: they would count as gains."""
        carried = {"carried_short": self.carried_short, "carried_long": self.carried_long}
        for name, loss in carried.items():
            if not loss.is_finite() or loss < ZERO:
                raise BadNumber(name, str(loss), "a loss as an amount of 0 or more")

    def plus(self, short: Decimal, long: Decimal) -> TaxYear:
        """Return the year with more gains realised, losses below 0."""
        return replace(self, short=self.short + short, long=self.long + long)

    @property
    def net_short(self) -> Decimal:
        """The short-term gains less the short-term losses carried in (Schedule D, line 7)."""
        return self.short - self.carried_short

    @property
    def net_long(self) -> Decimal:
        """The long-term gains less the long-term losses carried in (Schedule D, line 15)."""
        return self.long - self.carried_long
