"""Tax rules of the United States: Schedule D of Form 1040, its carry-overs, and wash sales.

Rates are settings, because they depend on a person's income and state. Sources: Internal Revenue Code §§ 1211, 1212,
1222 and 1091; Schedule D (Form 1040) and its Capital Loss Carryover Worksheet; IRS Publication 550.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from core.domain.money import HUNDRED, ZERO, to_cents
from core.domain.tax.base import TaxRules
from core.domain.tax.equivalents import Equivalents
from core.domain.tax.wash import Acquisition, LossSale, Washed, match_washes
from core.domain.tax.year import TaxRates, TaxYear

MOST_OFFSET = Decimal(3000)
"""How much of a year's net capital loss may be set against other income (IRC § 1211(b)); half of it for the married
who file separately, which is theirs to set.
"""


class UsTax(TaxRules):
    """Federal rules: short and long gains net each by themselves, then against each other."""

    def washes(
        self,
        sales: Iterable[LossSale],
        acquisitions: Iterable[Acquisition],
        equivalents: Equivalents,
        /,
    ) -> tuple[Washed, ...]:
        """Return the losses that purchases within 30 days wash, by ``match_washes``."""
        return match_washes(sales, acquisitions, equivalents)

    def tax(self, year: TaxYear, rates: TaxRates, /) -> Decimal:
        """Return the tax on the year's net gains, each at its rate.

        A net loss of one term comes off the net gain of the other (Schedule D, line 16). What is lost on the whole
        saves the tax on as much other income as may be offset, and nothing more this year.
        """
        short, long = year.net_short, year.net_long
        if short + long < ZERO:
            return -to_cents(_offset(year, rates) * rates.offset_rate / HUNDRED)
        taxed_short = max(short + min(long, ZERO), ZERO)
        taxed_long = max(long + min(short, ZERO), ZERO)
        return to_cents((taxed_short * rates.short + taxed_long * rates.long) / HUNDRED)

    def carried_after(self, year: TaxYear, rates: TaxRates, /) -> TaxYear:
        """Return the losses that go into the next year, each keeping its term.

        By the Capital Loss Carryover Worksheet: what is set against other income, and a gain of the other term, comes
        off; the offset takes short-term losses first.
        """
        short, long = year.net_short, year.net_long
        offset = _offset(year, rates)
        lost_short, lost_long = max(-short, ZERO), max(-long, ZERO)
        from_short = min(offset, lost_short)
        return TaxYear(
            carried_short=max(lost_short - max(long, ZERO) - from_short, ZERO),
            carried_long=max(lost_long - max(short, ZERO) - (offset - from_short), ZERO),
        )


def _offset(year: TaxYear, rates: TaxRates) -> Decimal:
    """Return how much of the year's net loss is set against other income, in money."""
    lost = max(-(year.net_short + year.net_long), ZERO)
    return min(lost, rates.loss_offset, MOST_OFFSET)
