"""Sentences for prices that cannot be used, and for a market that is closed or at its end."""

from __future__ import annotations

from bot.words.labels import source_label
from bot.words.numbers import count
from bot.words.price_faults import fault_words
from bot.words.refusals import refusal_sentence
from bot.words.times import clock_time
from core.domain import refusals as r
from core.domain.quote import PriceFault

_say = refusal_sentence.register


@_say
def _(refusal: r.PricesRefused) -> str:
    faults = [fault_words(fault) for fault in refusal.faults if isinstance(fault, PriceFault)]
    estimated = [
        f" Or type its price: /holdings price {fault.symbol} 12.34"
        for fault in refusal.faults
        if isinstance(fault, PriceFault) and fault.like
    ]
    again = f"Try again later.{estimated[0] if estimated else ''}"
    return f"No plan without good prices: {'; '.join(faults)}. {again}"


@_say
def _(refusal: r.PriceSourceDown) -> str:
    wait = "in a few minutes"
    if refusal.retry_after is not None:
        wait = f"in {count(max(round(refusal.retry_after), 1), 'second')}"
    return f"No prices from {source_label(refusal.source)} right now. Try again {wait}."


@_say
def _(refusal: r.MarketClosed) -> str:
    if refusal.opens_at is None:
        return "The exchange is closed. Try again when it is open."
    return f"The exchange is closed until {clock_time(refusal.opens_at)}. Try again then."


@_say
def _(refusal: r.ClocksDisagree) -> str:
    return (
        f"The clock of {source_label(refusal.broker)} and this computer's are {refusal.seconds} seconds"
        " apart, so nothing is sent. Whoever runs me must set this computer's clock."
    )


@_say
def _(refusal: r.ClosedUnexpectedly) -> str:
    return (
        f"{source_label(refusal.broker)} says that the exchange is closed, although it should be open."
        f" It opens again {clock_time(refusal.opens_at)}."
    )


@_say
def _(_refusal: r.NotReplay) -> str:
    return "The date can only be moved in the demo, where the market is a replay."


@_say
def _(_refusal: r.EndOfHistory) -> str:
    return "The replay has reached its last day. Start the demo again to go back."
