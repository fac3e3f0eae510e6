"""The sieve: it is sure of nothing that the domain's own drift does not confirm, to the digits that are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.drift import measure_drift
from core.domain.ids import HouseholdId, PortfolioId, Symbol
from core.domain.packed import PackedAccount, PackedHoldings, PackedLines, PlainPortfolio
from core.domain.policy import Band, Outside, Policy
from core.domain.portfolio import Holdings
from core.domain.refusals import NegativeTotal
from core.domain.targets import TargetAllocation
from core.planning.sieve import Measured, Sieve, Sieved, _decimals

SYMBOLS = tuple(Symbol(name) for name in ("AAA", "BBB", "CCC", "DDD"))
NUMBERS = {0: Symbol("CASH")} | dict(enumerate(SYMBOLS, start=7))
BY_SYMBOL = {symbol: number for number, symbol in NUMBERS.items()}
PRICES = {symbol: Decimal(price) for symbol, price in zip(SYMBOLS, (100, 50, 10, 1), strict=True)}


FIRST = 40
"""The version of targets of the first row."""


def plain(row: int, policy: Policy, broker: str = "simulated") -> PlainPortfolio:
    return PlainPortfolio(
        PortfolioId(row),
        HouseholdId(1),
        "USD",
        None,
        broker,
        f"account {row}",
        FIRST + row,
        1,
        policy,
        None,
        None,
    )


def joined(lines: Sequence[tuple[str, str, str]]) -> PackedLines:
    return PackedLines(*map(",".join, zip(*lines, strict=True))) if lines else PackedLines()


def holdings(held: Sequence[Holdings]) -> PackedHoldings:
    """Accounts numbered against the order of rows, so that neither is taken for the other."""
    numbers = range(len(held), 0, -1)
    accounts = {
        f"account {row}": PackedAccount(number, f"{each.cash}")
        for row, (number, each) in enumerate(zip(numbers, held, strict=True))
    }
    positions = [
        (f"{number}", symbol, f"{quantity}")
        for number, each in zip(numbers, held, strict=True)
        for symbol, quantity in each.positions.items()
    ]
    return PackedHoldings(accounts, joined(positions))


def sieved(
    cases: list[tuple[Holdings, TargetAllocation, Policy]],
    prices: Mapping[Symbol, Decimal] = PRICES,
    good: frozenset[Symbol] = frozenset(SYMBOLS),
) -> Sieved:
    sieve = Sieve()
    lines = [
        (f"{FIRST + row}", f"{BY_SYMBOL[line.symbol]}", f"{line.weight}")
        for row, (_, targets, _) in enumerate(cases)
        for line in targets.lines
    ]
    packed = sieve.pack(
        [plain(row, policy) for row, (_, _, policy) in enumerate(cases)],
        NUMBERS,
        joined(lines),
        {"simulated": holdings([held for held, _, _ in cases])},
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


def test_lines_may_come_mixed_and_from_several_brokers() -> None:
    sieve = Sieve()
    packed = sieve.pack(
        [plain(0, Policy()), plain(1, Policy(), "another")],
        NUMBERS,
        PackedLines("41,40,41,40", "7,8,9,7", "50,50,50,50.00"),
        {
            "another": PackedHoldings(
                {"account 1": PackedAccount(3, "0")}, PackedLines("3,3", "CCC,AAA", "510,49")
            ),
            "simulated": PackedHoldings(
                {"account 0": PackedAccount(3, "0.00")}, PackedLines("3,3", "AAA,BBB", "51,98")
            ),
        },
    )
    assert sieve.symbols(packed) == set(SYMBOLS[:3])
    found = sieve.judge(packed, sieve.prices(PRICES, {"USD": SYMBOLS}))
    assert found.measured == [Measured("1.0000", "10000.00"), Measured("1.0000", "10000.00")]


def test_a_portfolio_without_a_line_is_measured_exactly() -> None:
    empty = {"simulated": holdings([Holdings(Decimal(100))])}
    sieve = Sieve()
    packed = sieve.pack([plain(0, Policy())], NUMBERS, PackedLines(), empty)
    assert sieve.judge(packed, sieve.prices(PRICES, {"USD": SYMBOLS})).measured == [None]


@pytest.mark.parametrize(
    ("targets", "positions"),
    [
        (PackedLines("41", "7", "100"), PackedLines()),
        (PackedLines("40", "6", "100"), PackedLines()),
        (PackedLines("40", "99", "100"), PackedLines()),
        (PackedLines("40", "7", "100"), PackedLines("5", "AAA", "1")),
    ],
)
def test_lines_that_belong_to_nobody_are_not_given_to_somebody(
    targets: PackedLines, positions: PackedLines
) -> None:
    accounts = {"account 0": PackedAccount(1, "0")}
    with pytest.raises(KeyError):
        Sieve().pack(
            [plain(0, Policy())],
            NUMBERS,
            targets,
            {"simulated": PackedHoldings(accounts, positions)},
        )


plain_decimals = st.decimals(-(10**9), 10**9, places=6).map(lambda number: f"{number:f}")
"""With and without digits after the point, short enough to be read as integers."""
any_decimals = st.one_of(
    plain_decimals,
    st.integers(-(10**20), 10**20).map(str),
    st.decimals().filter(lambda number: not number.is_snan()).map(str),
    st.sampled_from(["0", "007", "-0.05", "0.000000000000001", "123456789.123456789", "1E+3"]),
)


@given(st.one_of(st.lists(plain_decimals), st.lists(any_decimals)))
def test_decimals_are_read_as_the_floats_nearest_to_them(texts: list[str]) -> None:
    nearest = np.array([float(text) for text in texts])
    np.testing.assert_array_equal(_decimals(",".join(texts)), nearest)


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
