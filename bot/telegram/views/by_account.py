"""Trades and orders account by account, where a portfolio has several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.telegram.html import bold, shown_name
from bot.words.by_hand import account_label
from core.application.show_proposal import ProposalView
from core.domain.ids import AccountId
from core.domain.plan import Plan, Side
from core.domain.portfolio import Account
from core.domain.tax_treatment import TaxTreatment

TREATMENTS: dict[TaxTreatment, str] = {
    TaxTreatment.TAXABLE: "taxable",
    TaxTreatment.TAX_DEFERRED: "tax-deferred",
    TaxTreatment.TAX_FREE: "tax-free",
}
"""How an account is taxed, in a word."""


def by_account(view: ProposalView, rows: Iterable[tuple[AccountId, str]]) -> list[str]:
    """A proposal's rows under the name of their account."""
    return grouped(view.managed.accounts, view.proposal.revision.plan, rows)


def grouped(
    accounts: Sequence[Account], plan: Plan, rows: Iterable[tuple[AccountId, str]]
) -> list[str]:
    """Rows under the name of their account, in the accounts' order; of a portfolio's only account just the rows."""
    if len(accounts) <= 1:
        return [row for _, row in rows]
    groups: dict[AccountId, list[str]] = {}
    for number, row in rows:
        groups.setdefault(number, []).append(row)
    return [
        line
        for account in accounts
        if account.id in groups
        for line in (account_head(plan, account), *groups[account.id])
    ]


def account_head(plan: Plan, account: Account) -> str:
    """The line above an account's trades: ``Account IRA (tax-deferred: no tax on its sales) · SIMULATED``."""
    sides = {trade.side for trade in plan.in_account(account.id)}
    words = TREATMENTS[account.tax_treatment]
    if account.tax_treatment is not TaxTreatment.TAXABLE and Side.SELL in sides:
        words += ": no tax on its sales"
    return f"Account {bold(shown_name(account.name))} ({words}) · {account_label(account)}"
