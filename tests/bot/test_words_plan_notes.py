from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from bot.words.plan_notes import (
    certificate_sentence,
    cure_sentence,
    harvest_effect,
    lot_lines,
    realised_sentence,
)
from core.domain.ids import Symbol
from core.domain.lots import Lot, LotSale, Term
from core.domain.plan import Certificate, Cure, Realised, Reason, ReasonCode, Side, Trade
from core.domain.policy import Objective
from tests.contracts.store_samples import a_plan

VTI = Symbol("VTI")


def realised(short: str, long: str, tax: str | None, owner: str = "") -> Realised:
    return Realised(owner, Decimal(short), Decimal(long), None if tax is None else Decimal(tax))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (realised("0", "412", "61.80"), "Gain ≈ $412.00 long-term · tax ≈ $61.80"),
        (
            realised("-60", "412", None, "Anna"),
            "Anna: Loss ≈ $60.00 short-term · Gain ≈ $412.00 long-term",
        ),
        (realised("-60", "0", "-14.40"), "Loss ≈ $60.00 short-term · tax saved ≈ $14.40"),
        (realised("0", "0", "0"), "No gain · tax ≈ $0.00"),
    ],
)
def test_what_is_realised(given: Realised, sentence: str) -> None:
    assert realised_sentence(given) == sentence


def trade(*lots: LotSale, quantity: str = "19") -> Trade:
    number, price = Decimal(quantity), Decimal(10)
    reason = Reason(ReasonCode.OVER_TARGET)
    value, cost = number * price, Decimal(0)
    return Trade(VTI, Side.SELL, number, price, value, cost, reason, lots=lots)


def test_a_cure_is_rounded_up_so_that_it_is_enough() -> None:
    cure = Cure(Decimal("1180.01"), (trade(quantity="19"),))
    assert cure_sentence(cure) == "Or add $1,181, buy 19 VTI, sell none"


def sale(quantity: str, gain: str | None, term: Term, acquired: date | None) -> LotSale:
    shares = Decimal(quantity)
    return LotSale(
        Lot(VTI, shares, None, acquired),
        shares,
        shares * 10,
        None if gain is None else Decimal(gain),
        term,
    )


def test_lots_say_when_they_were_bought_and_what_they_bring() -> None:
    day = date(2023, 1, 5)
    lots = (
        sale("4", "12", Term.LONG, day),
        sale("2.5", "-3", Term.SHORT, day),
        sale("1", None, Term.UNKNOWN, None),
    )
    assert lot_lines(trade(*lots)) == [
        "4 bought 5 Jan 2023: gain $12.00 long-term",
        "2.5 bought 5 Jan 2023: loss $3.00 short-term",
        "1 bought an unknown day: cost unknown",
    ]


def test_of_many_lots_only_the_first_are_named() -> None:
    lots = [sale("1", "1", Term.LONG, date(2023, 1, day)) for day in range(1, 8)]
    shown = lot_lines(trade(*lots))
    assert len(shown) == 5
    assert shown[-1] == "and 3 more lots"


@pytest.mark.parametrize(
    ("measure", "gap", "is_optimal", "sentence"),
    [
        (
            Objective.CLOSEST,
            "0",
            True,
            "No plan under your rules comes closer to your targets: proven.",
        ),
        (Objective.FEWEST, "0", True, "No plan under your rules needs fewer trades: proven."),
        (Objective.CHEAPEST, "0", True, "No plan under your rules costs less: proven."),
        (
            Objective.CLOSEST,
            "0.001",
            False,
            "No plan under your rules comes more than 0.001 points closer to your targets: proven.",
        ),
        (
            Objective.CLOSEST,
            "0.0123",
            False,
            "Not proven: another plan under your rules might come up to 0.0123 points closer to your targets.",
        ),
        (
            Objective.FEWEST,
            "2",
            False,
            "Not proven: another plan under your rules might need up to 2 trades fewer.",
        ),
        (
            Objective.CHEAPEST,
            "1.5",
            False,
            "Not proven: another plan under your rules might cost up to $1.50 less.",
        ),
    ],
)
def test_what_is_proven(measure: Objective, gap: str, is_optimal: bool, sentence: str) -> None:
    objective = Decimal(5) + Decimal(gap)
    certificate = Certificate(objective, Decimal(5), is_optimal=is_optimal, measure=measure)
    assert certificate_sentence(certificate) == sentence


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"saved": "180"}, "Lowers this year's estimated tax by ≈ $180.00."),
        (
            {"saved": "120", "carried": "1704"},
            "Lowers this year's estimated tax by ≈ $120.00; $1,704.00 is carried over.",
        ),
        (
            {"saved": "0", "offset": "800", "carried": "0"},
            (
                "It lowers no tax that is estimated this year; "
                "$800.00 can meet other income (/policy offset counts it)."
            ),
        ),
        ({}, ""),
    ],
)
def test_a_harvest_says_what_it_does_to_this_years_tax(
    values: dict[str, str], sentence: str
) -> None:
    numbers = {name: Decimal(value) for name, value in values.items()}
    plan = replace(a_plan(), reason=Reason(ReasonCode.HARVEST, None, numbers))
    assert harvest_effect(plan) == sentence
    assert harvest_effect(a_plan()) == ""
