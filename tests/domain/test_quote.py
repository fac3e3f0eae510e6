from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.domain.ids import Symbol
from core.domain.quote import (
    PriceFault,
    PriceFaultKind,
    Proxy,
    Quote,
    QuoteBatch,
    QuoteRules,
    Witness,
    estimate,
    judge_quotes,
    moved_percent,
)
from core.domain.refusals import PricesRefused

NOW = datetime(2020, 3, 12, 15, 0, tzinfo=UTC)
VTI, BND = Symbol("VTI"), Symbol("BND")
RULES = QuoteRules(max_age=timedelta(minutes=20), currency="USD")
GOOD = Quote(VTI, Decimal(130), "USD", NOW - timedelta(minutes=1), "replay")


def faults_of(batch: QuoteBatch, closes: dict[Symbol, Decimal] | None = None) -> list[PriceFault]:
    with pytest.raises(PricesRefused) as refused:
        judge_quotes(batch, [VTI], now=NOW, rules=RULES, last_closes=closes)
    return [fault for fault in refused.value.faults if isinstance(fault, PriceFault)]


def test_good_quotes_are_returned_by_symbol() -> None:
    batch = QuoteBatch({VTI: GOOD})
    assert judge_quotes(batch, [VTI], now=NOW, rules=RULES) == {VTI: GOOD}


@pytest.mark.fault(33, 34, 41)
@pytest.mark.parametrize(
    ("quote", "kind"),
    [
        (replace(GOOD, price=Decimal("NaN")), PriceFaultKind.NOT_A_NUMBER),
        (replace(GOOD, price=Decimal("Infinity")), PriceFaultKind.NOT_A_NUMBER),
        (replace(GOOD, price=Decimal(0)), PriceFaultKind.NOT_POSITIVE),
        (replace(GOOD, price=Decimal(-1)), PriceFaultKind.NOT_POSITIVE),
        (replace(GOOD, currency="CAD"), PriceFaultKind.CURRENCY),
        (replace(GOOD, at=NOW - timedelta(minutes=20, seconds=1)), PriceFaultKind.STALE),
    ],
)
def test_a_quote_that_cannot_be_used_is_named(quote: Quote, kind: PriceFaultKind) -> None:
    (fault,) = faults_of(QuoteBatch({VTI: quote}))
    assert (fault.symbol, fault.kind) == (VTI, kind)


@pytest.mark.fault(34)
def test_a_quote_exactly_as_old_as_permitted_is_used() -> None:
    quote = replace(GOOD, at=NOW - RULES.max_age)
    assert judge_quotes(QuoteBatch({VTI: quote}), [VTI], now=NOW, rules=RULES)


@pytest.mark.fault(33, 37)
@pytest.mark.parametrize(
    ("other", "is_used"), [("132.60", True), ("127.40", True), ("132.9", False)]
)
def test_two_sources_that_disagree_are_both_named(other: str, *, is_used: bool) -> None:
    """130 lies 1.96 % under 132.60, 2.04 % above 127.40 and 2.18 % under 132.90; 2.1 % is permitted."""
    quote = replace(GOOD, witness=Witness(Decimal(other), "alpaca", Decimal("2.1")))
    if is_used:
        assert judge_quotes(QuoteBatch({VTI: quote}), [VTI], now=NOW, rules=RULES) == {VTI: quote}
        return
    (fault,) = faults_of(QuoteBatch({VTI: quote}))
    assert fault.kind is PriceFaultKind.DISAGREE
    assert (fault.price, fault.last_close, fault.detail) == (Decimal(130), Decimal(other), "alpaca")
    assert fault.source == GOOD.source


@pytest.mark.fault(37)
def test_a_jump_that_a_second_source_has_seen_too_is_believed() -> None:
    quote = replace(GOOD, witness=Witness(Decimal(131), "alpaca", Decimal(2)))
    batch = QuoteBatch({VTI: quote})
    closes = {VTI: Decimal(230)}
    assert judge_quotes(batch, [VTI], now=NOW, rules=RULES, last_closes=closes) == {VTI: quote}


