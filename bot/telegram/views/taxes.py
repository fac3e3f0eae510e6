"""Taxes: each tax owner's year so far, the rates, what counts as the same, and the year's ledger as a file."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.telegram.html import bold, code, escape, shown_name
from bot.telegram.screen import Screen
from bot.telegram.views.accounts import TAX
from bot.telegram.views.csv_file import csv_document
from bot.telegram.views.parts import capped, head, lines, paragraphs
from bot.words.numbers import count, money, plain, quantity
from bot.words.tax_reasons import NO_ADVICE
from core.application.set_taxes import LotGap, RealisedEntry, ShownTaxes
from core.domain.money import ZERO, to_cents
from core.domain.portfolio import ManagedPortfolio
from core.domain.tax import Equivalents, TaxOwner, TaxRulesName, YearInChain
from core.domain.tax.us import MOST_OFFSET

COLUMNS = (
    "year",
    "sold",
    "symbol",
    "quantity",
    "acquired",
    "proceeds",
    "gain",
    "term",
    "disallowed",
    "account",
)
MOST_GAPS = 800
"""So many characters say where lots and holdings differ."""
RULES = {TaxRulesName.NONE: "none (no tax is estimated)", TaxRulesName.US: "United States"}
_HOW = {
    "/tax rules us": "whose rules",
    "/tax carried short 1200 long 300": "losses of earlier years",
    "/tax carried auto": "calculate those",
    "/tax realised short -50 long 400": "sales elsewhere this year",
    "/tax same VTI VTSAX": "count as one where losses are washed",
    "/tax same clear VTI": "take that back",
    "/tax treatment tax_deferred": "how an account is taxed",
    "/tax csv": "this year's sales as a file",
}


def taxes_screen(shown: ShownTaxes) -> Screen:
    """All that is known of the taxes around a portfolio, and how to say more."""
    managed = shown.managed
    text = paragraphs(
        head(managed, f"taxes {shown.year}"),
        *(_owner(owner, shown) for owner in shown.owners),
        _own(shown),
        lines(
            *treatments(managed),
            f"Rates of /policy: short {plain(shown.rates.short)}%, long {plain(shown.rates.long)}%.",
            same_words(shown.equivalents),
        ),
        _gaps(shown),
        _unpriced(shown.entries),
        lines("To say more:", *(f"{code(how)} {escape(why)}" for how, why in _HOW.items())),
        NO_ADVICE,
    )
    return Screen(text)


def treatments(managed: ManagedPortfolio) -> list[str]:
    """How each account is taxed; the only one needs no name."""
    if len(managed.accounts) == 1:
        return [f"Account: {TAX[managed.accounts[0].tax_treatment]}."]
    return [f"{shown_name(each.name)}: {TAX[each.tax_treatment]}." for each in managed.accounts]


def _owner(owner: TaxOwner, shown: ShownTaxes) -> str:
    year, currency = owner.year, shown.managed.portfolio.currency
    tax = shown.tax_so_far[owner.name]
    return lines(
        bold(shown_name(owner.name)),
        f"Rules: {RULES[owner.rules]}",
        f"This year: short {money(year.short, currency)}, long {money(year.long, currency)}",
        f"Losses carried in: short {money(year.carried_short, currency)}, "
        f"long {money(year.carried_long, currency)}",
        _carried(shown.years.get(owner.name, ()), currency),
        f"Estimated tax so far: {money(tax, currency)}"
        if owner.rules is not TaxRulesName.NONE
        else None,
    )


def _carried(years: Sequence[YearInChain], currency: str) -> str | None:
    """How the losses carried in came about."""
    if not years or not (years[-1].is_told or len(years) > 1):
        return None
    if years[-1].is_told:
        return "As you told them; /tax carried auto calculates them."
    last = years[-2]
    figures = last.figures
    before = figures.carried_short + figures.carried_long
    came = f" and {money(before, currency)} carried in" if before else ""
    return (
        f"Calculated from {last.year}: short {money(figures.short, currency)}, "
        f"long {money(figures.long, currency)}{came}. Up to {money(MOST_OFFSET, currency)} of a net "
        "loss came off other income (IRC 1211(b)); /tax carried sets another amount."
    )


def _gaps(shown: ShownTaxes) -> str:
    """Where lots and holdings differ: said, never invented."""
    several = len(shown.managed.accounts) > 1
    rows = [_gap(gap, f" in {gap.account}" if several else "") for gap in shown.gaps]
    unheard = [f"{name} did not answer: its lots were not compared." for name in shown.unheard]
    return capped([escape(row) for row in (*rows, *unheard)], MOST_GAPS, "more")


def _gap(gap: LotGap, where: str) -> str:
    shares = quantity(abs(gap.shares))
    if gap.shares > ZERO:
        return f"{shares} {gap.symbol}{where} have no lot: cost unknown."
    return f"Lots name {shares} {gap.symbol}{where} more than is held."


def _unpriced(entries: Sequence[RealisedEntry]) -> str:
    """The sales of which nobody has told what they brought: they count for no gain."""
    shares: dict[tuple[str, str], Decimal] = {}
    for entry in entries:
        if entry.sale.proceeds is None:
            key = entry.sale.symbol, entry.sale.sold.isoformat()
            shares[key] = shares.get(key, ZERO) + entry.sale.quantity
    rows = [
        f"{quantity(sold)} {escape(symbol)} paid out on {day}: proceeds unknown, no gain counted."
        for (symbol, day), sold in shares.items()
    ]
    return capped(rows, MOST_GAPS, "more")


def _own(shown: ShownTaxes) -> str:
    """What the member who asks has told, where no line above says it."""
    if shown.owners:
        return ""
    return f"Your rules: {RULES[shown.own.rules]}. Nothing is in the ledger yet."


def same_words(equivalents: Equivalents) -> str:
    """Which symbols count as the same where a loss is washed."""
    groups = [", ".join(sorted(group)) for group in equivalents.groups]
    if not groups:
        return "No symbols count as the same."
    return escape(f"Count as the same: {'; '.join(groups)}.")


def treatment_screen(managed: ManagedPortfolio) -> Screen:
    """How an account is taxed from now on."""
    text = paragraphs(head(managed, "taxes"), lines(*treatments(managed)), NO_ADVICE)
    return Screen(text)


def ledger_screen(shown: ShownTaxes) -> Screen:
    """The year's realised sales as a file for a spreadsheet or a tax adviser."""
    if not shown.entries:
        return Screen(f"Nothing was realised in {shown.year}, as far as the ledger knows.")
    text = lines(
        f"Realised in {shown.year}: {count(len(shown.entries), 'sale')} of your portfolios.",
        NO_ADVICE,
    )
    rows = [_row(entry) for entry in shown.entries]
    return Screen(text, document=csv_document(f"realised-{shown.year}.csv", COLUMNS, rows))


def _row(entry: RealisedEntry) -> tuple[str, ...]:
    sale = entry.sale
    return (
        str(sale.sold.year),
        sale.sold.isoformat(),
        sale.symbol,
        f"{sale.quantity.normalize():f}",
        "" if sale.acquired is None else sale.acquired.isoformat(),
        "" if sale.proceeds is None else _amount(sale.proceeds),
        "" if sale.gain is None else _amount(sale.gain),
        sale.term.value,
        _amount(entry.disallowed) if entry.disallowed > ZERO else "0",
        entry.account,
    )


def _amount(amount: Decimal) -> str:
    return f"{to_cents(amount):f}"
