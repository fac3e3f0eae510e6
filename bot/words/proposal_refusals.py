"""Sentences for refusals about proposals, their orders, and what may be sent."""

from __future__ import annotations

from bot.words.holds import HOLD_REASONS, hint
from bot.words.labels import PROPOSAL_STATES, proposal_number, source_label
from bot.words.numbers import count, listed, plain, quantity
from bot.words.refusals import refusal_sentence
from bot.words.times import clock_time
from core.domain import refusals as r
from core.domain.hold import HoldReason
from core.domain.ladder import Barrier
from core.domain.portfolio import Rung
from core.domain.proposal import ProposalState

_say = refusal_sentence.register


@_say
def _(refusal: r.UnknownProposal) -> str:
    return f"There is no proposal {refusal.number}. /proposals shows what is open."


@_say
def _(refusal: r.OldRevision) -> str:
    return (
        f"Proposal {refusal.proposal} has changed since: look at the newer version"
        f" ({proposal_number(refusal.proposal, refusal.current)}) before you decide."
    )


@_say
def _(refusal: r.ProposalNotOpen) -> str:
    state = _state_words(refusal.state)
    who = (refusal.decided_by, clock_time(refusal.decided_at) if refusal.decided_at else None)
    by = ", ".join(filter(None, who))
    last = f" Last decision: {by}. This tap changed nothing." if by else ""
    return f"Proposal {refusal.proposal} is no longer open: {state}.{last}"


@_say
def _(refusal: r.NothingSold) -> str:
    return (
        f"Proposal {refusal.proposal} did not end with purchases missing after its sales:"
        " there is nothing to decide."
    )


@_say
def _(refusal: r.AfterSaleDecided) -> str:
    what = "left the money in cash" if refusal.stays_in_cash else "had the purchases planned again"
    return f"{refusal.decided_by} has decided this already ({clock_time(refusal.decided_at)}), and {what}."


@_say
def _(refusal: r.TooLateToCancel) -> str:
    return (
        f"Too late: proposal {refusal.proposal} is {_state_words(refusal.state)}, so its orders"
        " cannot be taken back. /pause stops what has not been sent."
    )


@_say
def _(refusal: r.ProposalExpired) -> str:
    return (
        f"Proposal {refusal.proposal} expired {clock_time(refusal.expired_at)}."
        " Ask for a new one: /rebalance"
    )


@_say
def _(refusal: r.EndsBeforeOpen) -> str:
    return (
        f"Proposal {refusal.proposal} ends {clock_time(refusal.ends_at)}, before the exchange opens again."
        " Approve it now, or let it end: the next check looks anew."
    )


@_say
def _(refusal: r.EndsBeforeSending) -> str:
    return (
        f"Proposal {refusal.proposal} ends {clock_time(refusal.ends_at)}, and its orders could go only"
        f" {clock_time(refusal.sends_at)}. Let it end, and ask for a new one then: /rebalance"
    )


@_say
def _(refusal: r.AlreadyApproved) -> str:
    return (
        f"You have approved proposal {refusal.proposal} already."
        " It waits for somebody else's approval."
    )


@_say
def _(refusal: r.NotApproved) -> str:
    return (
        f"There is no approval of yours to take back: you have not approved proposal {refusal.proposal}"
        " as it is now."
    )


@_say
def _(refusal: r.UnknownLeg) -> str:
    return f"Proposal {refusal.proposal} has no line {refusal.leg}. Look at it again: /proposals"


@_say
def _(refusal: r.LotsNotChosen) -> str:
    return f"No lots can be chosen for this trade of {refusal.symbol}: its broker or the plan says which."


@_say
def _(refusal: r.CannotEnlarge) -> str:
    return (
        f"Line {refusal.leg} can only shrink: {quantity(refusal.asked)} is more than the"
        f" {quantity(refusal.proposed)} proposed."
    )


@_say
def _(_refusal: r.NothingLeft) -> str:
    return "Without that line nothing would be traded. To trade nothing, tap Reject."


