"""One sentence for each refusal: what was wrong, and what to do or type instead."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import singledispatch

from bot.words.labels import capital, source_label
from bot.words.numbers import count, listed, money, plain
from bot.words.times import age, clock_time
from core.domain import refusals as r
from core.domain.money import ZERO
from core.domain.quote import PriceFault, PriceFaultKind


@singledispatch
def refusal_sentence(refusal: r.Refusal) -> str:
    """Say in plain text what was refused, why, and what would work."""
    return f"That is not possible ({type(refusal).__name__})."


_say = refusal_sentence.register


# --- targets, symbols, amounts -------------------------------------------------------------------


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
        return "The account is worth nothing yet. Put in some cash first: /deposit 1000"
    return (
        f"The account is worth {money(refusal.total)}, and percentages of that mean nothing."
        " Bring it above zero first."
    )


# --- people and permission -----------------------------------------------------------------------


@_say
def _(refusal: r.NotAMember) -> str:
    return (
        "Sorry, I only talk to invited people."
        f" Your id is {refusal.user_id}: give it to the owner, and ask for an invitation."
    )


@_say
def _(refusal: r.NotAllowed) -> str:
    needed = _a(refusal.needed)
    if refusal.role is None:
        return f"Only {needed} of this portfolio may {refusal.action}."
    return (
        f"To {refusal.action} takes {needed}; you are {_a(refusal.role)} here."
        " An owner can change your role."
    )


@_say
def _(refusal: r.UnknownPortfolio) -> str:
    known = listed([f"@{slug}" for slug in refusal.known])
    yours = f" Yours: {known}." if known else ""
    if not refusal.slug:
        return f"You have no such portfolio.{yours}"
    return f"You have no portfolio @{refusal.slug}.{yours}"


@_say
def _(_refusal: r.NoPortfolio) -> str:
    return "You have no portfolio yet. Make one: /new Family"


@_say
def _(refusal: r.NameTaken) -> str:
    return f"There is a portfolio named “{refusal.name}” already. Choose another name."


@_say
def _(refusal: r.BadName) -> str:
    if not refusal.text.strip():
        return "A name is missing. Example: /new Family"
    return (
        f"That name cannot be used: one line of at most {refusal.limit} ordinary characters."
        " Example: /new Family"
    )


@_say
def _(refusal: r.UnknownRole) -> str:
    return (
        f"“{refusal.text}” is not a role. Roles: viewer, proposer, approver, owner."
        " Example: /invite approver"
    )


@_say
def _(_refusal: r.BadInvitation) -> str:
    return "This invitation was used already or is too old. Ask the owner for a new one."


@_say
def _(refusal: r.UnknownMember) -> str:
    return f"“{refusal.text}” is not a member of this portfolio. /members shows who is."


@_say
def _(_refusal: r.LastOwner) -> str:
    return "A portfolio needs an owner. Make somebody else an owner first: /members"


# --- market and prices ---------------------------------------------------------------------------


@_say
def _(refusal: r.PricesRefused) -> str:
    faults = [_fault_words(fault) for fault in refusal.faults if isinstance(fault, PriceFault)]
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


# --- cash and holdings ---------------------------------------------------------------------------


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
def _(refusal: r.NoCashTransfers) -> str:
    return (
        f"Cash cannot be moved through {source_label(refusal.broker)} from here."
        " Move it at the broker; the next check will see it."
    )


@_say
def _(_refusal: r.EmptyAccount) -> str:
    return "The account is empty. Put in some cash first: /deposit 1000"


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
        f"{capital(source_label(refusal.broker))} says itself what this account holds, so nothing is"
        " typed here. /status shows it."
    )


@_say
def _(refusal: r.BadProxy) -> str:
    what = f"{refusal.symbol} cannot move like {refusal.proxy}"
    instead = "Name a fund that is quoted every day, such as VTI, or leave the proxy out."
    if isinstance(refusal.fault, PriceFault):
        return f"{what}: {_fault_words(refusal.fault)}. {instead}"
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
def _(refusal: r.UnknownAssets) -> str:
    names = listed(list(refusal.symbols))
    return f"The broker does not trade {names}. Choose others: /targets VTI 60 BND 40"


@_say
def _(refusal: r.UnknownLot) -> str:
    there = f" It has {listed(list(refusal.known))}." if refusal.known else " It has none by name."
    return f"{refusal.symbol} has no lot “{refusal.name}”.{there}"


@_say
def _(refusal: r.LotsTooFew) -> str:
    verb = "has" if len(refusal.names) == 1 else "have"
    shares = "share" if refusal.available == 1 else "shares"
    return (
        f"{listed(list(refusal.names))} of {refusal.symbol} {verb} {plain(refusal.available)} {shares},"
        f" fewer than the {plain(refusal.asked)} to be sold. Name more lots."
    )


@_say
def _(refusal: r.InTwoGroups) -> str:
    return (
        f"{refusal.symbol} stands in two groups of equal securities. Name each symbol in one group"
        " only."
    )


# --- state machines and the host -----------------------------------------------------------------


@_say
def _(refusal: r.IllegalMove) -> str:
    return (
        f"This {refusal.machine} cannot go from {refusal.from_state} to {refusal.to_state}."
        " Somebody may have been quicker: look at it again."
    )


@_say
def _(_refusal: r.PlanFailed) -> str:
    return "The plan could not be calculated. Nothing was traded; the bot's log says why."


@_say
def _(refusal: r.NotBuiltYet) -> str:
    return f"{capital(refusal.what)} is not built yet."


# --- parts of sentences --------------------------------------------------------------------------


def _fault_words(fault: PriceFault) -> str:
    like = f", moved like {fault.like}," if fault.like else ""
    return f"{fault.symbol}{like} {_fault_of_kind(fault)}"


def _fault_of_kind(fault: PriceFault) -> str:
    price = "?" if fault.price is None else plain(fault.price)
    old = "" if fault.age_seconds is None else f" ({age(timedelta(seconds=fault.age_seconds))})"
    close = "?" if fault.last_close is None else plain(fault.last_close)
    detail = f" ({fault.detail})" if fault.detail else ""
    return {
        PriceFaultKind.MISSING: "has no price",
        PriceFaultKind.NOT_A_NUMBER: "came without a number for its price",
        PriceFaultKind.NOT_POSITIVE: f"has the price {price}, which cannot be",
        PriceFaultKind.STALE: f"has a price that is too old{old}",
        PriceFaultKind.JUMP: f"went from {close} to {price}, {_of_jump(fault)}",
        PriceFaultKind.DISAGREE: f"costs {price} here, but {close} at {fault.detail}",
        PriceFaultKind.CURRENCY: f"is priced in another currency{detail}",
        PriceFaultKind.SOURCE: f"got no price from the source{detail}",
    }[fault.kind]


def _of_jump(fault: PriceFault) -> str:
    new, colon, old = fault.detail.partition(":")
    if not colon:
        return "too far to believe unseen"
    return f"which looks like a split ({new} for {old}) that the holdings do not show yet"


def _either(suggestions: tuple[str, ...]) -> str:
    return " or ".join(suggestions)


def _exact(value: Decimal) -> str:
    """A percentage with all its digits, so that a difference of 0.01 shows."""
    return plain(value)


def _a(role: str) -> str:
    return f"{'an' if role[:1] in 'aeiou' else 'a'} {role}"
