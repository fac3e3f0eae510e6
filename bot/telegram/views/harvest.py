"""Harvests: why nothing is harvested now, the losses by year with their file, and what waits to be switched back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from bot.telegram.html import bold, code, escape, shown_name
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.csv_file import csv_document
from bot.telegram.views.parts import capped, head, lines, paragraphs
from bot.words.numbers import listed, money
from bot.words.plan_reasons import reason_sentence
from bot.words.tax_reasons import NO_ADVICE
from bot.words.times import date_of
from core.application.harvest_ledger import HarvestedSale, HarvestLedger, HarvestYear
from core.domain.money import ZERO, to_cents
from core.domain.plan import Plan, Reason, ReasonCode
from core.domain.portfolio import ManagedPortfolio
from core.domain.tax_treatment import TaxTreatment

YEAR_COLUMNS = (
    "year",
    "owner",
    "harvested_short",
    "harvested_long",
    "disallowed",
    "carried_short",
    "carried_long",
)
SALE_COLUMNS = (
    "year",
    "sold",
    "symbol",
    "quantity",
    "acquired",
    "proceeds",
    "loss",
    "term",
    "disallowed",
    "counted",
    "account",
    "owner",
    "proposal",
)
_ROOM = 2000
_MOST_YEARS = 6
_SHOWN_ALONE = frozenset({ReasonCode.NO_LOSS})


def nothing_screen(managed: ManagedPortfolio, plan: Plan) -> Screen:
    """Why nothing is harvested: the largest loss first, then every other."""
    currency = managed.portfolio.currency
    losses = [skip.reason for skip in plan.skipped if skip.reason.code in _OF_LOSSES]
    losses.sort(key=lambda reason: -reason.values["amount"])
    counting = [reason for reason in losses if reason.code is not ReasonCode.NOT_TAXABLE]
    is_other = plan.reason.code is ReasonCode.NOT_TAXABLE and counting
    main = counting[0] if is_other else plan.reason
    first = reason_sentence(main, currency)
    is_alone = main.code in _SHOWN_ALONE
    rows = [
        f"• {escape(reason_sentence(reason, currency))}" for reason in counting if reason != main
    ]
    policy = managed.policy
    text = paragraphs(
        f"{bold(shown_name(managed.portfolio.name))}: nothing to harvest now.",
        escape(first if is_alone else f"Largest loss: {_named(main, first)}"),
        capped(rows, _ROOM, "more"),
        _untaxed(managed, [reason for reason in losses if reason not in (*counting, main)]),
        "" if policy.harvest_loss else f"To have me look by myself: {code('/policy harvest 500')}",
        NO_ADVICE,
    )
    number = managed.portfolio.id
    return Screen(text, ((_by_year(number), tap("📊 Status", "status", number)),))


_OF_LOSSES = frozenset(
    {
        ReasonCode.LOSS_TOO_SMALL,
        ReasonCode.NOT_TAXABLE,
        ReasonCode.NO_TAX_RULES,
        ReasonCode.LOTS_IN_FRONT,
        ReasonCode.RECENTLY_BOUGHT,
        ReasonCode.BOUGHT_SOON,
        ReasonCode.NO_SUBSTITUTE,
        ReasonCode.SUBSTITUTE_BARRED,
        ReasonCode.PAIR_TOO_SMALL,
        ReasonCode.SAVES_TOO_LITTLE,
    }
)
"""The reasons whose sentences name the position and its loss."""


def _untaxed(managed: ManagedPortfolio, losses: Sequence[Reason]) -> str:
    """Losses in accounts in which none counts, in one line: ``No loss counts in IRA: MTUM −$1.21``."""
    names = [
        shown_name(account.name)
        for account in managed.accounts
        if account.tax_treatment is not TaxTreatment.TAXABLE
    ]
    currency = managed.portfolio.currency
    found = [f"{each.symbol} −{money(each.values['amount'], currency)}" for each in losses]
    return f"No loss counts in {listed(names)}: {escape(listed(found))}." if found else ""


def _named(reason: Reason, sentence: str) -> str:
    """A sentence with the position in it, also where the reason is one that names none by itself."""
    if reason.code in _OF_LOSSES or reason.symbol is None:
        return sentence
    return f"{reason.symbol}. {sentence}"


def _by_year(portfolio_id: int) -> Button:
    return tap("📒 Losses by year", "hv_year", portfolio_id, 0)


def years_screen(ledger: HarvestLedger, year: int | None = None) -> Screen:
    """The harvested losses of a year (this one, unless said otherwise), with a button for each other."""
    managed, currency = ledger.managed, ledger.managed.portfolio.currency
    chosen = year or ledger.this_year
    found = [each for each in ledger.years if each.year == chosen]
    text = paragraphs(
        head(managed, f"harvested losses {chosen}"),
        *(_year(each, currency) for each in found),
        "" if found else "None, as far as the ledger knows.",
        _waiting(ledger),
        NO_ADVICE,
    )
    return Screen(text, _year_buttons(ledger, chosen))


def _year(year: HarvestYear, currency: str) -> str:
    short, long = money(year.carried_short, currency), money(year.carried_long, currency)
    return lines(
        bold(shown_name(year.owner)),
        f"Harvested: short {money(year.short, currency)}, long {money(year.long, currency)}",
        f"Does not count: {money(year.disallowed, currency)}" if year.disallowed else None,
        f"Carried into {year.year + 1}, of all losses: short {short}, long {long}",
    )


def _waiting(ledger: HarvestLedger) -> str:
    return lines(
        *(
            f"{escape(each.bought)} stands in for {escape(each.sold)}; "
            f"the way back is looked for from {date_of(each.look_from)}."
            for each in ledger.waiting
        )
    )


def _year_buttons(ledger: HarvestLedger, chosen: int) -> tuple[tuple[Button, ...], ...]:
    number = ledger.managed.portfolio.id
    years = sorted({each.year for each in ledger.years} | {ledger.this_year}, reverse=True)
    others = tuple(
        tap(str(year), "hv_year", number, year) for year in years[:_MOST_YEARS] if year != chosen
    )
    files: tuple[Button, ...] = ()
    if ledger.sales:
        files = (tap("📄 All years", "hv_csv", number, 0),)
    if ledger.of(chosen):
        files = (tap(f"📄 Sales of {chosen}", "hv_csv", number, chosen), *files)
    return tuple(row for row in (others, files) if row)


def years_file(ledger: HarvestLedger) -> Screen:
    """All years as a file, one line for each year and person."""
    if not ledger.years:
        return Screen("Nothing was harvested yet, as far as the ledger knows.")
    rows = [
        (
            str(each.year),
            each.owner,
            _amount(each.short),
            _amount(each.long),
            _amount(each.disallowed),
            _amount(each.carried_short),
            _amount(each.carried_long),
        )
        for each in ledger.years
    ]
    document = csv_document("harvested-by-year.csv", YEAR_COLUMNS, rows)
    return Screen(lines("Harvested losses by year.", NO_ADVICE), document=document)


def sales_file(ledger: HarvestLedger, year: int) -> Screen:
    """The sales of a year as a file."""
    sales = ledger.of(year)
    if not sales:
        return Screen(f"Nothing was harvested in {year}, as far as the ledger knows.")
    document = csv_document(f"harvested-{year}.csv", SALE_COLUMNS, [_row(each) for each in sales])
    return Screen(lines(f"Losses harvested in {year}.", NO_ADVICE), document=document)


def _row(each: HarvestedSale) -> tuple[str, ...]:
    sale = each.sale
    return (
        str(sale.sold.year),
        sale.sold.isoformat(),
        sale.symbol,
        f"{sale.quantity.normalize():f}",
        "" if sale.acquired is None else sale.acquired.isoformat(),
        "" if sale.proceeds is None else _amount(sale.proceeds),
        _amount(each.loss),
        sale.term.value,
        _amount(each.disallowed),
        _amount(each.counted),
        each.account,
        each.owner,
        str(each.proposal_id),
    )


def _amount(amount: Decimal) -> str:
    return f"{to_cents(amount):f}" if amount else "0"


def switch_kept(managed: ManagedPortfolio, data: dict[str, str]) -> Screen:
    """Why a substitute is kept though its 30 days are over."""
    currency = managed.portfolio.currency
    gain, tax, most = (Decimal(data.get(name, "0")) for name in ("amount", "cost", "least"))
    sold, bought = escape(data["sold"]), escape(data["bought"])
    again = date_of(date.fromisoformat(data["until"]))
    text = paragraphs(
        head(managed),
        lines(
            f"{bought} has stood in for {sold} for 30 days. It is not switched back now:",
            f"it has gained {money(max(gain, ZERO), currency)}, which is taxed with "
            f"≈ {money(tax, currency)}. The loss was worth {money(most, currency)}.",
            f"I look again on {again}.",
        ),
        NO_ADVICE,
    )
    return Screen(text, ((_by_year(managed.portfolio.id),),))
