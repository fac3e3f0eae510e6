"""Changes of a live portfolio: what changes from what to what, who has agreed, who is needed, and from when on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.telegram.html import bold, escape, shown_name
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.parts import head, lines, paragraphs
from bot.words.changes import CHANGE_STATE_WORDS, change_lines, change_title
from bot.words.labels import capital
from bot.words.numbers import listed
from bot.words.times import clock_time
from core.application.choose_portfolio import Current
from core.application.show_change import ChangeView
from core.domain.change import (
    ChangeState,
    PendingChange,
    require_may_agree,
    require_may_object,
    require_may_take_back,
    require_may_withdraw,
)
from core.domain.ids import MemberId
from core.domain.membership import Role
from core.domain.refusals import Refusal

MOST_LINES = 20
"""So many lines of a change are shown one by one; of the others, how many they are."""

NOTHING_CHANGES = "Nothing changes."


def change_screen(view: ChangeView, reader: MemberId, now: datetime) -> Screen:
    """A change as it stands, with the buttons of what its reader may say to it."""
    change = view.change
    text = paragraphs(
        head(view.managed, f"change {change.id}"),
        lines(
            f"{bold(capital(change_title(change.what)))}, asked for by {_who(view)}:", _what(view)
        ),
        _stands(view, now),
    )
    return Screen(text, _buttons(view, reader))


def offer_screen(view: ChangeView, sentence: str) -> Screen:
    """A change that was made out instead of made: what it takes, and whether it is asked for."""
    change = view.change
    portfolio = change.portfolio_id
    text = paragraphs(
        head(view.managed, f"change {change.id}"),
        lines(f"{bold(capital(change_title(change.what)))}:", _what(view)),
        escape(sentence),
    )
    row = (
        tap("📨 Ask for it", "cg_ask", portfolio, change.id),
        tap("✖ Cancel", "cg_withdraw", portfolio, change.id),
    )
    return Screen(text, (row,))


def changes_screen(current: Current, views: Sequence[ChangeView], now: datetime) -> Screen:
    """The changes of a portfolio that wait, each with a button that shows it whole."""
    title = head(current.portfolio, "changes")
    if not views:
        return Screen(paragraphs(title, "No change waits."))
    text = paragraphs(title, *(_brief(view, now) for view in views))
    return Screen(text, tuple((_show(view.change),) for view in views))


def _brief(view: ChangeView, now: datetime) -> str:
    change = view.change
    when = clock_time(change.takes_effect_at, now) if change.takes_effect_at else ""
    return lines(
        f"{bold(f'{change.id} · {change_title(change.what)}')} by {_who(view)}",
        f"{CHANGE_STATE_WORDS[change.state]} · {when}",
    )


def _show(change: PendingChange) -> Button:
    return tap(f"Show change {change.id}", "cg_show", change.portfolio_id, change.id)


def _who(view: ChangeView) -> str:
    return _names(view, [view.change.asked_by])


def _names(view: ChangeView, members: Sequence[MemberId]) -> str:
    return listed([shown_name(view.names.get(each, "somebody")) for each in members])


def _what(view: ChangeView) -> str:
    accounts = {account.id: account.name for account in view.managed.accounts}
    every = change_lines(view.change.what, view.names, accounts)
    more = len(every) - MOST_LINES
    shown = every if more <= 0 else [*every[:MOST_LINES], f"and {more} more"]
    return lines(*(escape(line) for line in shown))


def _stands(view: ChangeView, now: datetime) -> str:
    """Where it stands, in a sentence or three."""
    change = view.change
    when = clock_time(change.takes_effect_at, now) if change.takes_effect_at else ""
    match change.state:
        case ChangeState.DRAFTED:
            return "It is not asked for yet."
        case ChangeState.ASKED:
            return lines(
                _agreed(view),
                f"Still needed: {_still(view)}",
                f"It takes effect {when} if they have agreed by then.",
            )
        case ChangeState.AGREED:
            until = f"It takes effect {when}, unless somebody who decides objects."
            return lines(_agreed(view), until)
        case ChangeState.IN_FORCE:
            return f"✅ {bold('It is in force now.')}"
        case _:
            return f"✖ {_ended(view)} {NOTHING_CHANGES}"


def _agreed(view: ChangeView) -> str:
    return f"Agreed: {_names(view, view.agreed)}" if view.agreed else "Nobody has agreed yet."


def _still(view: ChangeView) -> str:
    still = view.still
    names = _names(view, still.among)
    if not still.is_possible:
        return f"{still.number} who decide, and there are too few of them"
    return names if len(still.among) == still.number else f"{still.number} of {names}"


def _ended(view: ChangeView) -> str:
    last = view.change.last_answer
    match view.change.state:
        case ChangeState.OBJECTED | ChangeState.WITHDRAWN if last is not None:
            verb = "objected" if view.change.state is ChangeState.OBJECTED else "withdrew it"
            return f"{bold(shown_name(last.member_name))} {verb}."
        case ChangeState.LAPSED:
            return "Too few had agreed when its day was over."
        case _:
            return "Things are not as they were when it was asked for, or it cannot be done now."


def _buttons(view: ChangeView, reader: MemberId) -> tuple[tuple[Button, ...], ...]:
    change, role = view.change, view.roles.get(reader)
    at = (change.portfolio_id, change.id)
    found: list[Button] = []
    if _may(require_may_agree, change, reader, role):
        found.append(tap("✅ Agree", "cg_agree", *at))
    if _may(require_may_take_back, change, reader, role):
        found.append(tap("↩ Take back", "cg_back", *at))
    if reader == change.asked_by:
        if _may(require_may_withdraw, change, reader, role):
            found.append(tap("✖ Withdraw", "cg_withdraw", *at))
    elif _may(require_may_object, change, reader, role):
        found.append(tap("✋ Object", "cg_object", *at))
    return (tuple(found),) if found else ()


def _may(
    require: Callable[[PendingChange, MemberId, Role | None], None],
    change: PendingChange,
    reader: MemberId,
    role: Role | None,
) -> bool:
    try:
        require(change, reader, role)
    except Refusal:
        return False
    return True
