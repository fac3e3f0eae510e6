"""What was wrong with prices comes back from the outbox as it was, for as many as are told."""

from __future__ import annotations

from decimal import Decimal

from core.domain.ids import Symbol
from core.domain.quote import PriceFault, PriceFaultKind
from core.domain.told_faults import MOST_TOLD, read_faults, write_faults

VTI, BND = Symbol("VTI"), Symbol("BND")


def test_faults_come_back_exactly() -> None:
    faults = (
        PriceFault(VTI, PriceFaultKind.MISSING),
        PriceFault(
            VTI,
            PriceFaultKind.DISAGREE,
            Decimal("98.4990"),
            61,
            Decimal("1E+3"),
            "yahoo",
            source="alpaca",
        ),
        PriceFault(BND, PriceFaultKind.STALE, Decimal(70), 7200, like=VTI),
    )
    assert read_faults(write_faults(faults)) == faults


def test_of_many_the_first_are_told_and_what_is_no_price_is_not() -> None:
    many = [PriceFault(Symbol(f"S{number}"), PriceFaultKind.MISSING) for number in range(9)]
    assert read_faults(write_faults(["?", *many])) == tuple(many[:MOST_TOLD])
    assert read_faults(write_faults(())) == read_faults("") == ()
