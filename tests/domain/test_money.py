from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.money import (
    CENT,
    Money,
    half_spread,
    parse_decimal,
    purchase_cost,
    require_finite,
    sale_proceeds,
    to_cents,
)
from core.domain.refusals import BadNumber, CurrencyMismatch

amounts = st.decimals(0, 10**6, places=4, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "value"),
    [("60", "60"), (" 12.5 ", "12.5"), (".5", "0.5"), ("-3", "-3"), ("+7.", "7"), ("007", "7")],
)
def test_reads_plain_numbers(text: str, value: str) -> None:
    assert parse_decimal("amount", text) == Decimal(value)


@pytest.mark.fault(57)
@pytest.mark.parametrize(
    "text", ["", "1e2", "٦٠", "NaN", "Infinity", "1_000", "0x10", "--1", "½", "1.2.3", "9" * 30]
)
def test_refuses_what_is_no_plain_number(text: str) -> None:
    with pytest.raises(BadNumber) as refused:
        parse_decimal("weight", text, "a number from 0 to 100")
    assert refused.value.field == "weight"
    assert refused.value.expected == "a number from 0 to 100"
    assert refused.value.correction is None


@pytest.mark.parametrize(
    ("text", "correction"),
    [("60,5", "60.5"), ("1,500", "1500"), ("1,234,567.89", "1234567.89"), ("-0,25", "-0.25")],
)
def test_offers_the_correction_of_a_comma(text: str, correction: str) -> None:
    with pytest.raises(BadNumber) as refused:
        parse_decimal("amount", text)
    assert refused.value.correction == correction
    assert parse_decimal("amount", correction)


@given(st.text(max_size=30))
def test_any_text_is_a_finite_number_or_refused(text: str) -> None:
    try:
        value = parse_decimal("amount", text)
    except BadNumber:
        return
    assert value.is_finite()
    assert text.isascii()


def test_a_purchase_rounds_up_and_a_sale_down() -> None:
    """29 × 33.363330 = 967.53657"""
    assert purchase_cost(Decimal(29), Decimal("33.36333")) == Decimal("967.54")
    assert sale_proceeds(Decimal(29), Decimal("33.36333")) == Decimal("967.53")


@given(amounts, amounts)
def test_rounding_is_never_in_our_favour_and_less_than_a_cent(
    quantity: Decimal, price: Decimal
) -> None:
    exact = quantity * price
    assert exact <= purchase_cost(quantity, price) < exact + CENT
    assert exact - CENT < sale_proceeds(quantity, price) <= exact


def test_display_rounds_half_to_even() -> None:
    assert [to_cents(Decimal(text)) for text in ("0.125", "0.135")] == [
        Decimal("0.12"),
        Decimal("0.14"),
    ]


def test_each_side_pays_half_of_the_spread() -> None:
    assert half_spread(Decimal(100), Decimal(10)) == Decimal("0.05")


def test_currencies_do_not_mix() -> None:
    five = Money(Decimal(5), "USD")
    assert five + Money(Decimal(2), "USD") - Money(Decimal(1), "USD") == Money(Decimal(6), "USD")
    with pytest.raises(CurrencyMismatch):
        five + Money(Decimal(5), "EUR")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_money_is_finite(text: str) -> None:
    with pytest.raises(BadNumber):
        Money(Decimal(text), "USD")
    with pytest.raises(BadNumber):
        require_finite("price", Decimal(text))
