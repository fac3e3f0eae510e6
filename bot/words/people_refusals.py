"""Sentences for what people may not do, and for names and roles that cannot be taken."""

from __future__ import annotations

from bot.words.acts import ACT_WORDS
from bot.words.numbers import listed
from bot.words.refusals import refusal_sentence
from core.domain import refusals as r

_say = refusal_sentence.register


@_say
def _(refusal: r.NotAMember) -> str:
    return (
        "Sorry, I only talk to invited people."
        f" Your id is {refusal.user_id}: give it to the owner, and ask for an invitation."
    )


@_say
def _(refusal: r.NotAllowed) -> str:
    needed, act = _a(refusal.needed), ACT_WORDS[refusal.act]
    if refusal.role is None:
        return f"Only {needed} of this portfolio may {act}."
    return (
        f"To {act} takes {needed}; you are {_a(refusal.role)} here. An owner can change your role."
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
    return (
        "This invitation was used already, taken back, or is too old. Ask an owner for a new one."
    )


@_say
def _(refusal: r.BadUses) -> str:
    return f"An invitation lets in 1 to {refusal.most} people, not {refusal.uses}."


@_say
def _(_refusal: r.InvitationOver) -> str:
    return "This invitation lets nobody in any more. /members shows those that do."


@_say
def _(_refusal: r.JoiningOver) -> str:
    return (
        "This cannot be undone any more: their role has changed since. /members shows who is what."
    )


@_say
def _(_refusal: r.NoOffer) -> str:
    return (
        "No portfolio is offered to you there: the offer was taken back, or was older than a day."
    )


@_say
def _(refusal: r.OwnerAlready) -> str:
    return f"{refusal.name} is an owner already. To step down yourself: /members"


@_say
def _(_refusal: r.UnknownHousehold) -> str:
    return "You do not belong to that household. /portfolio shows what you have."


@_say
def _(refusal: r.UnknownMember) -> str:
    return f"“{refusal.text}” is not a member of this portfolio. /members shows who is."


@_say
def _(_refusal: r.LastOwner) -> str:
    return "A portfolio needs an owner. Make somebody else an owner first: /members"


def _a(role: str) -> str:
    return f"{'an' if role[:1] in 'aeiou' else 'a'} {role}"
