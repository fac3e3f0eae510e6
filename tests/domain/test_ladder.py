"""The ladder: every combination of what it depends on, and exactly the permitted ones send."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from core.domain.ids import AccountId, MemberId, PortfolioId
from core.domain.ladder import (
    CONFIRMATION_LIFETIME,
    Barrier,
    Confirmation,
    Facts,
    Ruling,
    TradingMode,
    Verdict,
    first_rung,
    judge,
    last_four,
    next_rung,
)
from core.domain.membership import Role
from core.domain.portfolio import Account, Rung

NOW = datetime(2026, 3, 10, 14, 5, tzinfo=UTC)
NUMBER, OTHER = "987654321", "123123123"
ANNA = MemberId(1)

CONFIRMATIONS = {
    "none": None,
    "of another account of ours": (AccountId(2), NUMBER, None, timedelta(0)),
    "of another number": (AccountId(1), OTHER, None, timedelta(0)),
    "of dry run": (AccountId(1), NUMBER, Rung.DRY_RUN, timedelta(0)),
    "of capped": (AccountId(1), NUMBER, Rung.LIVE_CAPPED, timedelta(0)),
    "of live": (AccountId(1), NUMBER, Rung.LIVE, timedelta(0)),
    "of this rung": (AccountId(1), NUMBER, None, timedelta(0)),
    "old": (AccountId(1), NUMBER, None, CONFIRMATION_LIFETIME),
    "too old": (AccountId(1), NUMBER, None, CONFIRMATION_LIFETIME + timedelta(seconds=1)),
    "of the future": (AccountId(1), NUMBER, None, timedelta(seconds=-1)),
}
"""Account, broker's number, rung (None: the account's own) and age of what was confirmed."""

EVERY = list(
    product(
        Rung,
        TradingMode,
        (False, True),
        (False, True),
        (NUMBER, OTHER, None),
        CONFIRMATIONS,
        (None, *Role),
    )
)


def facts_of(
    rung: Rung,
    mode: TradingMode,
    is_live: bool,
    by_hand: bool,
    said: str | None,
    given: str,
    role: Role | None,
) -> Facts:
    account = Account(AccountId(1), PortfolioId(1), "Main", "alpaca", NUMBER, rung=rung)
    parts = CONFIRMATIONS[given]
    confirmation = None
    if parts is not None:
        number, name, on, age = parts
        confirmation = Confirmation(number, name, on or rung, ANNA, NOW - age)
    return Facts(account, mode, is_live, by_hand, said, confirmation, role, NOW)


def is_confirmed(rung: Rung, given: str, role: Role | None) -> bool:
    names = {"of this rung", "old", {Rung.LIVE: "of live"}.get(rung, "of capped")}
    return given in names and role is Role.OWNER


@pytest.mark.fault(76)
def test_of_all_combinations_exactly_the_permitted_ones_send() -> None:
    """
    real money: the ceiling is lifted, a live rung, the broker's own number, confirmed freshly by an owner
    play money: a paper rung at a paper broker, under the number that is stored
    by hand: people carry it out, whatever the label
    """
    sent = 0
    for rung, mode, is_live, by_hand, said, given, role in EVERY:
        is_real = is_live and not by_hand and mode is TradingMode.LIVE and said == NUMBER
        may_be_live = is_real and rung in {Rung.LIVE, Rung.LIVE_CAPPED}
        is_play = not is_live and said == NUMBER and rung in {Rung.SIMULATED, Rung.BROKER_PAPER}
        is_by_hand = by_hand and not is_live and said == NUMBER and rung is Rung.DRY_RUN
        permitted = (may_be_live and is_confirmed(rung, given, role)) or is_play or is_by_hand
        ruling = judge(facts_of(rung, mode, is_live, by_hand, said, given, role))
        assert (ruling.verdict is Verdict.SEND) == permitted, (rung, mode, is_live, by_hand, said)
        sent += permitted
    assert 0 < sent < len(EVERY) / 10


@pytest.mark.fault(76)
def test_real_money_is_never_sent_to_while_the_ceiling_is_paper() -> None:
    for combination in EVERY:
        facts = facts_of(*combination)
        if facts.is_live and facts.mode is TradingMode.PAPER:
            assert judge(facts).verdict is Verdict.REFUSE, combination


def test_every_refusal_has_its_barrier_and_nothing_else_has_one() -> None:
    seen = set()
    for combination in EVERY:
        ruling = judge(facts_of(*combination))
        assert (ruling.verdict is Verdict.REFUSE) == (ruling.barrier is not None)
        seen.add(ruling.barrier)
    assert seen == {None, *Barrier}


def test_a_dry_run_is_a_dry_run_whatever_was_confirmed() -> None:
    for mode, is_live, given, role in product(
        TradingMode, (False, True), CONFIRMATIONS, (None, *Role)
    ):
        ruling = judge(facts_of(Rung.DRY_RUN, mode, is_live, False, NUMBER, given, role))
        if is_live and mode is TradingMode.PAPER:
            assert ruling == Ruling(Verdict.REFUSE, Barrier.MODE_IS_PAPER)
        else:
            assert ruling == Ruling(Verdict.DRY_RUN)


@pytest.mark.parametrize(
    ("change", "barrier"),
    [
        ({"mode": TradingMode.PAPER}, Barrier.MODE_IS_PAPER),
        ({"is_live": False}, Barrier.PAPER_KEY_ON_LIVE_RUNG),
        ({"said": OTHER}, Barrier.OTHER_ACCOUNT),
        ({"said": None}, Barrier.OTHER_ACCOUNT),
        ({"confirmation": None}, Barrier.NOT_CONFIRMED),
        ({"confirmer": None}, Barrier.CONFIRMER_GONE),
        ({"confirmer": Role.APPROVER}, Barrier.CONFIRMER_GONE),
        ({"now": NOW + timedelta(days=91)}, Barrier.CONFIRMATION_OLD),
        ({"fills_by_hand": True}, Barrier.LIVE_KEPT_BY_HAND),
    ],
)
def test_a_live_account_lacks_one_thing_and_the_answer_names_it(
    change: dict[str, object], barrier: Barrier
) -> None:
    good = facts_of(
        Rung.LIVE_CAPPED, TradingMode.LIVE, True, False, NUMBER, "of this rung", Role.OWNER
    )
    assert judge(good) == Ruling(Verdict.SEND)
    assert judge(replace(good, **change)).barrier is barrier  # type: ignore[arg-type]


@pytest.mark.fault(76)
def test_a_live_key_in_the_paper_slot_is_told_as_that() -> None:
    facts = facts_of(
        Rung.BROKER_PAPER, TradingMode.LIVE, True, False, NUMBER, "of live", Role.OWNER
    )
    assert judge(facts).barrier is Barrier.LIVE_KEY_ON_PAPER_RUNG


def test_one_rung_at_a_time_and_only_from_the_dry_run_on() -> None:
    assert {rung: next_rung(rung) for rung in Rung} == {
        Rung.SIMULATED: None,
        Rung.BROKER_PAPER: None,
        Rung.DRY_RUN: Rung.LIVE_CAPPED,
        Rung.LIVE_CAPPED: Rung.LIVE,
        Rung.LIVE: None,
    }


def test_no_account_begins_on_a_live_rung() -> None:
    for is_live, by_hand, embedded in product((False, True), repeat=3):
        rung = first_rung(is_live=is_live, fills_by_hand=by_hand, is_embedded=embedded)
        if is_live or by_hand:
            assert rung is Rung.DRY_RUN
        else:
            assert rung is (Rung.SIMULATED if embedded else Rung.BROKER_PAPER)


@pytest.mark.parametrize(("number", "typed"), [("987654321", "4321"), (" pa3x9k ", "3X9K")])
def test_the_last_four_are_what_is_typed(number: str, typed: str) -> None:
    assert last_four(number) == typed
