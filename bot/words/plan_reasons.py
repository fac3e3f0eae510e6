"""One short sentence for each typed reason of a plan, a trade, or a line that is left alone."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from bot.words.numbers import money, plain, small_drift, tenths
from bot.words.tax_reasons import TAX_SENTENCES
from core.domain.instrument import CASH
from core.domain.money import ZERO
from core.domain.plan import Reason, ReasonCode

_HUNDREDTH = Decimal("0.01")


def reason_sentence(reason: Reason, currency: str = "USD") -> str:
    """Say why, in plain text: of a plan with its symbol, of a line without it."""
    return _SENTENCES[reason.code](reason, currency)


def _band_breached(reason: Reason, _: str) -> str:
    who = "Cash" if reason.symbol == CASH else reason.symbol
    return f"{who} is {_drifted(reason)} its target; your band is {_band(reason)}."


def _portfolio_drifted(reason: Reason, _: str) -> str:
    drift = small_drift(reason.values["drift"])
    return f"The portfolio's drift is {drift} points; your band for it is {_band(reason)}."


def _date_due(reason: Reason, _: str) -> str:
    return f"The date in your calendar has come; the drift is {_overall(reason)} points."


def _forced(reason: Reason, _: str) -> str:
    return f"You asked for a plan within the bands; the drift is {_overall(reason)} points."


def _cash_excess(reason: Reason, _: str) -> str:
    if reason.symbol not in {None, CASH}:
        return "Only cash is beyond its band, so nothing is sold."
    return _band_breached(reason, "")


def _withdrawal(reason: Reason, currency: str) -> str:
    missing = money(reason.values["missing"], currency)
    return f"{missing} must be raised, to take out {_amount(reason, currency)}."


def _cash_suffices(reason: Reason, currency: str) -> str:
    return f"Cash is enough to take out {_amount(reason, currency)}: nothing is sold."


def _not_worth_it(reason: Reason, currency: str) -> str:
    cost = money(reason.values["cost"], currency)
    brings = f"Not worth it: {_amount(reason, currency)} less drift for {cost} of cost"
    if (worth := reason.values["worth"]) == 1:
        return f"{brings}."
    return f"{brings}; your policy asks for {plain(worth)} times the cost."


def _below_reserve(reason: Reason, currency: str) -> str:
    return f"The cash reserve of {_amount(reason, currency)} cannot be kept."


def _on_target(reason: Reason, _: str) -> str:
    if reason.symbol is not None:
        return f"{_sentence_case(_drifted(reason))} its target{_within(reason)}."
    return f"On target: every line is inside its band, and the drift is {_overall(reason)} points."


def _nothing_helps(reason: Reason, _: str) -> str:
    if "amount" in reason.values:
        return "Trading it would not bring the portfolio closer to its goals."
    if "band" not in reason.values:
        return "No trade that your policy permits would bring the portfolio closer to its targets."
    who = "Cash" if reason.symbol == CASH else reason.symbol or "The portfolio"
    return f"{who} is beyond its band, but no trade that your policy permits would help."


def _away(reason: Reason, _: str) -> str:
    drift = reason.values["drift"]
    if (drift > ZERO) is (reason.code is ReasonCode.OVER_TARGET) and drift != ZERO:
        return f"{_sentence_case(_drifted(reason))} its target of {_percent(reason, 'target')}."
    return f"To its goal of {_percent(reason, 'goal')}."


def _kept_here(reason: Reason, _: str) -> str:
    return f"{_sentence_case(_drifted(reason))} its target; its class is kept in this account."


def _no_target(_: Reason, __: str) -> str:
    return "It has no target, and your policy sells what has none."


def _raise_cash(_: Reason, __: str) -> str:
    return "Sold to raise cash."


def _below_min_trade(reason: Reason, currency: str) -> str:
    least = money(reason.values["min_trade"], currency)
    return f"{_amount(reason, currency)} from its goal; your minimum trade is {least}."


def _less_than_one_share(reason: Reason, currency: str) -> str:
    price = money(reason.values["price"], currency)
    return f"{_amount(reason, currency)} from its goal; one share is {price}."


def _no_cash(reason: Reason, currency: str) -> str:
    missing = money(reason.values["missing"], currency)
    return f"Not enough cash: {missing} more is needed for a purchase."


def _at_goal(_: Reason, __: str) -> str:
    return "At its goal."


def _kept_outside(_: Reason, __: str) -> str:
    return "It has no target; it is kept and not counted."


def _fixed(text: str) -> Callable[[Reason, str], str]:
    def sentence(_: Reason, __: str) -> str:
        return text

    return sentence


_SENTENCES: dict[ReasonCode, Callable[[Reason, str], str]] = {
    ReasonCode.BAND_BREACHED: _band_breached,
    ReasonCode.PORTFOLIO_DRIFTED: _portfolio_drifted,
    ReasonCode.DATE_DUE: _date_due,
    ReasonCode.FORCED: _forced,
    ReasonCode.CASH_EXCESS: _cash_excess,
    ReasonCode.WITHDRAWAL: _withdrawal,
    ReasonCode.CASH_SUFFICES: _cash_suffices,
    ReasonCode.NOT_WORTH_IT: _not_worth_it,
    ReasonCode.BELOW_RESERVE: _below_reserve,
    ReasonCode.ON_TARGET: _on_target,
    ReasonCode.OVER_TARGET: _away,
    ReasonCode.UNDER_TARGET: _away,
    ReasonCode.KEPT_HERE: _kept_here,
    ReasonCode.NO_TARGET: _no_target,
    ReasonCode.RAISE_CASH: _raise_cash,
    ReasonCode.BELOW_MIN_TRADE: _below_min_trade,
    ReasonCode.LESS_THAN_ONE_SHARE: _less_than_one_share,
    ReasonCode.NO_CASH: _no_cash,
    ReasonCode.BUY_ONLY: _fixed("This plan only buys."),
    ReasonCode.SELL_ONLY: _fixed("This plan only sells."),
    ReasonCode.DO_NOT_SELL: _fixed("Your policy never sells it."),
    ReasonCode.NOT_TRADABLE: _fixed("The broker does not trade it now."),
    ReasonCode.UNSETTLED: _fixed(
        "Bought with money that settles next trading day: not sold before."
    ),
    ReasonCode.DO_NOT_BUY: _fixed("Your policy never buys it."),
    ReasonCode.AT_GOAL: _at_goal,
    ReasonCode.CAPPED: _fixed("It was left out of this plan."),
    ReasonCode.KEPT_OUTSIDE: _kept_outside,
    ReasonCode.NOTHING_HELPS: _nothing_helps,
    **TAX_SENTENCES,
}


def _drifted(reason: Reason) -> str:
    drift = reason.values["drift"]
    if drift == ZERO:
        return "exactly at"
    return f"{small_drift(abs(drift))} points {'over' if drift > ZERO else 'under'}"


def _overall(reason: Reason) -> str:
    return small_drift(reason.values["drift"])


def _band(reason: Reason) -> str:
    return plain(reason.values["band"].quantize(_HUNDREDTH))


def _within(reason: Reason) -> str:
    return f", inside its band of {_band(reason)}" if "band" in reason.values else ""


def _percent(reason: Reason, name: str) -> str:
    return f"{tenths(reason.values[name])}%"


def _amount(reason: Reason, currency: str) -> str:
    return money(reason.values["amount"], currency)


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]
