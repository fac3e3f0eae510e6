"""All that a plan knows about a household's taxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from core.domain.tax.equivalents import Equivalents
from core.domain.tax.rules import TaxRulesName
from core.domain.tax.wash import Acquisition, LossSale
from core.domain.tax.year import TaxYear


@dataclass(frozen=True, slots=True)
class TaxOwner:
    """A person whose gains are taxed: by which rules, and what the year has brought so far."""

    name: str
    rules: TaxRulesName = TaxRulesName.NONE
    year: TaxYear = field(default_factory=TaxYear)


@dataclass(frozen=True, slots=True)
class TaxSituation:
    """A household's taxes: its tax owners by name, and what it bought and lost within the last weeks.

    ``today`` is the day on which a sale would be; None where a plan has none, and then no term and no window is known.
    ``acquisitions`` (not replacing others yet) and ``loss_sales`` (still claimed) are those of all accounts of the
    household, which wash each other's losses.
    """

    today: date | None = None
    owners: Mapping[str, TaxOwner] = field(default_factory=dict)
    acquisitions: tuple[Acquisition, ...] = ()
    loss_sales: tuple[LossSale, ...] = ()
    equivalents: Equivalents = field(default_factory=Equivalents)

    def owner(self, name: str) -> TaxOwner:
        """Return a tax owner by name; one without rules where nothing is known of them."""
        return self.owners.get(name) or TaxOwner(name)
