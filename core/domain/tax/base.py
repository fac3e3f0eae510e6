"""What planning asks the tax rules of a country."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from core.domain.ids import Symbol
from core.domain.lots import Lot, LotMethod, LotSale, lot_order, sell_lots
from core.domain.money import ZERO
from core.domain.tax.equivalents import Equivalents
from core.domain.tax.wash import Acquisition, LossSale, Washed
from core.domain.tax.year import TaxRates, TaxYear


class TaxRules(ABC):
    """The questions that planning asks of one country's rules about realised gains.

    A country comes as one more module and one more name: pools (section 104) or average costs answer ``lots_sold``
    in their own way, and other windows of time answer ``washes``.
    """

    def lots_sold(
        self,
        symbol: Symbol,
        lots: Iterable[Lot],
        method: LotMethod,
        *,
        quantity: Decimal,
        proceeds: Decimal,
        sold: date,
        prefer: Sequence[str] = (),
    ) -> tuple[LotSale, ...]:
        """Return what a sale takes from each of a symbol's lots in one account, and the gain on it.

        Raises as ``lot_order`` and ``sell_lots``.
        """
        price = proceeds / quantity if quantity else ZERO
        in_order = lot_order(lots, method, sold=sold, price=price, prefer=prefer)
        return sell_lots(in_order, quantity, proceeds, sold, symbol=symbol)

    @abstractmethod
    def washes(
        self,
        sales: Iterable[LossSale],
        acquisitions: Iterable[Acquisition],
        equivalents: Equivalents,
        /,
    ) -> tuple[Washed, ...]:
        """Return which parts of a household's losses do not count, because of what it bought."""

    @abstractmethod
    def tax(self, year: TaxYear, rates: TaxRates, /) -> Decimal:
        """Return a year's tax on realised gains, to the cent; below 0 where losses save tax on other income.

        It never falls when a gain grows.
        """

    @abstractmethod
    def carried_after(self, year: TaxYear, rates: TaxRates, /) -> TaxYear:
        """Return the next year as this one leaves it: nothing realised yet, and the losses carried in."""
