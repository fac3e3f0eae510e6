"""Risk: what must still be true when money is about to move."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.domain.ids import OrderId
from core.domain.order import Order
from core.domain.plan import Trade
from core.domain.policy import Policy
from core.domain.portfolio import Rung
from core.domain.proposal import ProposalState
from core.domain.refusals import ProposalNotOpen, RiskLimit
from core.domain.risk import (
    APPROVAL_LIFETIME,
    ApprovedPlan,
    Limits,
    Recheck,
    approve_plan,
    day_use,
    recheck,
    require_order_within,
    require_within_limits,
    resume_plan,
)
from tests.domain.samples import (
    BEN,
    NOON,
    SELL_AND_BUY,
    decision,
    fill,
    holdings,
    order,
    plan,
    proposal,
    rooms,
    snapshot,
    trade,
)

HELD = holdings(100, AAA=70, BBB=60)
APPROVED = proposal(decision(), state=ProposalState.APPROVED, held=HELD)
POLICY = Policy()


def look(**changes: object) -> Recheck:
    facts: dict[str, object] = {
        "snapshot": snapshot(HELD, AAA=100, BBB=50),
        "policy": POLICY,
        "across_close": False,
        "market_now": NOON,
    }
    return recheck(APPROVED, **{**facts, **changes})  # type: ignore[arg-type]


# --- the approved plan ---------------------------------------------------------------------------


def test_an_approved_plan_is_made_here_alone() -> None:
    with pytest.raises(TypeError, match="approve_plan"):
        ApprovedPlan(APPROVED, SELL_AND_BUY, object())  # type: ignore[arg-type]


def test_a_copy_with_other_trades_cannot_be_smuggled_in() -> None:
    made = approve_plan(APPROVED, Recheck(), Limits(), rooms())
    with pytest.raises(TypeError):
        replace(made, seal=object(), trades=(trade("sell", 70, "AAA", 100),))  # type: ignore[arg-type]


@pytest.mark.parametrize("state", [s for s in ProposalState if s is not ProposalState.APPROVED])
def test_only_an_approved_proposal_becomes_an_approved_plan(state: ProposalState) -> None:
    with pytest.raises(ProposalNotOpen):
        approve_plan(proposal(decision(), state=state), Recheck(), Limits(), rooms())


def test_an_incomplete_approval_is_none() -> None:
    short = proposal(decision(), state=ProposalState.APPROVED, needed=2)
    with pytest.raises(ProposalNotOpen):
        approve_plan(short, Recheck(), Limits(), rooms())


def test_an_approval_that_no_longer_holds_is_none() -> None:
    with pytest.raises(ProposalNotOpen):
        approve_plan(APPROVED, Recheck(approval_aged=True), Limits(), rooms())


@pytest.mark.parametrize("state", [s for s in ProposalState if s is not ProposalState.EXECUTING])
def test_only_what_had_begun_is_resumed(state: ProposalState) -> None:
    with pytest.raises(ProposalNotOpen):
        resume_plan(proposal(decision(), state=state))


def test_what_had_begun_is_resumed_with_its_trades() -> None:
    assert resume_plan(proposal(decision(), state=ProposalState.EXECUTING)).trades == SELL_AND_BUY


# --- orders under it -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        order("sell", 10, "AAA"),
        order("sell", "0.001", "AAA"),
        order("buy", 20, "BBB", leg=2),
    ],
)
def test_an_approved_leg_is_covered_whole_or_in_part(sent: object) -> None:
    approve_plan(APPROVED, Recheck(), Limits(), rooms()).require_covers(sent)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "sent",
    [
        order("sell", "10.001", "AAA"),
        order("buy", 10, "AAA"),
        order("sell", 10, "BBB"),
        order("sell", 10, "AAA", leg=2),
        order("sell", 10, "AAA", leg=0),
        order("sell", 10, "AAA", leg=3),
        order("sell", 10, "AAA", leg=-1),
        order("sell", 10, "AAA", proposal_id=43),
    ],
)
def test_nothing_else_is_covered(sent: object) -> None:
    with pytest.raises(RiskLimit):
        approve_plan(APPROVED, Recheck(), Limits(), rooms()).require_covers(sent)  # type: ignore[arg-type]


# --- the re-check --------------------------------------------------------------------------------


def test_nothing_changed_holds() -> None:
    assert look().holds


@pytest.mark.fault(36)
@pytest.mark.parametrize(
    ("price", "across_close", "holds"),
    [
        ("101", False, True),
        ("99", False, True),
        ("101.0001", False, False),
        ("98.9999", False, False),
        ("103", True, True),
        ("97", True, True),
        ("103.0001", True, False),
        ("96.9999", True, False),
    ],
)
def test_a_price_may_move_exactly_as_far_as_the_tolerance(
    price: str, *, across_close: bool, holds: bool
) -> None:
    found = look(snapshot=snapshot(HELD, AAA=price, BBB=50), across_close=across_close)
    assert found.holds is holds
    assert [move.symbol for move in found.moves] == ([] if holds else ["AAA"])


@given(st.decimals(50, 150, places=4), st.decimals("0.1", 20, places=2))
def test_moves_are_told_from_the_tolerance_on(price: Decimal, tolerance: Decimal) -> None:
    policy = replace(POLICY, tolerance=tolerance)
    found = look(snapshot=snapshot(HELD, AAA=price, BBB=50), policy=policy)
    assert found.holds == (abs(price - 100) <= tolerance)


@pytest.mark.fault(10, 40)
@given(st.decimals(0, 200, places=2), st.decimals(0, 100, places=3), st.decimals(0, 100, places=3))
def test_any_change_but_additional_cash_is_told(cash: Decimal, aaa: Decimal, bbb: Decimal) -> None:
    assume(aaa or bbb)
    found = look(snapshot=snapshot(holdings(cash, AAA=aaa, BBB=bbb), AAA=100, BBB=50))
    is_same = aaa == 70 and bbb == 60 and cash >= 100
    assert found.holds is is_same


def test_a_symbol_that_was_not_there_is_a_change() -> None:
    found = look(snapshot=snapshot(holdings(100, AAA=70, BBB=60, CCC=1), AAA=100, BBB=50))
    (change,) = found.changes
    assert change.symbol == "CCC"
    assert change.before == 0
    assert change.after == 1


@pytest.mark.parametrize(
    ("passed", "aged"),
    [
        (timedelta(0), False),
        (APPROVAL_LIFETIME, False),
        (APPROVAL_LIFETIME + timedelta(microseconds=1), True),
    ],
)
def test_an_approval_is_good_for_fifteen_minutes(passed: timedelta, *, aged: bool) -> None:
    assert look(market_now=NOON + passed).approval_aged is aged


def test_the_last_approval_completes_it() -> None:
    two = proposal(
        decision(),
        decision(by=BEN, at=NOON + timedelta(minutes=10)),
        state=ProposalState.APPROVED,
        needed=2,
        held=HELD,
    )
    found = recheck(
        two,
        snapshot=snapshot(HELD, AAA=100, BBB=50),
        policy=POLICY,
        across_close=False,
        market_now=NOON + timedelta(minutes=25),
    )
    assert found.holds


def test_a_scheduled_approval_ages_from_its_time_on() -> None:
    morning = NOON + timedelta(hours=20)
    scheduled = replace(APPROVED, scheduled_for=morning)
    for passed, aged in ((timedelta(0), False), (timedelta(minutes=16), True)):
        found = recheck(
            scheduled,
            snapshot=snapshot(HELD, AAA=100, BBB=50),
            policy=POLICY,
            across_close=True,
            market_now=morning + passed,
        )
        assert found.approval_aged is aged


def test_without_an_approval_nothing_is_fresh() -> None:
    bare = replace(APPROVED, decisions=())
    found = recheck(
        bare,
        snapshot=snapshot(HELD, AAA=100, BBB=50),
        policy=POLICY,
        across_close=False,
        market_now=NOON,
    )
    assert found.approval_aged


# --- limits of the installation ------------------------------------------------------------------


@pytest.mark.fault(77)
def test_four_hundred_orders_are_refused() -> None:
    hostile = plan(*(trade("buy", 1, f"S{n}", 1) for n in range(400)))
    with pytest.raises(RiskLimit) as refused:
        require_within_limits(hostile, Limits(), rooms())
    assert refused.value.value == 400
    assert refused.value.allowed == 100


@pytest.mark.fault(77)
def test_ten_times_the_portfolio_is_refused() -> None:
    hostile = plan(trade("buy", 1000, "AAA", 100), total=10_000)
    with pytest.raises(RiskLimit) as refused:
        require_within_limits(hostile, Limits(), rooms())
    assert refused.value.value == 1000
    assert refused.value.allowed == 200


@pytest.mark.fault(77)
@pytest.mark.parametrize("rung", list(Rung))
@pytest.mark.parametrize(
    ("limits", "cap"),
    [
        (Limits(max_order_value=Decimal(1000)), {Rung.LIVE_CAPPED: 500}),
        (Limits(max_order_value=Decimal(300)), {}),
        (Limits(), {Rung.LIVE_CAPPED: 500}),
    ],
)
def test_one_leg_over_the_limit_is_refused_and_named(
    limits: Limits, cap: dict[Rung, int], rung: Rung
) -> None:
    allowed = cap.get(rung, limits.max_order_value)
    over = (allowed or Decimal(5000)) + 1
    made = plan(trade("sell", 1, "AAA", 100), trade("buy", 1, "BBB", over))
    if allowed is None:
        require_within_limits(made, limits, rooms(rung))
        return
    with pytest.raises(RiskLimit) as refused:
        require_within_limits(made, limits, rooms(rung))
    assert refused.value.leg == "2. buy BBB"
    assert refused.value.allowed == allowed
    assert refused.value.setting in {"LIMIT_ORDER_VALUE", "LIVE_CAP_ORDER"}


@pytest.mark.fault(77)
def test_the_days_cap_counts_what_the_day_has_seen() -> None:
    made = plan(trade("sell", 4, "AAA", 100), trade("buy", 8, "BBB", 50))
    require_within_limits(made, Limits(), rooms(Rung.LIVE_CAPPED, Decimal(1200)))
    with pytest.raises(RiskLimit) as refused:
        require_within_limits(made, Limits(), rooms(Rung.LIVE_CAPPED, Decimal("1200.01")))
    assert refused.value.setting == "LIVE_CAP_DAY"
    require_within_limits(made, Limits(), rooms(Rung.LIVE, Decimal(1_000_000)))


@pytest.mark.fault(77)
@given(st.sampled_from([Decimal("0.01"), Decimal("0.5"), Decimal(2), Decimal(100)]))
def test_a_price_that_is_off_is_refused(factor: Decimal) -> None:
    wrong = trade("buy", 1, "AAA", 100 * factor)
    hostile = proposal(decision(), state=ProposalState.APPROVED, trades=(wrong,), held=HELD)
    with pytest.raises(RiskLimit) as refused:
        approve_plan(hostile, Recheck(), Limits(), rooms())
    assert refused.value.setting == "LIMIT_COLLAR"


@pytest.mark.fault(77)
@pytest.mark.parametrize(
    "broken",
    [
        replace(trade("buy", 1, "AAA", 100), value=Decimal(1)),
        replace(trade("buy", 1, "AAA", 100), quantity=Decimal("NaN")),
        replace(trade("buy", 1, "AAA", 100), price=Decimal("Infinity")),
        trade("sell", -1, "AAA", 100),
        trade("sell", 0, "AAA", 100),
    ],
)
def test_a_leg_whose_numbers_do_not_fit_is_refused(broken: Trade) -> None:
    with pytest.raises(RiskLimit):
        require_within_limits(plan(broken), Limits(), rooms())


_HOSTILE = st.lists(
    st.tuples(
        st.sampled_from(["AAA", "BBB"]),
        st.sampled_from(["buy", "sell"]),
        st.decimals("0.001", 100_000, places=3),
        st.sampled_from([Decimal("0.01"), Decimal("0.94"), Decimal(1), Decimal(100)]),
    ),
    min_size=1,
    max_size=120,
)


@pytest.mark.fault(77)
@given(_HOSTILE, st.sampled_from(list(Rung)), st.decimals(0, 3000, places=2))
def test_whatever_the_plan_what_is_approved_keeps_every_limit(
    lines: list[tuple[str, str, Decimal, Decimal]], rung: Rung, used: Decimal
) -> None:
    prices = {"AAA": Decimal(100), "BBB": Decimal(50)}
    trades = tuple(trade(side, n, s, prices[s] * off) for s, side, n, off in lines)
    limits = Limits(max_order_value=Decimal(4000))
    asked = proposal(decision(), state=ProposalState.APPROVED, trades=trades, held=HELD)
    cap = Decimal(500) if rung is Rung.LIVE_CAPPED else Decimal(4000)
    turnover = sum((t.value for t in trades), Decimal(0))
    is_fine = (
        len(trades) <= 100
        and all(off == 1 for *_, off in lines)
        and all(t.value <= cap for t in trades)
        and turnover <= 2 * asked.revision.plan.before.total
        and (rung is not Rung.LIVE_CAPPED or used + turnover <= 2000)
    )
    if is_fine:
        assert approve_plan(asked, Recheck(), limits, rooms(rung, used)).trades == trades
    else:
        with pytest.raises(RiskLimit):
            approve_plan(asked, Recheck(), limits, rooms(rung, used))


def test_a_collar_that_was_set_under_wider_limits_is_clamped() -> None:
    assert Limits().clamp(Policy(collar=Decimal(10))).collar == 5
    assert Limits().clamp(Policy()).collar == Decimal("0.5")


# --- orders about to be sent ---------------------------------------------------------------------

LEG = trade("buy", 4, "AAA", 100)


def about_to(quantity: int, limit: object, state: str = "intended") -> Order:
    made = order("buy", quantity, "AAA", state=state)
    return replace(made, limit_price=None if limit is None else Decimal(str(limit)))


@pytest.mark.fault(77)
@pytest.mark.parametrize(
    ("sent", "rung", "used", "setting"),
    [
        (about_to(4, 125), Rung.LIVE, 0, ""),
        (about_to(4, "125.01"), Rung.LIVE, 0, "LIMIT_COLLAR"),
        (about_to(4, 1), Rung.LIVE, 0, "LIMIT_COLLAR"),
        (about_to(4, 125), Rung.LIVE_CAPPED, 1500, ""),
        (about_to(4, 125), Rung.LIVE_CAPPED, 1501, "LIVE_CAP_DAY"),
        (about_to(5, "100.01"), Rung.LIVE_CAPPED, 0, "LIVE_CAP_ORDER"),
        (about_to(6, 99), Rung.LIVE_CAPPED, 0, "LIVE_CAP_ORDER"),
        (about_to(6, None), Rung.LIVE_CAPPED, 0, "LIVE_CAP_ORDER"),
        (about_to(6, None), Rung.BROKER_PAPER, 0, ""),
    ],
)
def test_each_order_is_held_against_the_limits_once_more(
    sent: Order, rung: Rung, used: int, setting: str
) -> None:
    if not setting:
        require_order_within(sent, LEG, Limits(), rung, Decimal(used))
        return
    with pytest.raises(RiskLimit) as refused:
        require_order_within(sent, LEG, Limits(), rung, Decimal(used))
    assert refused.value.setting == setting


def test_a_day_counts_what_was_filled_and_what_may_still_be() -> None:
    """
    filled 2 @ 99 -> 198 · open 4 at 101 -> 404 · unclear 1 at 100 -> 100
    cancelled after 1 @ 99 -> 99 · refused, void, not sent yet -> 0
    """
    orders = [
        replace(about_to(2, 100, "filled"), fills=(fill(2, 99),)),
        about_to(4, 101, "submitted"),
        about_to(1, 100, "unknown"),
        replace(about_to(3, 100, "cancelled"), fills=(fill(1, 99),)),
        *(about_to(9, 100, state) for state in ("rejected", "void", "intended")),
    ]
    assert day_use(orders) == 198 + 404 + 100 + 99


def test_a_day_counts_what_is_open_at_the_price_it_could_bring() -> None:
    """
    sale of 4, planned at 100, limit 99.50 -> 400, not 398 · 1 of 4 sold at 102 -> 102 + 3 x 100
    purchase of 4, planned at 100, limit 100.50 -> 402 · filled 4 @ 99.50 -> 398
    """
    rests = replace(about_to(4, "99.50", "submitted"), id=OrderId(1))
    partly = replace(rests, id=OrderId(2), fills=(fill(1, 102),))
    bought = replace(about_to(4, "100.50", "submitted"), id=OrderId(3))
    ended = replace(about_to(4, "99.50", "filled"), id=OrderId(4), fills=(fill(4, "99.50"),))
    planned = {OrderId(n): Decimal(100) for n in (1, 2, 3, 4)}
    assert day_use([rests], planned) == 400
    assert day_use([partly], planned) == 402
    assert day_use([bought], planned) == 402
    assert day_use([ended], planned) == 398


@given(
    st.lists(st.tuples(st.integers(1, 10_000), st.decimals("0.01", 5_000, places=2)), max_size=150),
    st.decimals("0.01", 1_000_000, places=2),
)
def test_a_plan_within_both_limits_passes_and_no_other(
    lines: list[tuple[int, Decimal]], total: Decimal
) -> None:
    made = plan(
        *(trade("buy", quantity, f"S{n}", price) for n, (quantity, price) in enumerate(lines)),
        total=total,
    )
    is_small = len(lines) <= 100 and sum(q * p for q, p in lines) <= 2 * total
    if is_small:
        require_within_limits(made, Limits(), rooms())
    else:
        with pytest.raises(RiskLimit):
            require_within_limits(made, Limits(), rooms())


@pytest.mark.fault(77)
def test_the_limits_hold_at_approval_too() -> None:
    hostile = proposal(
        decision(), state=ProposalState.APPROVED, trades=(trade("buy", 10_000, "AAA", 100),)
    )
    with pytest.raises(RiskLimit):
        approve_plan(hostile, Recheck(), Limits(), rooms())
