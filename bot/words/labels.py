"""The names that people read for the domain's codes: rungs, roles, states and causes."""

from __future__ import annotations

from bot.words.numbers import count
from bot.words.plain_words import HOW_REAL
from bot.words.reader import reader
from bot.words.times import date_of
from core.application.create_portfolio import EMBEDDED
from core.application.show_proposal import buys_on, why_ended
from core.domain.membership import Role
from core.domain.order import OrderState
from core.domain.plan import Side
from core.domain.portfolio import Rung
from core.domain.proposal import Cause, DecisionKind, Proposal, ProposalState, RevisionCause
from core.domain.report import WhyEnded

RUNGS: dict[Rung, str] = {
    Rung.SIMULATED: "SIMULATED",
    Rung.BROKER_PAPER: "BROKER PAPER",
    Rung.DRY_RUN: "DRY RUN",
    Rung.LIVE_CAPPED: "LIVE capped",
    Rung.LIVE: "LIVE",
}
"""How real an account is: the label in the head of every message about it."""

RUNG_MEANINGS: dict[Rung, str] = {
    Rung.SIMULATED: "play money at the built-in broker",
    Rung.BROKER_PAPER: "play money at a real broker",
    Rung.DRY_RUN: "real account, but no order is sent",
    Rung.LIVE_CAPPED: "real money, up to a limit",
    Rung.LIVE: "real money",
}

_ORDERS: dict[Rung, str] = {
    Rung.SIMULATED: "simulated order",
    Rung.BROKER_PAPER: "paper order",
    Rung.DRY_RUN: "dry-run order",
    Rung.LIVE_CAPPED: "LIVE order",
    Rung.LIVE: "LIVE order",
}

ROLES: dict[Role, str] = {
    Role.VIEWER: "viewer",
    Role.PROPOSER: "proposer",
    Role.APPROVER: "approver",
    Role.OWNER: "owner",
}

ROLE_MEANINGS: dict[Role, str] = {
    Role.VIEWER: "may look",
    Role.PROPOSER: "may look and ask for a plan",
    Role.APPROVER: "may also approve and reject proposals",
    Role.OWNER: "may also change targets, policy, cash and members",
}

PROPOSAL_STATES: dict[ProposalState, str] = {
    ProposalState.OPEN: "open",
    ProposalState.SCHEDULED: "scheduled",
    ProposalState.APPROVED: "approved",
    ProposalState.EXECUTING: "being carried out",
    ProposalState.DONE: "done",
    ProposalState.PARTIAL: "partly done",
    ProposalState.FAILED: "failed",
    ProposalState.FROZEN: "frozen",
    ProposalState.REJECTED: "rejected",
    ProposalState.EXPIRED: "expired",
    ProposalState.SUPERSEDED: "replaced",
    ProposalState.CANCELLED: "cancelled",
}


ENDED: dict[WhyEnded, tuple[str, str, str]] = {
    WhyEnded.NOT_NEEDED: (
        "↪",
        "not needed any more",
        "prices and what is held were looked at again, and nothing is left to trade",
    ),
    WhyEnded.NO_PLAN: (
        "↪",
        "ended",
        "prices and what is held were looked at again, and no plan can be made of them",
    ),
    WhyEnded.MONEY_IS_THERE: (
        "💵",
        "not needed any more",
        "the money is there without a sale, and is set aside to be taken out",
    ),
    WhyEnded.OVER_LIMIT: (
        "✖",
        "cancelled",
        "it would go beyond a safety limit of this server",
    ),
}
"""Of a plan that came to its end at the re-check: a sign, what became of it, and why."""


def proposal_state(proposal: Proposal) -> str:
    """Where a proposal is, in a few words; of one that sold and one that was to stay, what its state does not say."""
    if proposal.state is ProposalState.PARTIAL and (later := buys_on(proposal)) is not None:
        return f"sold, buys planned for {date_of(later)}"
    last = proposal.last_decision
    if proposal.state is ProposalState.REJECTED and last and last.kind is DecisionKind.STAY:
        return "the substitute stays"
    if (why := why_ended(proposal)) is not None:
        return ENDED[why][1]
    return PROPOSAL_STATES[proposal.state]


