"""One short sentence for each reason of a plan that has to do with taxes."""

from __future__ import annotations

from collections.abc import Callable

from bot.words.numbers import money, plain, quantity
from bot.words.times import date_of
from core.domain.plan import Reason, ReasonCode

NO_ADVICE = "This is a calculation, not tax advice."


def _washes(reason: Reason, currency: str) -> str:
    who = f"{reason.symbol}: buying it now" if "weight" not in reason.values else "Buying it now"
    lost = f" of {money(reason.values['amount'], currency)}" if _is_note(reason) else ""
    return f"{who} would undo a loss{lost} for taxes{_until(reason, '; free from ')}."


def _deferred(reason: Reason, _: str) -> str:
    return f"It becomes long-term soon; your policy waits{_until(reason, ' until ')}."


def _has_gained(_: Reason, __: str) -> str:
    return "It has no target, and has gained (or its cost is unknown); your policy keeps it then."


def _gain_budget(_: Reason, __: str) -> str:
    return "Selling it would realise more gain than your budget for the year."


def _substituted(_: Reason, __: str) -> str:
    return "Another fund of the same line is bought instead."


def _loss_washed(reason: Reason, currency: str) -> str:
    washed = money(reason.values["amount"], currency)
    if "lost" in reason.values:
        lost = money(reason.values["lost"], currency)
        return f"{washed} of the losses will not count, {lost} of it ever (retirement account)."
    return f"{washed} of the losses will not count: the same was bought within 30 days."


def _loss_kept(_: Reason, __: str) -> str:
    return "Selling it now would lose money that does not count: the same is bought in this plan."


def _basis_unknown(reason: Reason, currency: str) -> str:
    sold = money(reason.values["amount"], currency)
    return f"Tax unknown: the cost of what is sold for {sold} is not known."


def _harvest(reason: Reason, currency: str) -> str:
    values = reason.values
    terms = {term: values[term] for term in ("short", "long") if values[term]}
    each = (f"{money(amount, currency)} {term}-term" for term, amount in terms.items())
    parts = ", ".join(each if len(terms) > 1 else (f"{term}-term" for term in terms))
    return f"Loss to harvest: {money(values['amount'], currency)}, {parts}."


def _harvested(reason: Reason, currency: str) -> str:
    lost = money(reason.values["amount"], currency)
    return f"These shares have lost {lost}; {reason.symbol} stands in for them."


def _switch_back(reason: Reason, _: str) -> str:
    return f"{reason.symbol} has stood in for 30 days; what was sold can be bought again."


def _switched(reason: Reason, _: str) -> str:
    return f"It has stood in for {reason.symbol}, which is bought again."


def _replaces(reason: Reason, _: str) -> str:
    return f"It takes the place of {reason.symbol}, which is sold with it."


def _no_loss(_: Reason, __: str) -> str:
    return "No lot whose cost is known has lost anything."


def _loss_too_small(reason: Reason, currency: str) -> str:
    least, percent = reason.values["least"], reason.values["percent"]
    parts = [money(least, currency)] if least else []
    parts += [f"{plain(percent)}% of a lot's cost"] if percent else []
    return _lost(reason, currency, f"below your {' and '.join(parts)}" if parts else "too small")


def _lost(reason: Reason, currency: str, why: str) -> str:
    return f"{reason.symbol} −{money(reason.values['amount'], currency)}: {why}."


def _not_taxable(reason: Reason, currency: str) -> str:
    return _lost(reason, currency, "its account is not taxed, so no loss counts")


def _no_tax_rules(reason: Reason, currency: str) -> str:
    return _lost(reason, currency, "no tax rules are set (/tax rules us)")


def _lots_in_front(reason: Reason, currency: str) -> str:
    return _lost(reason, currency, "the broker would sell other lots first")


def _recently_bought(reason: Reason, currency: str) -> str:
    shares = quantity(reason.values["shares"])
    why = f"{shares} bought within 30 days{_until(reason, '; free from ')}"
    return _lost(reason, currency, why)


