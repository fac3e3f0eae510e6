"""Judge a sweep: what one due check comes to, from what was gathered and seen."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from core.application.check_drift import judge_snapshot
from core.application.check_result import CheckResult, Outcome, Standing
from core.application.follow_rules import (
    holds_off,
    is_rules_check,
)
from core.application.hold_account import raise_if_all_held
from core.application.market import Market
from core.application.news import breaks_silence, may_break_silence
from core.application.plan_again import PAIRED_CAUSES
from core.application.see_accounts import Seen
from core.application.take_snapshot import (
    drift_of,
    make_snapshot,
)
from core.application.tax_looks import look_for_taxes
from core.application.try_again import looks_after_settlement
from core.application.widen_bands import widening_for, with_bands
from core.application.write_sweep import Sweep
from core.domain.alert import has_new_cash
from core.domain.due_date import is_date_due
from core.domain.ids import Symbol
from core.domain.policy import CalendarRule, Direction, Trigger
from core.domain.portfolio import (
    ManagedPortfolio,
    Snapshot,
)
from core.domain.proposal import Cause, Proposal
from core.domain.quote import QuoteBatch
from core.domain.refusals import (
    AccountHeld,
    NegativeTotal,
    NoTargets,
    Refusal,
)

LEFT_OPEN = PAIRED_CAUSES | {Cause.WITHDRAWAL}
"""Which open proposals no scheduled check puts aside."""


def before_pricing(managed: ManagedPortfolio, sweep: Sweep) -> CheckResult | None:
    """What a check comes to where nothing need be priced; None where it must be."""
    standing = sweep.standings[managed.portfolio.id]
    if managed.portfolio.is_paused:
        return CheckResult(Outcome.PAUSED)
    if managed.targets is None:
        return CheckResult(Outcome.REFUSED, refusal=NoTargets())
    if (under_way := _under_way(standing)) is not None:
        return under_way
    try:
        raise_if_all_held(managed, standing.holds)
    except AccountHeld as refusal:
        return CheckResult(Outcome.REFUSED, refusal=refusal)
    if _is_after_settlement(managed, sweep):
        return None
    number = managed.portfolio.id
    if standing.answered is not None:
        is_looked_at, otherwise = may_break_silence(managed.policy), Outcome.COOLING_DOWN
    else:
        is_looked_at = (
            number in sweep.tax_due
            or managed.policy.new_cash is not None
            or not _waits_for_date(managed, sweep)
        )
        otherwise = Outcome.ON_TARGET
    return None if is_looked_at else CheckResult(otherwise)


def is_held_off(managed: ManagedPortfolio, sweep: Sweep) -> bool:
    """Whether a rule for market conditions keeps a check from making a plan."""
    number = managed.portfolio.id
    held = holds_off(sweep.verdicts.get(number), sweep.checks[number])
    return held and not _is_after_settlement(managed, sweep)


def without_prices(managed: ManagedPortfolio, sweep: Sweep, refusal: Refusal) -> CheckResult:
    """What a check comes to that nothing can be measured for: one that is held off makes no plan anyway."""
    if is_held_off(managed, sweep):
        return CheckResult(Outcome.HELD_OFF)
    return CheckResult(Outcome.REFUSED, refusal=refusal)


def _waits_for_date(managed: ManagedPortfolio, sweep: Sweep) -> bool:
    """Whether the drift is looked at on dates only, and this is none, nor a rule's check."""
    is_by_rule = is_rules_check(sweep.checks[managed.portfolio.id])
    waits = managed.policy.trigger is Trigger.BAND_ON_DATE and not is_by_rule
    return waits and not _date_due(managed, sweep)


def _under_way(standing: Standing) -> CheckResult | None:
    """What no scheduled check puts aside: a plan being carried out, money that was asked for, and open pairs."""
    if standing.in_flight is not None:
        return CheckResult(Outcome.IN_FLIGHT, proposal=standing.in_flight)
    if standing.open is not None and standing.open.cause in LEFT_OPEN:
        return CheckResult(Outcome.STILL_OPEN, proposal=standing.open)
    return None


def _is_after_settlement(managed: ManagedPortfolio, sweep: Sweep) -> bool:
    """Whether the money of a sale has settled: purchases only, within the bands and during a cool-down too."""
    return looks_after_settlement(sweep.checks[managed.portfolio.id])