@pytest.mark.fault(37)
@pytest.mark.parametrize(
    ("close", "split"),
    [("520", "4:1"), ("260", "2:1"), ("270", "2:1"), ("390", "3:1"), ("13", "1:10"), ("230", "")],
)
def test_a_jump_that_looks_like_a_split_is_named_and_not_believed_for_a_second_source(
    close: str, split: str
) -> None:
    (fault,) = faults_of(QuoteBatch({VTI: GOOD}), {VTI: Decimal(close)})
    assert (fault.kind, fault.detail) == (PriceFaultKind.JUMP, split)
    if split:
        seen = replace(GOOD, witness=Witness(Decimal(130), "alpaca", Decimal(2)))
        assert faults_of(QuoteBatch({VTI: seen}), {VTI: Decimal(close)}) == [fault]


@pytest.mark.fault(37)
@pytest.mark.parametrize("close", ["92.85", "216.67"])
def test_a_jump_beyond_belief_is_named_with_the_close(close: str) -> None:
    """130 is 40.01 % above 92.85, and 40.001 % below 216.67"""
    (fault,) = faults_of(QuoteBatch({VTI: GOOD}), {VTI: Decimal(close)})
    assert fault.kind is PriceFaultKind.JUMP
    assert fault.last_close == Decimal(close)


def test_a_move_of_exactly_the_limit_is_believed() -> None:
    assert judge_quotes(
        QuoteBatch({VTI: replace(GOOD, price=Decimal(140))}),
        [VTI],
        now=NOW,
        rules=RULES,
        last_closes={VTI: Decimal(100)},
    )


@pytest.mark.fault(33, 42)
def test_one_missing_of_two_refuses_both() -> None:
    source = PriceFault(BND, PriceFaultKind.SOURCE, detail="delisted")
    with pytest.raises(PricesRefused) as refused:
        judge_quotes(QuoteBatch({VTI: GOOD}, (source,)), [VTI, BND], now=NOW, rules=RULES)
    assert refused.value.faults == (source,)


def test_every_symbol_at_fault_is_named() -> None:
    batch = QuoteBatch({VTI: replace(GOOD, price=Decimal(0))})
    with pytest.raises(PricesRefused) as refused:
        judge_quotes(batch, [VTI, BND], now=NOW, rules=RULES)
    assert refused.value.faults == (
        PriceFault(VTI, PriceFaultKind.NOT_POSITIVE, Decimal(0), 60),
        PriceFault(BND, PriceFaultKind.MISSING),
    )


def test_how_far_a_price_moved_has_no_sign() -> None:
    assert moved_percent(Decimal(99), Decimal(100)) == 1
    assert moved_percent(Decimal(101), Decimal(100)) == 1
    assert moved_percent(Decimal(101), Decimal(0)) == 0


# --- estimates -----------------------------------------------------------------------------------

ESTIMATE = replace(GOOD, price=Decimal("165.48"), like=BND, typed=Decimal("118.20"))


@pytest.mark.parametrize(
    ("before", "now", "price"),
    [("100", "110", "130.0200"), ("3", "1", "39.4000"), ("100", "0", "0"), ("100", "-1", "-1")],
)
def test_an_estimate_moves_as_far_as_its_proxy(before: str, now: str, price: str) -> None:
    proxy = replace(GOOD, symbol=BND, price=Decimal(now))
    assert estimate(Decimal("118.20"), Proxy(BND, Decimal(before)), proxy) == Decimal(price)


def test_an_estimate_of_no_number_is_none() -> None:
    proxy = replace(GOOD, symbol=BND, price=Decimal("NaN"))
    assert estimate(Decimal(118), Proxy(BND, Decimal(100)), proxy).is_nan()


def test_an_estimate_that_moved_too_far_since_it_was_typed_is_not_believed() -> None:
    assert judge_quotes(QuoteBatch({VTI: ESTIMATE}), [VTI], now=NOW, rules=RULES)
    split = replace(ESTIMATE, price=Decimal("59.10"))
    (fault,) = faults_of(QuoteBatch({VTI: split}))
    assert (fault.kind, fault.last_close, fault.like) == (
        PriceFaultKind.JUMP,
        Decimal("118.20"),
        BND,
    )
