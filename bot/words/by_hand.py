"""What people read about accounts that they keep by hand: nothing is sent there, so other words are true."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from bot.words.labels import ORDER_STATES, RUNG_MEANINGS, orders_of, rung_label
from bot.words.numbers import count, listed
from bot.words.plain_words import PLAIN_STATES
from bot.words.reader import reader
from core.application.create_portfolio import BY_HAND, EMBEDDED
from core.domain.ids import Symbol
from core.domain.order import OrderState
from core.domain.portfolio import Account, Rung

_LABEL = "BY HAND"
_PLAIN_LABEL = "traded by hand"
_MEANING = "a real account that I cannot reach"

_STATES: dict[OrderState, str] = {
    OrderState.INTENDED: "not on the checklist yet",
    OrderState.SUBMITTED: "waits for your answer",
    OrderState.PARTIALLY_FILLED: "waits for your answer",
    OrderState.FILLED: "done",
    OrderState.CANCELLED: "not done",
    OrderState.EXPIRED: "not answered in time",
}


def is_by_hand(account: Account) -> bool:
    """Whether people keep this account's book and place its orders."""
    return account.broker == BY_HAND


def is_embedded(account: Account) -> bool:
    """Whether the account is at the simulated broker, through which its cash can be moved."""
    return account.broker == EMBEDDED


def is_dry_run(account: Account) -> bool:
    """Whether nothing is sent for this account, although it could be reached."""
    return account.rung is Rung.DRY_RUN and not is_by_hand(account)


def account_label(account: Account) -> str:
    """How real an account is, as every message about it says: its rung, or ``BY HAND``; in plain words no term."""
    if reader().is_plain and is_by_hand(account):
        return _PLAIN_LABEL
    return _LABEL if is_by_hand(account) else rung_label(account.rung)


def accounts_label(accounts: Iterable[Account]) -> str:
    """How real several accounts are, each label once: ``SIMULATED + BY HAND``."""
    return " + ".join(dict.fromkeys(map(account_label, accounts)))


def account_meaning(account: Account) -> str:
    """The same in words."""
    return _MEANING if is_by_hand(account) else RUNG_MEANINGS[account.rung]


def orders_at(number: int, accounts: Collection[Account]) -> str:
    """Orders by how real they are: ``2 simulated orders``, ``2 orders by hand``; of several kinds, ``2 orders``."""
    by_hand = all(map(is_by_hand, accounts))
    if len({account_label(each) for each in accounts}) != 1 or (reader().is_plain and not by_hand):
        return count(number, "order")
    account = next(iter(accounts))
    if is_by_hand(account):
        return f"{count(number, 'order')} by hand"
    return orders_of(number, account.rung)


def estimates_line(estimates: Mapping[Symbol, Symbol]) -> str:
    """Which prices are estimates, and made from what: ``VTSAX ≈ like VTI``."""
    if not estimates:
        return ""
    each = [f"{symbol} ≈ like {proxy}" for symbol, proxy in estimates.items()]
    return f"Estimated: {listed(each)}"


def order_state(state: OrderState, account: Account) -> str:
    """Where an order is."""
    if is_by_hand(account):
        return _STATES.get(state, ORDER_STATES[state])
    plain = PLAIN_STATES if reader().is_plain else {}
    return plain.get(state, ORDER_STATES[state])