def _date_due(managed: ManagedPortfolio, sweep: Sweep) -> bool:
    rule = managed.policy.calendar
    if rule is CalendarRule.OFF:
        return False
    checked = sweep.standings[managed.portfolio.id].checked
    return is_date_due(rule, sweep.moment.session.date, checked, managed.policy.calendar_day)


def judge_one(
    managed: ManagedPortfolio,
    seen: Seen,
    batch: QuoteBatch,
    market: Market,
    closes: dict[Symbol, Decimal],
    sweep: Sweep,
) -> CheckResult:
    """What a check of one portfolio comes to, from what brokers and the price source have said."""
    if managed.targets is None:
        return CheckResult(Outcome.REFUSED, refusal=NoTargets())
    try:
        accounts = [seen.of(each) for each in managed.parts]
        snapshot = make_snapshot(
            managed,
            seen.needed[managed.portfolio.id],
            accounts,
            batch,
            sweep.moment,
            max_age=market.prices.max_age,
            last_closes=closes,
            situation=seen.taxes.situation(managed.portfolio.household_id),
        )
    except Refusal as refusal:
        return without_prices(managed, sweep, refusal)
    if is_held_off(managed, sweep):
        return _measured_only(managed, snapshot)
    pid = managed.portfolio.id
    widening = widening_for(sweep.verdicts.get(pid), sweep.checks[pid])
    result = _judged(with_bands(managed, widening), snapshot, sweep)
    return replace(result, widening=widening)


def _judged(managed: ManagedPortfolio, snapshot: Snapshot, sweep: Sweep) -> CheckResult:
    """What a look comes to that no rule holds off, with bands as wide as they are for it."""
    if _is_after_settlement(managed, sweep):
        return _purchases_alone(managed, snapshot, sweep)
    pid = managed.portfolio.id
    rooms = sweep.rooms.get(pid)
    answered = sweep.standings[pid].answered
    if answered is not None and not _is_broken(answered, managed, snapshot):
        return CheckResult(Outcome.COOLING_DOWN, snapshot=snapshot)
    due = managed.policy.trigger is Trigger.EITHER and _date_due(managed, sweep)
    if _waits_for_date(managed, sweep):
        result = CheckResult(Outcome.ON_TARGET, snapshot=snapshot)
    else:
        result = judge_snapshot(managed, snapshot, date_due=due, limits=sweep.limits, rooms=rooms)
    result = _with_new_cash(managed, snapshot, result, sweep)
    tax_due = sweep.tax_due.get(managed.portfolio.id)
    if tax_due is None or sweep.standings[managed.portfolio.id].open is not None:
        return result
    return look_for_taxes(managed, snapshot, result, tax_due, sweep.limits, rooms)


def _measured_only(managed: ManagedPortfolio, snapshot: Snapshot) -> CheckResult:
    """A check that a rule holds off: how far the portfolio has drifted is known, and no plan is made of it."""
    try:
        drift = drift_of(managed, snapshot)
    except NegativeTotal:
        return CheckResult(Outcome.HELD_OFF)
    return CheckResult(Outcome.HELD_OFF, drift, snapshot=snapshot)


def _is_broken(answered: Proposal, managed: ManagedPortfolio, snapshot: Snapshot) -> bool:
    """Whether so much has happened since an answer that its silence is over."""
    try:
        return breaks_silence(answered, drift_of(managed, snapshot), managed.policy)
    except NegativeTotal:
        return False


def _purchases_alone(managed: ManagedPortfolio, snapshot: Snapshot, sweep: Sweep) -> CheckResult:
    """What the money there would buy, within the bands too."""
    return judge_snapshot(
        managed,
        snapshot,
        direction=Direction.BUY_ONLY,
        force=True,
        limits=sweep.limits,
        rooms=sweep.rooms.get(managed.portfolio.id),
    )


def _with_new_cash(
    managed: ManagedPortfolio, snapshot: Snapshot, result: CheckResult, sweep: Sweep
) -> CheckResult:
    """Where nothing else is to be done, and so much cash lies spare that the policy says so: purchases alone."""
    if managed.policy.new_cash is None or result.outcome is not Outcome.ON_TARGET:
        return result
    if not has_new_cash(result.drift or drift_of(managed, snapshot), managed.policy):
        return result
    tried = _purchases_alone(managed, snapshot, sweep)
    return replace(tried, is_new_cash=True) if tried.outcome is Outcome.PROPOSED else result
