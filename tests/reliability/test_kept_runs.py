"""Runs of the state machine that once broke a rule, as short as they were made; each stays broken by no change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.application.move_cash import deposit
from core.ports.broker import Dedup
from tests.fakes.broker import Mishap
from tests.reliability.test_state_machine import Family

Run = Callable[[Family], None]


def settled(family: Family, *mishaps: Mishap | None, **how: Any) -> None:
    options = {"approvals": 1, "dedup": Dedup.FOREVER, "others_trade": False, **how}
    family.settle_in(mishaps=list(mishaps), settling=(True, True), **options)


def an_order_seen_late_is_given_up_when_the_exchange_closes(family: Family) -> None:
    """It was void to us, and filled at the broker."""
    settled(family, Mishap.LATE)
    family.a_plan_is_asked_for_and_approved(aaa=10, is_followed=False, who="anna")
    family.work_is_done()
    family.hold()
    family.a_clock_jumps(is_wall=False, minutes=-1440)
    family.work_is_done()


def an_order_seen_late_is_given_up_for_the_next_plan(family: Family) -> None:
    settled(family, Mishap.LATE)
    family.a_plan_is_asked_for_and_approved(aaa=10, is_followed=False, who="anna")
    family.work_is_done()
    family.hold()
    family.a_plan_is_asked_for_and_approved(aaa=10, is_followed=False, who="anna")


def an_order_seen_late_cannot_be_sent_again_and_is_given_up(family: Family) -> None:
    """That the broker could not be reached made it forgotten that the order had been sent before."""
    settled(family, Mishap.LATE, Mishap.UNAVAILABLE, Mishap.UNAVAILABLE)
    family.a_plan_is_asked_for_and_approved(aaa=10, is_followed=True, who="anna")
    family.work_is_done()
    family.hold()
    family.a_clock_jumps(is_wall=False, minutes=1440)
    family.work_is_done()


def an_hour_passes_while_the_first_of_several_orders_is_on_its_way(family: Family) -> None:
    """The others went out under an approval that had grown old meanwhile."""
    settled(family)
    family.something_will_happen_meanwhile(what="jumps")
    family.a_plan_is_asked_for_and_approved(aaa=10, is_followed=True, who="anna")


def money_is_moved_while_the_broker_is_silent(family: Family) -> None:
    settled(family)
    family.the_broker_answers_nothing_or_again(is_silent=True)
    family.moves_money(amount=1, how=deposit)


def a_second_process_is_refused_what_the_first_has_still_on_its_way(family: Family) -> None:
    """It was rejected to us, and filled at the broker, where the first process's order arrived later."""
    settled(family, Mishap.REFUSED)
    family.something_will_happen_meanwhile(what="takes_over")
    family.a_plan_meets_trouble(aaa=10, others=1)


KEPT: list[Run] = [
    an_order_seen_late_is_given_up_when_the_exchange_closes,
    an_order_seen_late_is_given_up_for_the_next_plan,
    an_order_seen_late_cannot_be_sent_again_and_is_given_up,
    an_hour_passes_while_the_first_of_several_orders_is_on_its_way,
    money_is_moved_while_the_broker_is_silent,
    a_second_process_is_refused_what_the_first_has_still_on_its_way,
]


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.__name__)
def test_what_once_broke_a_rule_breaks_none(kept: Run) -> None:
    family = Family()
    kept(family)
    family.hold()
    family.teardown()
    family.hold()
