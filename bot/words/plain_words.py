"""Plain words: what is said to who reads without the trade's terms, in parts of every hundred of their own money."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bot.words.numbers import money, tenths
from core.domain.drift import DriftLine, DriftReport
from core.domain.instrument import CASH
from core.domain.money import ZERO
from core.domain.order import OrderState
from core.domain.plan import Realised, Reason, ReasonCode
from core.domain.portfolio import Rung

_UNITS = {"USD": "dollars", "EUR": "euros", "GBP": "pounds", "CHF": "francs"}
_TENTH = Decimal("0.1")

HOW_REAL: Mapping[Rung, str] = {
    Rung.SIMULATED: "play money",
    Rung.BROKER_PAPER: "play money",
    Rung.DRY_RUN: "real account, nothing is sent",
    Rung.LIVE_CAPPED: "REAL MONEY",
    Rung.LIVE: "REAL MONEY",
}
"""How real an account is, where its label would be a term."""

PLAIN_STATES: Mapping[OrderState, str] = {
    OrderState.PARTIALLY_FILLED: "still under way",
    OrderState.FILLED: "done",
    OrderState.CANCELLED: "not done",
    OrderState.EXPIRED: "not done in time",
}
"""Where an order is that a broker carries out, where its label would be a term."""


def of_hundred(weight: Decimal) -> str:
    """A weight in percent as a part of a hundred, without a needless decimal: ``60``, ``66.6``."""
    shown = tenths(weight)
    is_whole = weight.quantize(_TENTH) == weight.quantize(Decimal(1))
    return shown[:-2] if is_whole else shown


def a_hundred(currency: str) -> str:
    """What weights are parts of: ``of every 100 dollars``."""
    return f"of every 100 {_UNITS.get(currency, currency)}"


def called(symbol: str) -> str:
    """What a line is called in the middle of a sentence."""
    return "cash" if symbol == CASH else symbol


def furthest(drift: DriftReport) -> DriftLine | None:
    """The line that says most about how a portfolio stands: the furthest that is too far, else the furthest."""
    if drift.breached:
        return drift.breached[0]
    return max(drift.lines, key=lambda line: abs(line.drift), default=None)


def how_it_stands(line: DriftLine, currency: str, *, is_over: bool = False) -> str:
    """A line in the reader's own numbers: what was wanted, and what it is, or (``is_over``) was."""
    wanted = f"You wanted {of_hundred(line.target)} {a_hundred(currency)} in {called(line.symbol)}"
    now = of_hundred(line.weight)
    if now == of_hundred(line.target):
        return f"{wanted}, and that is what is there."
    it_is = f"it was {now}" if is_over else f"it is {now} now"
    return f"{wanted}; {it_is}{'' if line.breached else ', which is close enough'}."


def what_helps(line: DriftLine) -> str:
    """What brings a line back that is too far away; what would, where it is near."""
    is_over, is_cash = line.drift > ZERO, line.symbol == CASH
    if not line.breached:
        return (
            "Prices move it every day; when a part gets too far away, selling some of what is ahead and buying "
            "what is behind brings it back."
        )
    if is_cash:
        way = "Buying what is behind" if is_over else "Selling some of what is ahead"
        return f"{way} brings it back."
    if is_over:
        return "Selling some and buying what is behind brings it back."
    return "Selling some of what is ahead and buying more of it brings it back."


def two_sentences(drift: DriftReport, currency: str, *, is_over: bool = False) -> str:
    """What happened and what is done about it, in the reader's own numbers; empty without lines."""
    line = furthest(drift)
    if line is None:
        return ""
    return f"{how_it_stands(line, currency, is_over=is_over)} {what_helps(line)}"


def out_of_place(drift: Decimal, currency: str) -> str:
    """A portfolio's drift (in points) as what it is: how much of every hundred is not where it was wanted."""
    if drift < _TENTH:
        return "Everything is where you wanted it."
    amount = a_hundred(currency).capitalize()
    return f"{amount}, {of_hundred(drift)} are not where you wanted them."


def plain_gain(realised: Realised, currency: str) -> str:
    """What sales gain or lose, and what that may cost in tax."""
    gain = realised.short_gain + realised.long_gain
    result = "less" if gain < ZERO else "more"
    text = "The sales bring what was paid"
    if gain:
        text = f"The sales bring about {money(abs(gain), currency)} {result} than was paid"
    if realised.tax is None:
        text += "; what tax that costs is not known"
    elif realised.tax > ZERO:
        text += f"; that may cost about {money(realised.tax, currency)} in tax"
    elif realised.tax < ZERO:
        text += f"; that may save about {money(-realised.tax, currency)} in tax"
    return f"{realised.owner}: {text}." if realised.owner else f"{text}."


def plain_reason(reason: Reason, currency: str) -> str:
    """Why a plan is made, a line is traded, or left alone; its amounts where they matter."""
    values = {
        name: money(reason.values[name], currency)
        for name in ("amount", "missing", "cost", "lost")
        if name in reason.values
    }
    symbol = "it" if reason.symbol is None else called(reason.symbol)
    sentence = SENTENCES[reason.code].format_map(_Known(values, symbol=symbol))
    if reason.code is ReasonCode.LOSS_WASHED and "lost" in values:
        return f"{sentence} {values['lost']} of it never will."
    return sentence


