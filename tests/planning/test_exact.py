"""What is proven about plans, and by which means."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random

import numpy as np
import pytest

from core.domain.ids import Symbol
from core.domain.plan import Method, PlanAccount, PlanRequest, ReasonCode
from core.domain.policy import FILE_DEFAULTS, Reserve
from core.domain.portfolio import Holdings
from core.domain.refusals import CannotRaise
from core.domain.targets import TargetAllocation, TargetLine
from core.planning import calculate
from core.planning.closest import solve
from core.planning.exact import Budget, solve_exact
from core.planning.knapsack import solve_knapsack
from core.planning.problem import Problem, build_problem
from core.planning.score import score
from core.planning.together import solve_together
from tests.planning.cases import Case
from tests.planning.choices import (
    MOST_CHOICES,
    choices_of,
    least_measure,
    measure_of,
    measured,
    ranges_of,
    small_request,
)
from tests.planning.test_optimum import random_request, wide_request


def problem_of(request: PlanRequest) -> Problem:
    return build_problem(request, measured(request))


@pytest.mark.parametrize(
    ("lines", "accounts", "substitutes", "cases"),
    [
        (3, 1, False, 25),
        (2, 1, True, 25),
        (1, 2, False, 25),
        (2, 2, False, 20),
        (2, 2, True, 6),
        (3, 2, False, 3),
        (1, 3, False, 8),
    ],
)
def test_no_choice_of_shares_is_better(
    lines: int, accounts: int, *, substitutes: bool, cases: int
) -> None:
    """Costs, least trades, lots, reserves, limits, lists, overdrafts and withdrawals, each now and then."""
    chance, compared, proven = Random(lines * 100 + accounts), 0, 0
    while compared < cases:
        request = small_request(chance, lines, accounts, substitutes=substitutes)
        report = measured(request)
        ranges = ranges_of(request, report)
        if choices_of(ranges) > MOST_CHOICES:
            continue
        compared += 1
        least = least_measure(request, report, ranges)
        try:
            plan = calculate(request)
        except CannotRaise:
            assert least is None
            continue
        if plan.reason.code in {ReasonCode.CASH_EXCESS, ReasonCode.WITHDRAWAL}:
            continue
        if least is None:
            assert plan.trades == ()
            continue
        found = measure_of(request, report, ranges, plan)
        assert found is not None, f"a plan breaks a rule that everything else obeys: {request}"
        assert found <= least + 1e-5, request
        assert plan.certificate is not None
        trades = len(plan.trades) * 1e-4
        assert abs(float(plan.certificate.objective) + trades - found) < 1e-6
        assert float(plan.certificate.bound) + trades <= least + 1e-5, "a bound is no bound"
        proven += plan.certificate.is_optimal
    assert proven >= cases * 0.6


def test_the_program_and_the_knapsack_agree() -> None:
    chance = Random(11)
    for _ in range(25):
        problem = problem_of(random_request(chance))
        listed = solve_knapsack(problem)
        solved = solve_exact(problem, np.zeros(len(problem.price)), budget=Budget(1000, 10))
        near = 2e-6 * problem.total
        assert score(problem, listed.units) <= score(problem, solved.units) + near
        assert solved.bound <= listed.score + near
        assert listed.bound <= score(problem, solved.units) + near


def test_the_program_never_makes_a_plan_worse() -> None:
    chance = Random(5)
    for _ in range(15):
        problem = problem_of(small_request(chance, 3, 2, substitutes=True))
        quick, exact = solve(problem, exact=False), solve(problem)
        assert score(problem, exact.units.astype(float)) <= score(
            problem, quick.units.astype(float)
        )
        assert exact.bound >= quick.bound - 1e-9


def test_a_tiny_budget_still_gives_a_plan_and_a_bound() -> None:
    problem = problem_of(small_request(Random(8), 12, 2, substitutes=True))
    start = np.zeros(len(problem.price))
    found = solve_exact(problem, start, budget=Budget(seconds=0.0))
    assert score(problem, found.units) <= score(problem, start)
    assert found.bound <= score(problem, found.units)
    assert found.timed_out


def test_twenty_lines_are_proven_without_the_program() -> None:
    chance = Random(20)
    for _ in range(4):
        plan = calculate(wide_request(chance, 20), exact=False)
        assert plan.certificate is not None
        assert plan.certificate.is_optimal
        assert plan.certificate.gap <= Decimal("0.0001")


@pytest.mark.parametrize(("lines", "accounts", "least"), [(10, 2, 6), (20, 2, 5), (10, 3, 4)])
def test_plans_over_several_accounts_are_proven_without_the_program(
    lines: int, accounts: int, least: int
) -> None:
    """With and without costs and a reserve; what the accounts spend together is mostly divided without a trade more."""
    chance, proven = Random(lines), 0
    for at in range(6):
        request = wide_household(chance, lines, accounts, costs=at % 2 == 0, reserve=at % 3 == 0)
        problem = problem_of(request)
        found = solve(problem, exact=False)
        assert np.isfinite(score(problem, found.units.astype(float)))
        proven += found.objective - found.bound <= 1.0001e-4
    assert proven >= least


def test_the_bound_over_several_accounts_is_below_what_the_program_finds() -> None:
    chance = Random(77)
    for _ in range(6):
        problem = problem_of(wide_household(chance, 5, 2, costs=True, reserve=False))
        nothing = np.zeros(len(problem.price))
        found = solve_together(problem, nothing, 1e-6 * problem.total)
        solved = solve_exact(problem, found.units, budget=Budget(500, 10))
        near = 2e-6 * problem.total
        assert found.bound <= score(problem, solved.units) + near
        assert solved.bound <= found.score + near


def wide_household(
    chance: Random, lines: int, accounts: int, *, costs: bool, reserve: bool
) -> PlanRequest:
    """Accounts of $50,000 or so that hold most of the lines, drifted to between a half and the double."""
    names = [Symbol(f"S{at:02}") for at in range(lines)]
    prices = {name: Decimal(chance.randint(2000, 40000)) / 100 for name in names}
    parts = [chance.randint(2, 10) for _ in names]
    weights = [Decimal(part * 1000 // sum(parts)) / 10 for part in parts]
    weights[-1] += 100 - sum(weights)
    held = [
        {
            name: Decimal(int(500 * float(weight) * chance.uniform(0.4, 2) / float(prices[name])))
            for name, weight in zip(names, weights, strict=True)
            if chance.random() < 0.75
        }
        for _ in range(accounts)
    ]
    cash = [Decimal(chance.randint(1000, 200_000)) / 100 for _ in held]
    costly = {"commission": Decimal(1), "spread_bps": Decimal(5)} if costs else {}
    floor = {"cash_reserve": Reserve(Decimal("0.5"), is_percent=True)} if reserve else {}
    return PlanRequest(
        tuple(
            PlanAccount(Holdings(money, each), name=f"account {at}")
            for at, (money, each) in enumerate(zip(cash, held, strict=True))
        ),
        prices,
        TargetAllocation(tuple(map(TargetLine, names, weights))),
        replace(FILE_DEFAULTS, **costly, **floor),  # type: ignore[arg-type]
        force=True,
    )


def test_the_solver_says_nothing_on_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    problem = problem_of(small_request(Random(8), 3, 2, substitutes=False))
    solve_exact(problem, np.zeros(len(problem.price)))
    assert capfd.readouterr().out == ""


def test_the_certificate_counts_to_the_cent(case: Case) -> None:
    """
    cash 1000 · A 0 @ 33.33 target 100 · policy spread 20 commission 1.25
    -> buy A 29
    """
    certificate = case.holds().certificate
    assert certificate is not None
    # A is 1000 − 29 × 33.33 = 33.43 short, 3.343 points
    assert certificate.objective == Decimal("3.343")
    assert certificate.is_optimal


def test_nothing_is_certified_where_nothing_was_solved(case: Case) -> None:
    """
    cash 0 · SPY 62 @ 100 target 60 · AGG 38 @ 100 target 40
    -> nothing
    """
    assert case.holds().certificate is None


def test_what_reaches_every_goal_needs_no_search(case: Case) -> None:
    """
    cash 0 · SPY 62 @ 100 target 60 · AGG 38 @ 100 target 40 · force
    -> sell SPY 2 · buy AGG 2
    """
    certificate = case.holds().certificate
    assert certificate is not None
    assert (certificate.method, certificate.work) == (Method.CONSTRUCTIVE, 0)
    assert certificate.is_optimal
    assert certificate.objective == 0


# --- several accounts and withdrawals ------------------------------------------------------------

A, B = Symbol("A"), Symbol("B")


def two_accounts(**changes: object) -> PlanRequest:
    """One holds only A, the other only B and all the cash; no money moves between them."""
    request = PlanRequest(
        (
            PlanAccount(Holdings(Decimal(0), {A: Decimal(8)}), name="one"),
            PlanAccount(Holdings(Decimal(200), {B: Decimal(2)}), name="two"),
        ),
        {A: Decimal(100), B: Decimal(100)},
        TargetAllocation.of({"A": 50, "B": 50}),
        FILE_DEFAULTS,
        force=True,
    )
    return replace(request, **changes)  # type: ignore[arg-type]


def legs(request: PlanRequest) -> list[tuple[str, str, str, Decimal]]:
    return [(t.account, t.side, t.symbol, t.quantity) for t in calculate(request).trades]


def test_each_account_pays_from_its_own_cash() -> None:
    """A 800, B 200, cash 200: goals 600 each; one trades A for B within itself, two spends its cash."""
    assert legs(two_accounts()) == [
        ("one", "sell", "A", Decimal(2)),
        ("one", "buy", "B", Decimal(2)),
        ("two", "buy", "B", Decimal(2)),
    ]


def test_money_to_be_taken_out_is_raised_in_the_account_that_owes_it() -> None:
    """From one, 300 are taken out: A 800, B 200, cash 200 − 300, goals 450 each."""
    one, two = two_accounts().accounts
    request = two_accounts(accounts=(replace(one, withdraw=Decimal(300)), two))
    assert legs(request) == [("one", "sell", "A", Decimal(3)), ("two", "buy", "B", Decimal(2))]


def test_money_that_cannot_be_raised_is_refused() -> None:
    """Two has 400 of its own; 500 are not to be had, whatever is sold in one."""
    one, two = two_accounts().accounts
    request = two_accounts(accounts=(one, replace(two, withdraw=Decimal(500))))
    with pytest.raises(CannotRaise) as refused:
        calculate(request)
    assert (refused.value.missing, refused.value.most) == (Decimal(100), Decimal(400))
