"""Tax rules of those who pay none, or do not want it counted."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from core.domain.money import ZERO
from core.domain.tax.base import TaxRules
from core.domain.tax.equivalents import Equivalents
from core.domain.tax.wash import Acquisition, LossSale, Washed
from core.domain.tax.year import TaxRates, TaxYear


class NoTax(TaxRules):
    """No tax on any gain; gains are still told lot by lot, and no loss is washed."""

    def washes(
        self,
        _sales: Iterable[LossSale],
        _acquisitions: Iterable[Acquisition],
        _equivalents: Equivalents,
        /,
    ) -> tuple[Washed, ...]:
        """Wash no loss."""
        return ()

    def tax(self, _year: TaxYear, _rates: TaxRates, /) -> Decimal:
        """Return 0."""
        return ZERO

    def carried_after(self, _year: TaxYear, _rates: TaxRates, /) -> TaxYear:
        """Carry nothing."""
        return TaxYear()
