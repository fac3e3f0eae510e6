"""Taxes on realised gains: rules by country, years with their carry-overs, and wash sales.

Amounts are estimates for planning, not a tax return.
"""

from __future__ import annotations

from core.domain.tax.base import TaxRules
from core.domain.tax.carry import ToldYear, YearInChain, chain_of_years
from core.domain.tax.equivalents import Equivalents
from core.domain.tax.rules import TaxRulesName, estimate, rules_of
from core.domain.tax.situation import TaxOwner, TaxSituation
from core.domain.tax.wash import (
    Acquisition,
    LossSale,
    Washed,
    adjusted_lots,
    free_to_buy_from,
    match_washes,
    still_claimed,
    still_free,
    washed_by_purchases,
    would_wash,
)
from core.domain.tax.year import TaxRates, TaxYear

__all__ = [
    "Acquisition",
    "Equivalents",
    "LossSale",
    "TaxOwner",
    "TaxRates",
    "TaxRules",
    "TaxRulesName",
    "TaxSituation",
    "TaxYear",
    "ToldYear",
    "Washed",
    "YearInChain",
    "adjusted_lots",
    "chain_of_years",
    "estimate",
    "free_to_buy_from",
    "match_washes",
    "rules_of",
    "still_claimed",
    "still_free",
    "washed_by_purchases",
    "would_wash",
]