ORDER_STATES: dict[OrderState, str] = {
    OrderState.INTENDED: "not sent yet",
    OrderState.SUBMITTING: "being sent",
    OrderState.SUBMITTED: "at the broker",
    OrderState.PARTIALLY_FILLED: "partly filled",
    OrderState.FILLED: "filled",
    OrderState.CANCELLED: "cancelled unfilled",
    OrderState.EXPIRED: "expired unfilled",
    OrderState.REJECTED: "refused by the broker",
    OrderState.VOID: "not sent",
    OrderState.UNKNOWN: "unclear, the broker is being asked",
    OrderState.FROZEN: "unclear, a person must decide",
}

CAUSES: dict[Cause, str] = {
    Cause.SCHEDULED: "scheduled check",
    Cause.REQUESTED: "asked for",
    Cause.TARGETS_CHANGED: "new targets",
    Cause.NEW_CASH: "new cash",
    Cause.AFTER_SALE: "purchases after a sale",
    Cause.HARVEST: "a loss to harvest",
    Cause.SWITCH_BACK: "a switch back",
    Cause.WITHDRAWAL: "money to be taken out",
}

REVISION_CAUSES: dict[RevisionCause, str] = {
    RevisionCause.FIRST: "as first calculated",
    RevisionCause.EDITED: "lines were changed",
    RevisionCause.BUY_ONLY: "purchases only",
    RevisionCause.FULL: "sales and purchases again",
    RevisionCause.PRICES_MOVED: "prices moved after it was shown",
    RevisionCause.HOLDINGS_CHANGED: "the account changed after it was shown",
    RevisionCause.APPROVAL_AGED: "the approval became too old before the orders were sent",
    RevisionCause.WASHED: "a purchase in the household would have made the loss not count",
}

DECISIONS: dict[DecisionKind, str] = {
    DecisionKind.APPROVE: "approved",
    DecisionKind.TAKE_BACK: "took back the approval of",
    DecisionKind.LAPSE: "may no longer approve",
    DecisionKind.REJECT: "rejected",
    DecisionKind.OBJECT: "objected to",
    DecisionKind.REOPEN: "reopened",
    DecisionKind.LATER: "put off",
    DecisionKind.CANCEL: "cancelled",
    DecisionKind.TRY_BUYS: "tried the purchases again of",
    DecisionKind.STAY_IN_CASH: "stayed in cash after",
    DecisionKind.STAY: "kept the substitute instead of",
}

SIDES: dict[Side, str] = {Side.BUY: "Buy", Side.SELL: "Sell"}
SIDES_DONE: dict[Side, str] = {Side.BUY: "Bought", Side.SELL: "Sold"}

CHECK_OUTCOMES: dict[str, str] = {
    "on_target": "on target",
    "proposed": "a proposal was made",
    "still_open": "the open proposal still stands",
    "nothing_helps": "off target, but no trade would help",
    "refused": "no plan could be made",
    "cooling_down": "left alone, because a proposal was decided a short time ago",
    "in_flight": "left alone, because a proposal is being carried out",
    "repeated": "done before",
    "paused": "left alone, because the portfolio is paused",
    "held_off": "held off by a rule",
}
"""What a check came to, by the code that is stored with it."""

SOURCES: dict[str, str] = {
    "yahoo": "Yahoo",
    "alpaca": "Alpaca",
    "replay": "the replay",
    "simulated": "the simulated broker",
}
"""Where prices come from."""


def rung_label(rung: Rung) -> str:
    """The label of a rung, such as ``SIMULATED``; in plain words what it means."""
    return HOW_REAL[rung] if reader().is_plain else RUNGS[rung]


def role_label(role: Role) -> str:
    """The name of a role, such as ``approver``."""
    return ROLES[role]


def article(word: str) -> str:
    """The indefinite article before a word: ``an approver``, ``a viewer``."""
    return "an" if word[:1].lower() in set("aeiou") else "a"


def orders_of(number: int, rung: Rung) -> str:
    """Orders by how real they are: ``2 simulated orders``, ``1 LIVE order``."""
    return count(number, _ORDERS[rung])


def proposal_number(number: int, revision: int) -> str:
    """The number by which people know a version of a proposal: ``42``, and ``42.1`` after a change."""
    return str(number) if revision <= 1 else f"{number}.{revision - 1}"


def source_label(source: str) -> str:
    """The name of a price source; one without a name here is called by its code."""
    if reader().is_plain and source == EMBEDDED:
        return "the broker for play money"
    return SOURCES.get(source, source)


def capital(text: str) -> str:
    """A text that begins a sentence."""
    return text[:1].upper() + text[1:]