@_say
def _(_refusal: r.NothingToBuyWith) -> str:
    return "Without sales there is not enough cash to buy anything. Put some in first (paper money: /deposit 500)."


@_say
def _(refusal: r.AccountInUse) -> str:
    return (
        f"The {source_label(refusal.broker)} account belongs to another portfolio already, and can only belong to "
        "one. For a portfolio kept by hand: /new Name by hand"
    )


@_say
def _(refusal: r.ClaimContradicted) -> str:
    if refusal.is_there:
        return f"The broker has the {refusal.symbol} order after all, so its answer was taken over."
    return (
        f"The broker says that it does not have the {refusal.symbol} order, so nothing was changed."
        " If its app shows the order, check again in a minute."
    )


@_say
def _(refusal: r.ClaimBelied) -> str:
    shares = f"{quantity(refusal.shares)} {refusal.symbol}"
    what = f"{shares} fewer" if refusal.is_sale else f"{shares} more"
    return (
        f"The broker does not find the order, but the account holds {what} than it would without it:"
        " it seems to have been carried out. Nothing was changed."
    )


@_say
def _(refusal: r.StillAtWork) -> str:
    return (
        f"Proposal {refusal.proposal} is being worked on right now, so nothing was changed. Look at it"
        " again in a minute: /proposals"
    )


@_say
def _(refusal: r.NothingInDoubt) -> str:
    return (
        f"That order of proposal {refusal.proposal} is not in doubt any more, so nothing was changed."
        " /orders shows what became of it."
    )


@_say
def _(refusal: r.PortfolioPaused) -> str:
    return f"{refusal.name} is paused, so nothing is sent. /resume starts it again."


_BARRIERS = {
    Barrier.LIVE_KEY_ON_PAPER_RUNG: (
        "The keys open a real-money account, but this one is marked as paper: nothing is sent."
        " The operator puts the paper keys back; the real account gets a portfolio of its own,"
        " which starts as a dry run."
    ),
    Barrier.PAPER_KEY_ON_LIVE_RUNG: (
        "This account is marked as LIVE, but the keys open a paper account: nothing is sent."
        " The operator looks at the keys; /accounts takes it down to a dry run."
    ),
    Barrier.LIVE_KEPT_BY_HAND: (
        "An account that is kept by hand cannot be LIVE: nothing is sent. /accounts shows it."
    ),
    Barrier.MODE_IS_PAPER: (
        "This installation is set to paper (TRADING_MODE), so no real money is traded."
        " Only the operator can change that, on the server."
    ),
    Barrier.OTHER_ACCOUNT: (
        "The broker names another account than the one that was confirmed: nothing is sent."
        " The operator looks at the keys."
    ),
    Barrier.NOT_CONFIRMED: "No owner has confirmed real trading for this account. See /accounts",
    Barrier.CONFIRMED_OTHER_ACCOUNT: (
        "Real trading was confirmed for another account number. An owner confirms anew: /accounts"
    ),
    Barrier.CONFIRMED_OTHER_RUNG: (
        "Real trading was confirmed for another rung. An owner confirms anew: /accounts"
    ),
    Barrier.CONFIRMATION_OLD: (
        "Real trading was confirmed more than 90 days ago. An owner confirms anew: /accounts"
    ),
    Barrier.CONFIRMER_GONE: (
        "Who confirmed real trading is not an owner any more. An owner confirms anew: /accounts"
    ),
}


@_say
def _(refusal: r.MayNotTrade) -> str:
    if refusal.reason in set(Barrier):
        return _BARRIERS[Barrier(refusal.reason)]
    return "This account is a dry run: no order is sent. /accounts shows what that means."


@_say
def _(refusal: r.CodeNeeded) -> str:
    if refusal.change is not None:
        return (
            f"Agreeing to change {refusal.change} takes the six digits of your authenticator app:"
            " tap the button again, and I ask for them."
        )
    return (
        f"Approving proposal {refusal.proposal} takes the six digits of your authenticator app:"
        " tap Approve, and I ask for them."
    )


