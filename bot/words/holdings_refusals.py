"""Sentences for cash that is not there or cannot be moved, and for holdings that cannot be taken."""

from __future__ import annotations

from bot.words.labels import capital, source_label
from bot.words.numbers import count, listed, money, plain
from bot.words.price_faults import fault_words
from bot.words.refusals import refusal_sentence
from core.domain import refusals as r
from core.domain.portfolio import slug_of
from core.domain.quote import PriceFault

_say = refusal_sentence.register


@_say
def _(refusal: r.NotEnoughCash) -> str:
    asked = money(refusal.asked, refusal.currency)
    there = money(refusal.available, refusal.currency)
    return f"{asked} is more than the cash in the account, which is {there}."


@_say
def _(refusal: r.StillSetAside) -> str:
    amount = money(refusal.amount, refusal.currency)
    return (
        f"{amount} is still set aside from the time before: say in /status that it is out, or "
        "that it stays invested, then ask again."
    )


@_say
def _(_: r.NothingSetAside) -> str:
    return "That money is not set aside any more: /status shows how things are."


@_say
def _(refusal: r.WhichAccount) -> str:
    each = [f"#{slug_of(name)} ({name})" for name in refusal.names]
    return f"Which account do you mean? Add it as the last word: {' or '.join(each)}."


@_say
def _(refusal: r.UnknownAccount) -> str:
    known = f" It has {listed(list(refusal.known))}." if refusal.known else ""
    return f"This portfolio has no account “{refusal.text}”.{known} /accounts shows them."


@_say
def _(refusal: r.AccountNameTaken) -> str:
    return f"There is an account named “{refusal.name}” already. Choose another name."


@_say
def _(refusal: r.TooManyAccounts) -> str:
    return f"A portfolio has at most {refusal.limit} accounts."


@_say
def _(refusal: r.NoCashTransfers) -> str:
    return (
        f"Cash cannot be moved through {source_label(refusal.broker)} from here."
        " Move it at the broker; the next check will see it."
    )


@_say
def _(_refusal: r.EmptyAccount) -> str:
    return "The account is empty. Put in some cash first (paper money: /deposit 1000)."


@_say
def _(refusal: r.BrokerDown) -> str:
    return f"No answer from {source_label(refusal.broker)} right now. Try again in a few minutes."


@_say
def _(refusal: r.HoldingsOld) -> str:
    return (
        f"These holdings were typed or confirmed {count(refusal.age_days, 'day')} ago, too long ago for a"
        " plan. Are they still right? /holdings shows them."
    )


@_say
def _(refusal: r.NotKeptByHand) -> str:
    return (
        f"{capital(source_label(refusal.broker))} says itself what this account holds. You can"
        " type what shares of it have cost: /holdings VTI 12 @ 210.10 2021-03-04"
    )


@_say
def _(refusal: r.BadProxy) -> str:
    what = f"{refusal.symbol} cannot move like {refusal.proxy}"
    instead = "Name a fund that is quoted every day, such as VTI, or leave the proxy out."
    if isinstance(refusal.fault, PriceFault):
        return f"{what}: {fault_words(refusal.fault)}. {instead}"
    return f"{what}, which has no quote of its own. {instead}"


@_say
def _(refusal: r.ChecklistOpen) -> str:
    lines = count(refusal.count, "order")
    verb = "has" if refusal.count == 1 else "have"
    return (
        f"{lines} on your checklist {verb} no answer yet. Answer there first, so that nothing is"
        " counted twice: /proposals"
    )


@_say
def _(refusal: r.ChecklistClosed) -> str:
    return (
        f"The checklist of proposal {refusal.proposal} is closed. If you traded after all, say what"
        " you hold now. Example: /holdings VTI 112"
    )


@_say
def _(refusal: r.UnreadableFile) -> str:
    return "This cannot be used, and nothing was changed. " + " ".join(refusal.faults)


@_say
def _(refusal: r.UnknownLot) -> str:
    there = f" It has {listed(list(refusal.known))}." if refusal.known else " It has none by name."
    return f"{refusal.symbol} has no lot “{refusal.name}”.{there}"


@_say
def _(refusal: r.LotsBeyondHeld) -> str:
    held = f"{plain(refusal.held)} {'share' if refusal.held == 1 else 'shares'}"
    return (
        f"These lots of {refusal.symbol} come to {plain(refusal.typed)}, but the account holds {held}."
        " Type lots of at most what is held."
    )


@_say
def _(refusal: r.InTwoGroups) -> str:
    return (
        f"{refusal.symbol} stands in two groups of equal securities. Name each symbol in one group"
        " only."
    )
