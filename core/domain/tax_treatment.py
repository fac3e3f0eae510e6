"""Tax treatment: how an account's gains are taxed."""

from __future__ import annotations

from enum import StrEnum


class TaxTreatment(StrEnum):
    """How an account's gains are taxed."""

    TAXABLE = "taxable"
    TAX_DEFERRED = "tax_deferred"
    TAX_FREE = "tax_free"