@_say
def _(refusal: r.BadCode) -> str:
    left = refusal.attempts_left
    tries = "" if left is None else f" {count(left, 'try is', 'tries are')} left."
    if refusal.was_used:
        return f"That code was used already. Wait until your app shows the next one.{tries}"
    return (
        "That is not the code of now. Look at your authenticator app again; its clock and mine must"
        f" agree.{tries}"
    )


@_say
def _(refusal: r.CodesLocked) -> str:
    return (
        f"Too many wrong codes: none is accepted until {clock_time(refusal.until)}. Nothing was"
        " approved."
    )


@_say
def _(_refusal: r.CodesNeedKey) -> str:
    return (
        "One-time codes cannot be checked: EVENKEEL_SECRET_KEY is missing on the server, or is not the"
        " one they were stored with. Whoever runs the bot sees to it."
    )


@_say
def _(refusal: r.PrivateOnly) -> str:
    return f"To {refusal.action}, write to me in a private chat: here others read along."


@_say
def _(refusal: r.NoRungAbove) -> str:
    if refusal.rung in {Rung.SIMULATED, Rung.BROKER_PAPER}:
        return (
            "This account is play money and stays that. A real account is connected by the operator"
            " on the server (evenkeel connect) and starts as a dry run."
        )
    if refusal.rung == Rung.LIVE:
        return "This account is on the last rung already: LIVE."
    return "That is not the next step for this account. /accounts shows where it stands."


@_say
def _(refusal: r.DryRunFirst) -> str:
    return (
        f"First {count(refusal.needed, 'plan')} must be approved and carried out as a dry run"
        f" ({refusal.done} so far), so that you have seen what would be sent. /rebalance makes one."
    )


@_say
def _(refusal: r.WrongDigits) -> str:
    if not refusal.left:
        return (
            "That is not the end of the account number at the broker. Nothing was changed, and I"
            " have stopped asking. /accounts starts again."
        )
    return (
        "That is not the end of the account number at the broker. Nothing was changed;"
        f" {count(refusal.left, 'try is', 'tries are')} left."
    )


@_say
def _(_refusal: r.ClimbOver) -> str:
    return "The time for confirming is over (5 minutes). Nothing was changed. See /accounts"


@_say
def _(refusal: r.RiskLimit) -> str:
    where = f" (order {refusal.leg})" if refusal.leg else ""
    setting = f" (the setting {refusal.setting})" if refusal.setting else ""
    return (
        f"This is beyond a safety limit: {refusal.limit} would be {plain(round(refusal.value, 2))},"
        f" and at most {plain(refusal.allowed)} is allowed{where}. The limit{setting} cannot be raised in chat."
    )


@_say
def _(refusal: r.AccountHeld) -> str:
    why = listed([HOLD_REASONS[HoldReason(reason)] for reason in refusal.reasons])
    return f"Nothing is planned or sent for this account: {why}. /status shows what to do."


@_say
def _(refusal: r.ForeignOrder) -> str:
    symbols = listed(list(refusal.symbols))
    return (
        f"At the broker an order for {symbols} is open that I did not send, so nothing is planned for it. "
        "Once it is filled, or cancelled in the broker's app: /rebalance"
    )


@_say
def _(refusal: r.OtherAccountNow) -> str:
    if not refusal.shown:
        return (
            f"The broker's keys open the account {hint(refusal.opened)}, which you were not shown before, so nothing "
            "was changed. If it is the right one, accept it: /status"
        )
    return (
        f"The broker's keys open the account {hint(refusal.opened)} by now, and not {hint(refusal.shown)}, so nothing "
        "was changed. Look at it again: /status"
    )


def _state_words(state: str) -> str:
    return PROPOSAL_STATES[ProposalState(state)] if state in set(ProposalState) else state
