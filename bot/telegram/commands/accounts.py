"""``/accounts``: where the money is, how real it is, and how it is taxed."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, note, shown_name
from bot.telegram.context import Misunderstood, Reaction, Turn, say
from bot.words.by_hand import account_label, account_meaning, is_by_hand
from bot.words.labels import source_label
from core.domain.portfolio import Account, TaxTreatment

TAX = {
    TaxTreatment.TAXABLE: "gains are taxed",
    TaxTreatment.TAX_DEFERRED: "taxed when money is taken out",
    TaxTreatment.TAX_FREE: "gains are free of tax",
}


async def run(turn: Turn, words: Words) -> Reaction:
    """Show the accounts."""
    if words.items:
        raise Misunderstood(
            "Accounts cannot be added or changed from the chat in this version; the operator adds "
            "one with “evenkeel connect”.",
            "/accounts",
        )
    managed = (await turn.current(words.slug)).portfolio
    return say(
        note(
            f"{bold(shown_name(managed.portfolio.name))} keeps its money in:",
            *(_account(account) for account in managed.accounts),
            "More than one account for a portfolio is not built yet.",
        )
    )


def _account(account: Account) -> str:
    return "\n".join(
        [
            f"{bold(shown_name(account.name))} · {bold(account_label(account))}",
            f"{account_meaning(account)}, in {account.currency}",
            "you type what it holds (/holdings), and place the orders yourself"
            if is_by_hand(account)
            else f"held at {shown_name(source_label(account.broker))}",
            f"tax: {TAX[account.tax_treatment]}",
        ]
    )


COMMAND = Command("accounts", run, "where the money is", "/accounts")
