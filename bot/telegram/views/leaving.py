"""Leaving: what stops when a member goes, what goodbye says, and what the others read of it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.telegram.html import bold, code, escape, shown_name
from bot.telegram.screen import Screen, tap
from bot.telegram.views.parts import head, lines, paragraphs
from bot.words.labels import ORDER_STATES, SIDES, source_label
from bot.words.numbers import count, listed, quantity
from core.application.close_portfolio import Closed
from core.application.leave_for_good import Leaving
from core.application.let_go_of_keys import Going
from core.domain.membership import Membership
from core.domain.order import Order
from core.domain.portfolio import ManagedAccount, ManagedPortfolio

_KEYS_AT = {"alpaca": "app.alpaca.markets, under API keys"}
"""Where people revoke keys, by broker."""

CONNECT = "Whoever runs me can enter keys with evenkeel connect."
TAKE_A_COPY = "/export first gives you a file of everything."


def leave_question(leaving: Leaving) -> Screen:
    """[Leave] one portfolio: what stops, and the way back."""
    portfolio = leaving.managed.portfolio
    if leaving.is_last_owner:
        return _last_owner(leaving)
    text = paragraphs(
        f"Leave {bold(shown_name(portfolio.name))}? You will see nothing of it any more; only an owner can "
        "invite you again.",
        _what_stops(leaving.keys),
        _what_waits(leaving),
    )
    return Screen(text, ((tap("Leave", "leave_yes", portfolio.id), tap("Stay", "close")),))


def remove_question(leaving: Leaving, person: Membership) -> Screen:
    """[Remove] somebody: what stops with them, to the owner who asks for it."""
    portfolio, user = leaving.managed.portfolio, person.member.user_id
    stops = [bold(shown_name(each.account.name)) for each in leaving.keys if each.stops]
    name = bold(shown_name(person.member.name))
    text = paragraphs(
        f"Remove {name} from {shown_name(portfolio.name)}? Their buttons stop working at once.",
        f"⚠ Their keys open {listed(stops)}, and go with them: nothing is read or traded there until somebody "
        "connects it again."
        if stops
        else "",
    )
    remove = tap("Remove", "remove_yes", portfolio.id, user)
    return Screen(text, ((remove, tap("← Back", "members_back", portfolio.id)),))


def _last_owner(leaving: Leaving) -> Screen:
    """The last owner cannot just go: somebody takes over, or it ends."""
    portfolio = leaving.managed.portfolio
    others = [bold(shown_name(each.member.name)) for each in leaving.others]
    alone = "Nobody else is in it." if not others else f"With you are {listed(others)}."
    text = paragraphs(
        f"You are the last owner of {bold(shown_name(portfolio.name))}, so you cannot just leave. {alone}",
        "Hand it over to somebody first, or close it for good.",
        _what_stops(leaving.keys),
        _what_waits(leaving),
    )
    hand_over = (tap("🤝 Hand over", "own_give", portfolio.id),) if others else ()
    rows = (
        *((hand_over,) if hand_over else ()),
        (tap("Close it for good", "close_ask", portfolio.id), tap("Stay", "close")),
    )
    return Screen(text, rows)


def close_question(leaving: Leaving) -> Screen:
    """[Close it for good]: once more, with all that it comes to."""
    portfolio = leaving.managed.portfolio
    told = [shown_name(each.member.name) for each in leaving.others]
    text = paragraphs(
        f"Close {bold(shown_name(portfolio.name))} for good? Nothing is checked, planned or sent for it any "
        "more, and nobody can open it again. What it holds stays where it is, at its broker.",
        f"{listed([bold(name) for name in told])} will be told." if told else "",
        _what_stops(leaving.keys),
        _what_waits(leaving),
        "You get a file of everything first.",
    )
    rows = ((tap("Close for good", "close_yes", portfolio.id), tap("Stay", "close")),)
    return Screen(text, rows)


def _what_stops(keys: Sequence[Going]) -> str:
    """What becomes of accounts that the member's keys open."""
    stops = [bold(shown_name(each.account.name)) for each in keys if each.stops]
    goes_on = [bold(shown_name(each.account.name)) for each in keys if each.heir is not None]
    return lines(
        f"⚠ Your keys open {listed(stops)}. They are erased when you go: nothing is read or traded there until "
        "somebody connects it again."
        if stops
        else "",
        f"{listed(goes_on)} goes on with the keys of its other holder; yours are erased."
        if goes_on
        else "",
    )


