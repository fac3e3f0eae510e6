"""The sieve: it is sure of nothing that the domain's own drift does not confirm, to the digits that are written."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.drift import measure_drift
from core.domain.ids import Symbol
from core.domain.packed import PackedHoldings, PackedTargets
from core.domain.policy import Band, Outside, Policy
from core.domain.portfolio import Holdings
from core.domain.refusals import NegativeTotal
from core.domain.targets import TargetAllocation
from core.planning.sieve import Measured, Sieve, Sieved

SYMBOLS = tuple(Symbol(name) for name in ("AAA", "BBB", "CCC", "DDD"))
NUMBERS = {"0": Symbol("CASH")} | {f"{n}": symbol for n, symbol in enumerate(SYMBOLS, start=7)}
BY_SYMBOL = {symbol: number for number, symbol in NUMBERS.items()}
PRICES = {symbol: Decimal(price) for symbol, price in zip(SYMBOLS, (100, 50, 10, 1), strict=True)}


def sieved(
    cases: list[tuple[Holdings, TargetAllocation, Policy]],
    prices: Mapping[Symbol, Decimal] = PRICES,
    good: frozenset[Symbol] = frozenset(SYMBOLS),
) -> Sieved:
    sieve = Sieve()
    packed = sieve.pack(
        NUMBERS,
        [
            PackedTargets(
                ",".join(BY_SYMBOL[line.symbol] for line in targets.lines),
                ",".join(str(line.weight) for line in targets.lines),
            )
            for _, targets, _ in cases
        ],
        [
            PackedHoldings(
                str(held.cash),
                ",".join(held.positions),
                ",".join(map(str, held.positions.values())),
            )
            for held, _, _ in cases
        ],
        [policy for _, _, policy in cases],
        ["USD" for _ in cases],
    )
    return sieve.judge(packed, sieve.prices(prices, {"USD": good}))


def said(
    cash: str,
    positions: Mapping[str, str],
    targets: Mapping[str, str],
    policy: Policy | None = None,
) -> Measured | None:
    held = Holdings(Decimal(cash), {Symbol(s): Decimal(q) for s, q in positions.items()})
    (only,) = sieved([(held, TargetAllocation.of(targets), policy or Policy())]).measured
    return only


HALVES = {"AAA": "50", "BBB": "50"}


def test_a_portfolio_on_target_is_told_with_its_numbers() -> None:
    """
    cash 0 · AAA 51 @ 100 target 50 · BBB 98 @ 50 target 50
    -> worth 10,000; both a point off
    """
    assert said("0", {"AAA": "51", "BBB": "98"}, HALVES) == Measured("1.0000", "10000.00")


def test_a_line_beyond_its_band_is_left_to_be_measured_exactly() -> None:
    assert said("0", {"AAA": "56", "BBB": "88"}, HALVES) is None


def test_a_line_at_its_band_is_left_to_be_measured_exactly() -> None:
    """Exactly five points are within the band; a float cannot tell them from a little more."""
    assert said("0", {"AAA": "55", "BBB": "90"}, HALVES) is None
    assert said("0", {"AAA": "54.99", "BBB": "90.02"}, HALVES) is not None


def test_the_relative_part_counts_for_lines_and_not_for_cash() -> None:
    targets = {"AAA": "90", "BBB": "5", "CASH": "5"}
    assert said("700", {"AAA": "88", "BBB": "10"}, targets) is not None
    assert said("500", {"AAA": "88", "BBB": "14"}, targets) is None


def test_too_much_cash_is_seen_with_and_without_a_line_of_its_own() -> None:
    assert said("600", {"AAA": "47", "BBB": "94"}, HALVES) is None
    assert said("600", {"AAA": "94"}, {"AAA": "95", "CASH": "5"}) is not None
    assert said("1100", {"AAA": "89"}, {"AAA": "95", "CASH": "5"}) is None


def test_a_band_of_the_whole_portfolio_is_heeded() -> None:
    policy = Policy(portfolio_band=Decimal("0.5"))
    assert said("0", {"AAA": "51", "BBB": "98"}, HALVES, policy) is None
    assert said("0", {"AAA": "50.4", "BBB": "99.2"}, HALVES, policy) is not None


def test_positions_without_a_target_count_where_they_are_to_be_sold() -> None:
    held = {"AAA": "50", "BBB": "100", "CCC": "1"}
    assert said("0", held, HALVES) == Measured("0.0000", "10000.00")
    assert said("0", held, HALVES, Policy(outside=Outside.SELL)) is None
    assert said("0", {**held, "CCC": "0"}, HALVES, Policy(outside=Outside.SELL)) is not None


@pytest.mark.parametrize(
    ("cash", "positions"),
    [
        ("0", {}),
        ("-1", {"AAA": "50", "BBB": "100"}),
        ("0", {"AAA": "101", "BBB": "-2"}),
        ("NaN", {"AAA": "50", "BBB": "100"}),
        ("0", {"AAA": "50", "BBB": "100", "CCC": "-1"}),
    ],
)
def test_what_is_worth_nothing_or_below_nothing_is_measured_exactly(
    cash: str, positions: Mapping[str, str]
) -> None:
    assert said(cash, positions, HALVES) is None


def test_numbers_in_the_middle_between_two_roundings_are_measured_exactly() -> None:
    assert said("0.005", {"AAA": "50", "BBB": "100"}, HALVES) is None
    assert said("0.0051", {"AAA": "50", "BBB": "100"}, HALVES) == Measured("0.0001", "10000.01")


def test_a_price_that_may_not_be_used_leaves_its_portfolios_alone_only() -> None:
    halves, other = TargetAllocation.of(HALVES), TargetAllocation.of({"AAA": 50, "CCC": 50})
    held = [
        (
            Holdings(Decimal(0), {SYMBOLS[0]: Decimal(50), SYMBOLS[1]: Decimal(100)}),
            halves,
            Policy(),
        ),
        (
            Holdings(Decimal(0), {SYMBOLS[0]: Decimal(50), SYMBOLS[2]: Decimal(500)}),
            other,
            Policy(),
        ),
    ]
    found = sieved(held, good=frozenset(SYMBOLS) - {SYMBOLS[1]})
    assert found.measured == [None, Measured("0.0000", "10000.00")]
    assert found.symbols == {SYMBOLS[0], SYMBOLS[2]}


def test_the_price_of_what_is_kept_outside_is_remembered_where_it_is_one() -> None:
    targets = TargetAllocation.of(HALVES)
    positions = dict.fromkeys(SYMBOLS, Decimal(1)) | {
        SYMBOLS[0]: Decimal(50),
        SYMBOLS[1]: Decimal(100),
    }
    case = (Holdings(Decimal(0), positions), targets, Policy())
    without = {**PRICES, SYMBOLS[3]: Decimal(0)}
    assert sieved([case], without, frozenset(SYMBOLS[:2])).symbols == frozenset(SYMBOLS[:3])
    strange = {**PRICES, SYMBOLS[3]: Decimal("NaN")}
    assert sieved([case], strange).measured == [None]


quantities = st.decimals(0, 2000, places=3, allow_nan=False, allow_infinity=False)
shares = st.dictionaries(st.sampled_from(SYMBOLS), quantities)
widths = st.one_of(st.none(), st.decimals(Decimal("0.1"), 40, places=2))
policies = st.builds(
    Policy,
    band=st.builds(Band, absolute=widths, relative=widths),
    portfolio_band=widths,
    outside=st.sampled_from(Outside),
)


@st.composite
def allocations(draw: st.DrawFn) -> TargetAllocation:
    names = draw(st.permutations([*SYMBOLS, Symbol("CASH")]))[: draw(st.integers(1, 5))]
    cuts = sorted(draw(st.integers(0, 400)) for _ in names[1:])
    parts = [high - low for low, high in zip([0, *cuts], [*cuts, 400], strict=True)]
    return TargetAllocation.of({n: Decimal(p) / 4 for n, p in zip(names, parts, strict=True)})


@given(
    st.lists(
        st.tuples(st.builds(Holdings, quantities, shares), allocations(), policies), min_size=1
    )
)
def test_of_nothing_is_it_sure_that_the_domain_measures_otherwise(
    cases: list[tuple[Holdings, TargetAllocation, Policy]],
) -> None:
    for (held, targets, policy), found in zip(cases, sieved(cases).measured, strict=True):
        try:
            report = measure_drift(held, PRICES, targets, policy)
        except NegativeTotal:
            assert found is None
            continue
        limit = policy.portfolio_band
        is_on_target = not report.breached and (limit is None or report.portfolio_drift <= limit)
        if found is not None:
            assert is_on_target
            assert found == (f"{report.portfolio_drift:.4f}", f"{report.total:.2f}")
        elif is_on_target and policy.outside is Outside.KEEP:
            rooms = [
                band - abs(line.drift) for line in report.lines if (band := line.band) is not None
            ]
            rooms += [] if limit is None else [limit - report.portfolio_drift]
            near = min(rooms, default=Decimal(1)) < Decimal("0.00001")
            assert near or _is_between(report.total, 2) or _is_between(report.portfolio_drift, 4)


def _is_between(number: Decimal, places: int) -> bool:
    rest = number.scaleb(places) % 1
    return abs(rest - Decimal("0.5")) < Decimal("0.0001")
