"""What a visitor of the demo reads about the broker's troubles: each choice, what will happen, what has happened."""

from __future__ import annotations

from bot.words.labels import SIDES
from bot.words.numbers import quantity
from core.ports.troubles import Struck, Trouble, Troubles

_T = Trouble

WELL = "Broker is well"

CHOICES: dict[Trouble, str] = {
    _T.LOST_ANSWER: "Broker loses the next answer",
    _T.NEVER_ARRIVED: "Broker never gets the next order",
    _T.HANGING: "Broker hangs at the next order",
    _T.DOWN: "Broker is down",
    _T.REJECTED: "Broker rejects the next order",
    _T.PARTLY_FILLED: "Broker fills only a part",
    _T.NEVER_FILLED: "Broker fills nothing",
    _T.FILLED_LATE: "Broker fills late",
    _T.FORGOTTEN: "Broker forgets an order",
}
"""A trouble as a choice, in its usual place in the list."""

_WILL: dict[Trouble, str] = {
    _T.LOST_ANSWER: "The next order will be filled, and the answer lost.",
    _T.NEVER_ARRIVED: "The next order will get lost on its way.",
    _T.HANGING: "The next order will be filled, and no answer come for 10 seconds.",
    _T.DOWN: "Nothing is answered and no order arrives, until you choose otherwise.",
    _T.REJECTED: "The next order will be refused: trading halted.",
    _T.PARTLY_FILLED: "Half of the next order will be filled, then nothing for a minute.",
    _T.NEVER_FILLED: "Nothing of the next order will be filled for a minute.",
    _T.FILLED_LATE: "The next order will be filled after 15 seconds.",
    _T.FORGOTTEN: "The next order will be filled, but not be found for 2 minutes: a person must decide.",
}

_HAS: dict[Trouble, str] = {
    _T.LOST_ANSWER: "was taken, and the answer lost.",
    _T.NEVER_ARRIVED: "got lost on its way.",
    _T.HANGING: "was taken; the answer hangs for 10 seconds.",
    _T.REJECTED: "was refused.",
    _T.PARTLY_FILLED: "is half filled, and no more.",
    _T.NEVER_FILLED: "was taken, and stays unfilled.",
    _T.FILLED_LATE: "was taken, to be filled 15 seconds later.",
    _T.FORGOTTEN: "was filled. The broker cannot find it for 2 minutes, or until you choose otherwise.",
}


def trouble_note(troubles: Troubles) -> str:
    """One line: what will happen, or what has happened; nothing where all is well."""
    if troubles.struck is not None:
        return _what_happened(troubles.struck)
    return _WILL[troubles.chosen] if troubles.chosen is not None else ""


def _what_happened(struck: Struck) -> str:
    request = struck.request
    order = f"{SIDES[request.side]} {quantity(request.quantity)} {request.symbol}"
    return f"“{order}” {_HAS[struck.trouble]}"