class _Known(dict[str, str]):
    """The words of a sentence; an amount that is not known is called so."""

    def __missing__(self, name: str) -> str:
        return "some money" if name != "missing" else "more money"


SENTENCES: Mapping[ReasonCode, str] = {
    ReasonCode.BAND_BREACHED: "One part is too far from what you wanted.",
    ReasonCode.PORTFOLIO_DRIFTED: "All parts together are too far from what you wanted.",
    ReasonCode.DATE_DUE: "The day on which everything is put straight has come.",
    ReasonCode.FORCED: "You asked for everything to be put straight now.",
    ReasonCode.CASH_EXCESS: "There is more cash than you wanted, so nothing is sold.",
    ReasonCode.WITHDRAWAL: "{missing} must be raised by selling, to take out {amount}.",
    ReasonCode.CASH_SUFFICES: "There is enough cash to take out {amount}: nothing is sold.",
    ReasonCode.ON_TARGET: "It is close enough to what you wanted.",
    ReasonCode.OVER_TARGET: "There is more of it than you wanted.",
    ReasonCode.UNDER_TARGET: "There is less of it than you wanted.",
    ReasonCode.KEPT_HERE: "It is kept in this account, where it belongs.",
    ReasonCode.NO_TARGET: "You did not want any of it.",
    ReasonCode.RAISE_CASH: "It is sold because the money is needed.",
    ReasonCode.BELOW_MIN_TRADE: "What is missing is too little to be worth an order.",
    ReasonCode.LESS_THAN_ONE_SHARE: "What is missing is less than one share.",
    ReasonCode.NO_CASH: "There is not enough cash to buy it.",
    ReasonCode.BUY_ONLY: "This plan only buys.",
    ReasonCode.SELL_ONLY: "This plan only sells.",
    ReasonCode.DO_NOT_SELL: "Your settings say that it is never sold.",
    ReasonCode.UNSETTLED: "It was bought just now and cannot be sold before the next trading day.",
    ReasonCode.NOT_TRADABLE: "It cannot be bought or sold at the moment.",
    ReasonCode.DO_NOT_BUY: "Your settings say that it is never bought.",
    ReasonCode.AT_GOAL: "It is where it should be.",
    ReasonCode.CAPPED: "It was left out of this plan.",
    ReasonCode.KEPT_OUTSIDE: "It does not belong to the plan; it is kept and not counted.",
    ReasonCode.SUBSTITUTED: "Something that stands in for it is bought instead.",
    ReasonCode.WASHES: "Buying {symbol} now would make a loss not count for taxes.",
    ReasonCode.DEFERRED: "Waiting a little lowers the tax on it.",
    ReasonCode.HAS_GAINED: "It is worth more than was paid for it, so your settings keep it.",
    ReasonCode.GAIN_BUDGET: "Selling it would mean more taxed gains than you want this year.",
    ReasonCode.LOSS_KEPT: "Selling it now would lose money without lowering taxes.",
    ReasonCode.NOT_WORTH_IT: "Doing something now would cost {cost}: too much for what it brings.",
    ReasonCode.BELOW_RESERVE: "You wanted to keep {amount} in cash; that is not possible.",
    ReasonCode.LOSS_WASHED: "{amount} of the losses will not count for taxes.",
    ReasonCode.BASIS_UNKNOWN: "What was paid for {amount} of what is sold is not known, so the tax is not either.",
    ReasonCode.TERM_UNKNOWN: "When {amount} of what is sold was bought is not known; the tax assumes the worse.",
    ReasonCode.ONLY_FIFO: "The shares that were bought first are sold first.",
    ReasonCode.HARVEST: "Some shares are worth {amount} less than was paid; selling them can lower taxes.",
    ReasonCode.HARVESTED: "These shares are worth {amount} less than was paid; {symbol} takes their place.",
    ReasonCode.SWITCH_BACK: "{symbol} stood in long enough; what was sold can be bought again.",
    ReasonCode.SWITCHED: "It stood in for {symbol}, which is bought again.",
    ReasonCode.REPLACES: "It takes the place of {symbol}, which is sold.",
    ReasonCode.NO_LOSS: "Nothing is worth less than was paid for it.",
    ReasonCode.LOSS_TOO_SMALL: "What it lost is too little to be worth an order.",
    ReasonCode.NOT_TAXABLE: "Its account is not taxed, so its loss changes nothing.",
    ReasonCode.NO_TAX_RULES: "I do not know by which rules it is taxed.",
    ReasonCode.LOTS_IN_FRONT: "The broker would sell other shares first.",
    ReasonCode.RECENTLY_BOUGHT: "Some of it was bought too short a time ago.",
    ReasonCode.BOUGHT_SOON: "Another plan of the household buys the same.",
    ReasonCode.NO_SUBSTITUTE: "There is nothing that could stand in for it.",
    ReasonCode.SUBSTITUTE_BARRED: "What could stand in for it cannot be bought now.",
    ReasonCode.PAIR_TOO_SMALL: "It is too little to be sold and bought together.",
    ReasonCode.SAVES_TOO_LITTLE: "It would save less in tax than it costs.",
    ReasonCode.SWITCH_TAXED: "Changing back would cost more in tax than it saved.",
    ReasonCode.NOTHING_HELPS: "Nothing that your settings allow would bring it closer.",
}
"""A sentence for each reason; ``{amount}``, ``{missing}``, ``{cost}`` and ``{symbol}`` are filled in."""