def _bought_soon(reason: Reason, currency: str) -> str:
    return _lost(reason, currency, "an open plan in the household buys the same")


def _no_substitute(reason: Reason, currency: str) -> str:
    why = f"its line has no substitute (/targets {reason.symbol}|OTHER …)"
    return _lost(reason, currency, why)


def _substitute_barred(reason: Reason, currency: str) -> str:
    why = f"no substitute can be bought now{_until(reason, '; free from ')}"
    if "amount" not in reason.values:
        return (
            f"{reason.symbol}: what it stands in for cannot be bought{_until(reason, ' before ')}."
        )
    return _lost(reason, currency, why)


def _pair_too_small(reason: Reason, currency: str) -> str:
    why = "too small to be sold and bought together"
    return _lost(reason, currency, why) if "amount" in reason.values else f"{reason.symbol}: {why}."


def _saves_too_little(reason: Reason, currency: str) -> str:
    saved, cost = (money(reason.values[name], currency) for name in ("saved", "cost"))
    return _lost(reason, currency, f"worth {saved} in tax, for {cost} of cost")


def _switch_taxed(reason: Reason, currency: str) -> str:
    tax, most = (money(reason.values[name], currency) for name in ("cost", "least"))
    return f"{reason.symbol}: switching back is taxed with {tax}; the loss was worth {most}."


def _term_unknown(reason: Reason, currency: str) -> str:
    amount = money(reason.values["amount"], currency)
    return f"Bought on an unknown day: {amount} counts as short-term if gained, long-term if lost."


def _only_fifo(_: Reason, __: str) -> str:
    return "Sold first in, first out: this broker takes no other order of lots."


def _is_note(reason: Reason) -> bool:
    return "weight" not in reason.values and "amount" in reason.values


def _until(reason: Reason, before: str) -> str:
    return "" if reason.until is None else f"{before}{date_of(reason.until)}"


TAX_SENTENCES: dict[ReasonCode, Callable[[Reason, str], str]] = {
    ReasonCode.WASHES: _washes,
    ReasonCode.DEFERRED: _deferred,
    ReasonCode.HAS_GAINED: _has_gained,
    ReasonCode.GAIN_BUDGET: _gain_budget,
    ReasonCode.LOSS_KEPT: _loss_kept,
    ReasonCode.SUBSTITUTED: _substituted,
    ReasonCode.LOSS_WASHED: _loss_washed,
    ReasonCode.BASIS_UNKNOWN: _basis_unknown,
    ReasonCode.TERM_UNKNOWN: _term_unknown,
    ReasonCode.ONLY_FIFO: _only_fifo,
    ReasonCode.HARVEST: _harvest,
    ReasonCode.HARVESTED: _harvested,
    ReasonCode.SWITCH_BACK: _switch_back,
    ReasonCode.SWITCHED: _switched,
    ReasonCode.REPLACES: _replaces,
    ReasonCode.NO_LOSS: _no_loss,
    ReasonCode.LOSS_TOO_SMALL: _loss_too_small,
    ReasonCode.NOT_TAXABLE: _not_taxable,
    ReasonCode.NO_TAX_RULES: _no_tax_rules,
    ReasonCode.LOTS_IN_FRONT: _lots_in_front,
    ReasonCode.RECENTLY_BOUGHT: _recently_bought,
    ReasonCode.BOUGHT_SOON: _bought_soon,
    ReasonCode.NO_SUBSTITUTE: _no_substitute,
    ReasonCode.SUBSTITUTE_BARRED: _substitute_barred,
    ReasonCode.PAIR_TOO_SMALL: _pair_too_small,
    ReasonCode.SAVES_TOO_LITTLE: _saves_too_little,
    ReasonCode.SWITCH_TAXED: _switch_taxed,
}
"""The sentences by code, each a function of the reason and its currency."""
