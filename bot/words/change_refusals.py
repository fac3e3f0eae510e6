"""Sentences for changes of live portfolios that have to wait, and for answers to them that do not count."""

from __future__ import annotations

from bot.words.changes import CHANGE_STATE_WORDS
from bot.words.numbers import listed
from bot.words.refusals import refusal_sentence
from bot.words.times import clock_time
from core.domain import refusals as r
from core.domain.change import ChangeState

_say = refusal_sentence.register


@_say
def _(refusal: r.NeedsAgreement) -> str:
    when = clock_time(refusal.takes_effect_at)
    return (
        "This loosens or redirects a portfolio of real money, so nothing is changed yet."
        f" If you ask for it now, everybody is told, {_who(refusal)} and it takes effect {when}."
    )


def _who(refusal: r.NeedsAgreement) -> str:
    if not refusal.missing:
        return "anybody who decides may object,"
    if len(refusal.among) < refusal.missing:
        return f"{refusal.missing} more who decide must agree (there are too few of them),"
    if len(refusal.among) == refusal.missing:
        return f"{listed(list(refusal.among))} must agree,"
    return f"{refusal.missing} of {listed(list(refusal.among))} must agree,"


@_say
def _(refusal: r.UnknownChange) -> str:
    return f"There is no change {refusal.change} here. /changes shows those that wait."


@_say
def _(refusal: r.ChangeOver) -> str:
    return f"Change {refusal.change} {CHANGE_STATE_WORDS[ChangeState(refusal.state)]}."


@_say
def _(refusal: r.AlreadyAgreed) -> str:
    return f"You have agreed to change {refusal.change} already."


@_say
def _(refusal: r.NotAgreed) -> str:
    return f"There is no agreement of yours to change {refusal.change}."


@_say
def _(refusal: r.OwnRights) -> str:
    return f"Change {refusal.change} is about your own rights here: the others decide it."


@_say
def _(refusal: r.NotTheAsker) -> str:
    return f"Change {refusal.change} is somebody else's: you can object to it instead. /changes"