def _what_waits(leaving: Leaving) -> str:
    if not leaving.waiting or not leaving.is_last_owner:
        return ""
    return f"{count(len(leaving.waiting), 'proposal')} that waits ends with it."


def forget_question(every: Sequence[Leaving], *, is_sure: bool) -> Screen:
    """``/leave everything``: what goes, asked twice."""
    closed = [bold(shown_name(each.managed.portfolio.name)) for each in every if each.is_last_owner]
    left = [
        bold(shown_name(each.managed.portfolio.name)) for each in every if not each.is_last_owner
    ]
    keys = [each for leaving in every for each in leaving.keys]
    text = paragraphs(
        "Leave for good, and have everything about you erased: your name, settings, channels, one-time codes and "
        "keys. What you decided stays in the record of orders, as a former member’s. This cannot be undone.",
        f"You leave {listed(left)}." if left else "",
        f"You are the last owner of {listed(closed)}: closed for good. To keep it going for the others, hand it "
        "over first: /members"
        if closed
        else "",
        _what_stops(keys),
        TAKE_A_COPY if not is_sure else bold("Erase everything now?"),
    )
    yes = tap("Yes, erase it", "forget_yes") if is_sure else tap("Go on", "forget_ask")
    return Screen(text, ((yes, tap("Stay", "close")),))


def closed_screen(closed: Closed) -> Screen:
    """What a closed portfolio leaves to be done by hand."""
    portfolio = closed.managed.portfolio
    return Screen(
        paragraphs(
            f"{bold(shown_name(portfolio.name))} is closed. Nothing is checked, planned or sent for it any more.",
            _open_orders(closed.open_orders),
            _revoke(closed.keys),
        )
    )


def forgotten_screen(closed: Sequence[Closed]) -> Screen:
    """Goodbye, with what is left to be done by hand."""
    orders = [order for each in closed for order in each.open_orders]
    keys = [key for each in closed for key in each.keys]
    return Screen(
        paragraphs(
            "Everything about you is erased. This is the last message that I send you.",
            _open_orders(orders),
            _revoke(keys),
        )
    )


def _open_orders(orders: Sequence[Order]) -> str:
    if not orders:
        return ""
    rows = [
        f"• {SIDES[order.side]} {quantity(order.quantity)} {escape(order.symbol)}: {ORDER_STATES[order.state]}, "
        f"{code(order.client_order_id)}"
        for order in orders
    ]
    return lines(
        "⚠ The broker may still have these orders. Look there, and cancel them by hand:", *rows
    )


def _revoke(keys: Sequence[Going]) -> str:
    rows = [
        f"• {bold(shown_name(each.account.name))}: the key ending {code(each.credential.key_hint)}, at "
        f"{_KEYS_AT.get(each.account.broker, source_label(each.account.broker))}"
        for each in keys
    ]
    if not rows:
        return ""
    return lines("The keys kept here are erased. Revoke them at the broker too:", *rows)


def closed_notice(managed: ManagedPortfolio, by: str) -> Screen:
    """To everybody else: a portfolio has ended."""
    text = f"{bold(shown_name(by or 'Its owner'))} has closed it for good. Nothing is checked or sent any more."
    return Screen(lines(head(managed), text))


def keys_gone_notice(managed: ManagedAccount) -> Screen:
    """To the owners who stay: an account cannot be reached any more."""
    text = (
        f"⚠ The keys of {bold(shown_name(managed.account.name))} went with the member who had entered them. Nothing "
        f"is read or traded there until somebody connects it again. {CONNECT}"
    )
    accounts = tap("🏦 Accounts", "accounts", managed.portfolio.id)
    return Screen(lines(head(managed), text), ((accounts,),))
