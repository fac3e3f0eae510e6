"""One sentence for each refusal: what was wrong, and what to do or type instead.

The sentences stand by subject in the modules beside this one.
"""

from __future__ import annotations

from functools import singledispatch

from bot.words.labels import capital
from core.domain import refusals as r


@singledispatch
def refusal_sentence(refusal: r.Refusal) -> str:
    """Say in plain text what was refused, why, and what would work."""
    return f"That is not possible ({type(refusal).__name__})."


_say = refusal_sentence.register


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
