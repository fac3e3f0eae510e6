"""Sentences for targets, symbols, amounts and policies that cannot be taken."""

from __future__ import annotations

from decimal import Decimal

from bot.words.labels import capital
from bot.words.numbers import money, plain
from bot.words.refusals import refusal_sentence
from core.domain import refusals as r
from core.domain.money import ZERO

_say = refusal_sentence.register


@_say
def _(refusal: r.BadSymbol) -> str:
    return (
        f"“{refusal.text}” is not a symbol: up to 12 letters, digits, points and dashes,"
        " such as VTI or BRK.B."
    )


@_say
def _(refusal: r.UnknownSymbol) -> str:
    near = f" Did you mean {_either(refusal.suggestions)}?" if refusal.suggestions else ""
    return f"The price source does not know {refusal.symbol}.{near or ' Check how it is spelled.'}"


@_say
def _(refusal: r.CurrencyMismatch) -> str:
    return (
        f"{capital(refusal.subject)} is in {refusal.currency}; this portfolio takes"
        f" {refusal.expected} only."
    )


@_say
def _(refusal: r.BadNumber) -> str:
    wrong = f"“{refusal.text}” is not right for {refusal.field}"
    if refusal.correction is not None:
        return f"{wrong}. Use a point as decimal sign, and no commas: {refusal.correction}"
    return f"{wrong}: expected {refusal.expected}."


@_say
def _(refusal: r.BadWeight) -> str:
    return f"{refusal.symbol} {_exact(refusal.weight)}: a target is a percentage from 0 to 100."


@_say
def _(refusal: r.BadAssetClass) -> str:
    return (
        f"{refusal.text} is no asset class. Write a word of up to 20 letters and _, such as"
        " bonds or stocks_us."
    )


@_say
def _(refusal: r.DuplicateTarget) -> str:
    return f"{refusal.symbol} is named twice. Name each symbol once, with its whole percentage."


@_say
def _(refusal: r.TargetsDoNotSum) -> str:
    by = _exact(abs(refusal.difference))
    side = "short of" if refusal.difference > ZERO else "more than"
    return (
        f"The targets add up to {_exact(refusal.total)}%, {by} {side} 100."
        " Example: /targets VTI 60 BND 40"
    )


@_say
def _(_refusal: r.NoTargets) -> str:
    return "There are no targets yet. Example: /targets VTI 60 BND 40"


@_say
def _(refusal: r.TooManyTargets) -> str:
    return f"{refusal.count} lines are too many: a portfolio has at most {refusal.limit}."


@_say
def _(refusal: r.UnknownPolicyName) -> str:
    near = f" Did you mean {_either(refusal.suggestions)}?" if refusal.suggestions else ""
    return f"There is no setting “{refusal.name}”.{near} /policy shows them all."


@_say
def _(refusal: r.BadPolicyValue) -> str:
    return f"{refusal.name} cannot be “{refusal.value}”: expected {refusal.expected}."


@_say
def _(refusal: r.CannotRaise) -> str:
    missing = money(refusal.missing, refusal.currency)
    if refusal.most <= ZERO:
        return f"No sale that your policy permits raises this money: {missing} is missing."
    most = money(refusal.most, refusal.currency)
    return f"At most {most} can be taken out: the sales that your policy permits leave {missing} missing."


@_say
def _(refusal: r.NegativeTotal) -> str:
    if refusal.total == ZERO:
        return (
            "The account is worth nothing yet. Put in some cash first (paper money: /deposit 1000)."
        )
    return (
        f"The account is worth {money(refusal.total)}, and percentages of that mean nothing."
        " Bring it above zero first."
    )


def _either(suggestions: tuple[str, ...]) -> str:
    return " or ".join(suggestions)


def _exact(value: Decimal) -> str:
    """A percentage with all its digits, so that a difference of 0.01 shows."""
    return plain(value)
