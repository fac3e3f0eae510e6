from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.refusals import (
    BadPolicyValue,
    BadWeight,
    DuplicateTarget,
    NoTargets,
    TargetsDoNotSum,
    TooManyTargets,
)
from core.domain.targets import (
    MAX_LINES,
    TargetAllocation,
    TargetLine,
    require_classes,
    require_readable,
    rest_to_cash,
    scale_to_hundred,
)

VTI, BND = Symbol("VTI"), Symbol("BND")


@pytest.mark.fault(57)
@pytest.mark.parametrize(
    ("weights", "total", "difference"),
    [
        ({"VTI": "60", "BND": "39.99"}, "99.99", "0.01"),
        ({"VTI": "60", "BND": "40.01"}, "100.01", "-0.01"),
        ({"VTI": "0.1"}, "0.1", "99.9"),
        ({"VTI": "60", "BND": "39.9999999999999999"}, "99.9999999999999999", "1E-16"),
    ],
)
def test_refuses_weights_that_miss_100_with_the_exact_difference(
    weights: dict[str, Decimal | int | str], total: str, difference: str
) -> None:
    with pytest.raises(TargetsDoNotSum) as refused:
        TargetAllocation.of(weights)
    assert refused.value.total == Decimal(total)
    assert refused.value.difference == Decimal(difference)


@pytest.mark.fault(57)
@pytest.mark.parametrize("weight", ["-1", "100.01", "NaN", "Infinity"])
def test_refuses_a_weight_outside_0_to_100(weight: str) -> None:
    with pytest.raises(BadWeight) as refused:
        TargetAllocation.of({"VTI": weight, "BND": 50})
    assert refused.value.symbol == "VTI"


@pytest.mark.fault(57)
def test_refuses_a_symbol_named_twice() -> None:
    with pytest.raises(DuplicateTarget) as refused:
        TargetAllocation((TargetLine(VTI, Decimal(50)), TargetLine(VTI, Decimal(50))))
    assert refused.value.symbol == "VTI"


def test_refuses_a_substitute_that_is_a_line_of_its_own() -> None:
    with pytest.raises(DuplicateTarget):
        TargetAllocation(
            (TargetLine(VTI, Decimal(50), substitutes=(BND,)), TargetLine(BND, Decimal(50)))
        )


@pytest.mark.fault(57)
def test_refuses_more_lines_than_can_be_read() -> None:
    targets = TargetAllocation.of({f"S{index}": "1.25" for index in range(80)})
    with pytest.raises(TooManyTargets) as refused:
        require_readable(targets)
    assert (refused.value.count, refused.value.limit) == (80, MAX_LINES)


@pytest.mark.parametrize(
    ("given", "expected"),
    [(None, "a class that a target has, such as in BND#bonds"), ("bonds", "bonds")],
)
def test_refuses_the_place_of_a_class_that_no_line_is_in(given: str | None, expected: str) -> None:
    targets = TargetAllocation((TargetLine(VTI, Decimal(60)), TargetLine(BND, Decimal(40), given)))
    with pytest.raises(BadPolicyValue) as refused:
        require_classes(targets, ["bnods"])
    assert (refused.value.name, refused.value.value, refused.value.expected) == (
        "locations",
        "bnods",
        expected,
    )
    require_classes(targets, [given] if given else [])


def test_refuses_no_lines() -> None:
    with pytest.raises(NoTargets):
        TargetAllocation(())


def test_cash_is_a_line_but_no_instrument() -> None:
    targets = TargetAllocation.of({"VTI": 60, "CASH": 10, "BND": 30})
    assert targets.symbols == ("VTI", "BND")
    assert targets.weight(CASH) == 10
    assert targets.weight(Symbol("XYZ")) == 0


@pytest.mark.fault(57)
@given(st.lists(st.decimals(0, 100, places=2, allow_nan=False), min_size=1, max_size=20))
def test_weights_are_taken_as_they_are_or_refused_never_scaled(weights: list[Decimal]) -> None:
    pairs: dict[str, Decimal | int | str] = {f"S{index}": w for index, w in enumerate(weights)}
    if sum(weights) == 100:
        assert list(TargetAllocation.of(pairs).weights.values()) == weights
    else:
        with pytest.raises(TargetsDoNotSum) as refused:
            TargetAllocation.of(pairs)
        assert refused.value.total + refused.value.difference == 100


@given(st.lists(st.decimals("0.01", 1000, places=2, allow_nan=False), min_size=1, max_size=20))
def test_scaling_keeps_proportions_and_sums_to_exactly_100(weights: list[Decimal]) -> None:
    pairs = [(Symbol(f"S{index}"), weight) for index, weight in enumerate(weights)]
    scaled = scale_to_hundred(pairs)
    assert sum(scaled.weights.values()) == 100
    for symbol, weight in pairs:
        exact = weight * 100 / sum(weights)
        assert abs(scaled.weight(symbol) - exact) <= Decimal("0.11")


def test_scaling_gives_the_rest_to_the_largest() -> None:
    thirds = scale_to_hundred([(Symbol(name), Decimal(1)) for name in "ABC"])
    assert thirds.weights == {
        "A": Decimal("33.34"),
        "B": Decimal("33.33"),
        "C": Decimal("33.33"),
    }


def test_scaling_nothing_is_refused() -> None:
    with pytest.raises(NoTargets):
        scale_to_hundred([])
    with pytest.raises(NoTargets):
        scale_to_hundred([(VTI, Decimal(0))])


def test_the_rest_goes_to_cash() -> None:
    assert rest_to_cash([(VTI, Decimal(60))]).weights == {"VTI": 60, "CASH": 40}
    assert rest_to_cash([(CASH, Decimal(5)), (VTI, Decimal(60))]).weights == {"CASH": 40, "VTI": 60}
    assert rest_to_cash([(VTI, Decimal(100))]).weights == {"VTI": 100}


def test_the_rest_of_too_much_is_refused() -> None:
    with pytest.raises(TargetsDoNotSum) as refused:
        rest_to_cash([(VTI, Decimal(60)), (BND, Decimal(41))])
    assert refused.value.difference == -1


def test_the_rest_hides_no_duplicate() -> None:
    with pytest.raises(DuplicateTarget):
        rest_to_cash([(VTI, Decimal(30)), (VTI, Decimal(40))])
