"""What is said of accounts that people keep by hand, and of all others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.words.by_hand import account_label, account_meaning, is_by_hand, order_state, orders_at
from bot.words.labels import ORDER_STATES, RUNG_MEANINGS, RUNGS
from core.domain.ids import AccountId, PortfolioId
from core.domain.order import OrderState
from core.domain.portfolio import Account, Rung

BY_HAND = Account(AccountId(1), PortfolioId(1), "Main", "manual", "HAND-000001", rung=Rung.DRY_RUN)


def test_a_hand_kept_account_says_so_instead_of_its_rung() -> None:
    assert is_by_hand(BY_HAND)
    assert account_label(BY_HAND) == "BY HAND"
    assert account_meaning(BY_HAND) == "a real account that I cannot reach"
    assert orders_at(2, [BY_HAND]) == "2 orders by hand"
    assert orders_at(1, [BY_HAND]) == "1 order by hand"


@pytest.mark.parametrize("rung", list(Rung))
def test_every_other_account_says_its_rung(rung: Rung) -> None:
    other = replace(BY_HAND, broker="simulated", rung=rung)
    assert not is_by_hand(other)
    assert account_label(other) == RUNGS[rung]
    assert account_meaning(other) == RUNG_MEANINGS[rung]
    assert order_state(OrderState.SUBMITTED, other) == "at the broker"


def test_nothing_that_waits_for_a_person_is_said_to_be_at_the_broker() -> None:
    words = {order_state(state, BY_HAND) for state in OrderState}
    assert not words & {ORDER_STATES[OrderState.SUBMITTED], ORDER_STATES[OrderState.EXPIRED]}
    assert order_state(OrderState.EXPIRED, BY_HAND) == "not answered in time"
