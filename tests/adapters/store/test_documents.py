"""Policies, plans, snapshots and revisions come back from their documents exactly, also from old ones."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, time
from decimal import Decimal
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.adapters.store import documents
from core.domain.drift import DriftLine, DriftReport, OutsideLine
from core.domain.due_date import ChosenDay
from core.domain.ids import AccountId, Symbol
from core.domain.plan import (
    After,
    Certificate,
    Cure,
    LegKey,
    Plan,
    Realised,
    Reason,
    ReasonCode,
    Side,
    Skipped,
    Trade,
)
from core.domain.policy import (
    Band,
    CalendarRule,
    Direction,
    Fractional,
    Objective,
    Outside,
    Policy,
    Reserve,
    Trigger,
)
from core.domain.portfolio import HoldingChange, Holdings, Snapshot
from core.domain.proposal import PriceMove, Revision, RevisionCause
from core.domain.quote import Quote
from core.domain.slot import Edge, FromEdge
from tests.contracts.store_samples import NOW, a_plan, a_revision, a_snapshot

symbols = st.from_regex(r"\A[A-Z0-9][A-Z0-9.\-]{0,11}\Z").map(Symbol)
numbers = st.decimals(allow_nan=False, allow_infinity=False, places=None)
maybe = st.none() | numbers
instants = st.datetimes(timezones=st.just(UTC))
by_symbol = st.dictionaries(symbols, numbers, max_size=4)
bands = st.builds(Band, maybe, maybe)
sides = st.sampled_from(Side)
reasons = st.builds(
    Reason,
    st.sampled_from(ReasonCode),
    st.none() | symbols,
    st.dictionaries(st.text(), numbers, max_size=3),
)
policies = st.builds(
    Policy,
    band=bands,
    bands=st.dictionaries(symbols, bands, max_size=4).map(MappingProxyType),
    portfolio_band=maybe,
    destination=numbers,
    direction=st.sampled_from(Direction),
    objective=st.sampled_from(Objective),
    fractional=st.sampled_from(Fractional),
    min_trade=numbers,
    cash_reserve=st.builds(Reserve, numbers, st.booleans()),
    commission=numbers,
    spread_bps=numbers,
    outside=st.sampled_from(Outside),
    do_not_sell=st.frozensets(symbols, max_size=4),
    do_not_buy=st.frozensets(symbols, max_size=4),
    calendar=st.sampled_from(CalendarRule),
    trigger=st.sampled_from(Trigger),
    calendar_day=st.builds(
        ChosenDay, st.integers(1, 31), st.integers(1, 12), is_weekday=st.booleans()
    ),
    check_times=st.lists(
        st.times() | st.builds(FromEdge, st.sampled_from(Edge), st.integers(0, 389)), max_size=3
    ).map(tuple),
    cool_down=st.integers(0, 1000),
    expires_after=st.integers(0, 1000),
    approvals=st.integers(1, 9),
    collar=numbers,
    tolerance=numbers,
    tolerance_across_close=numbers,
)
drift_lines = st.builds(
    DriftLine,
    symbols,
    numbers,
    numbers,
    numbers,
    numbers,
    numbers,
    numbers,
    numbers,
    maybe,
    st.booleans(),
)
reports = st.builds(
    DriftReport,
    numbers,
    st.lists(drift_lines, max_size=3).map(tuple),
    st.lists(st.builds(OutsideLine, symbols, numbers, maybe, maybe), max_size=2).map(tuple),
    numbers,
)
trades = st.builds(Trade, symbols, sides, numbers, numbers, numbers, numbers, reasons)
plans = st.builds(
    Plan,
    needed=st.booleans(),
    reason=reasons,
    before=reports,
    trades=st.lists(trades, max_size=3).map(tuple),
    skipped=st.lists(st.builds(Skipped, symbols, reasons), max_size=3).map(tuple),
    after=st.builds(After, numbers, by_symbol, numbers, numbers),
    cost=numbers,
    certificate=st.none() | st.builds(Certificate, numbers, numbers, st.booleans()),
    cure=st.none() | st.builds(Cure, numbers, st.lists(trades, max_size=2).map(tuple)),
    realised=st.lists(
        st.builds(Realised, st.text(max_size=5), numbers, numbers, maybe), max_size=2
    ).map(tuple),
)
quotes = st.builds(Quote, symbols, numbers, st.just("USD"), instants, st.text(max_size=9))
snapshots = st.builds(
    Snapshot,
    account_id=st.integers(1, 99).map(AccountId),
    holdings=st.builds(Holdings, numbers, by_symbol),
    quotes=st.dictionaries(symbols, quotes, max_size=3),
    taken_at=instants,
    session=st.none() | st.dates(),
    fractionable=st.frozensets(symbols, max_size=3),
)


@given(policies)
def test_a_policy_comes_back_exactly(policy: Policy) -> None:
    text = documents.write_policy(policy)
    found = documents.read_policy(text)
    assert found == policy
    assert documents.write_policy(found) == text
    assert repr(found.band) == repr(policy.band)


@given(plans)
def test_a_plan_comes_back_digit_for_digit(plan: Plan) -> None:
    found = documents.read_plan(documents.write_plan(plan))
    assert found == plan
    assert repr(found) == repr(plan)


@given(snapshots)
def test_a_snapshot_comes_back_exactly(snapshot: Snapshot) -> None:
    found = documents.read_snapshot(documents.write_snapshot(snapshot))
    assert found == snapshot
    assert list(found.holdings.positions) == list(snapshot.holdings.positions)
    assert found.holdings.fingerprint == snapshot.holdings.fingerprint


@given(
    st.frozensets(st.builds(LegKey, symbols, sides), max_size=4),
    st.lists(st.builds(PriceMove, symbols, numbers, numbers), max_size=3).map(tuple),
    st.lists(st.builds(HoldingChange, symbols, numbers, numbers), max_size=3).map(tuple),
)
def test_what_a_revision_says_of_itself_comes_back(
    dropped: frozenset[LegKey],
    moves: tuple[PriceMove, ...],
    changes: tuple[HoldingChange, ...],
) -> None:
    revision = replace(a_revision(), dropped=dropped, moves=moves, changes=changes)
    found = documents.read_changes(documents.write_changes(revision))
    assert (found.dropped, found.moves, found.changes) == (dropped, moves, changes)


def test_no_amount_becomes_a_number_of_json() -> None:
    """A JSON number is a float to most who read it."""
    texts = [
        documents.write_policy(Policy(min_trade=Decimal("1E+3"))),
        documents.write_plan(a_plan()),
        documents.write_snapshot(a_snapshot()),
    ]
    for text in texts:
        assert json.loads(text, parse_float=pytest.fail)
    assert '"min_trade":"1E+3"' in texts[0]


def test_amounts_that_are_no_numbers_are_refused() -> None:
    text = documents.write_plan(a_plan()).replace('"9999.99"', '"NaN"')
    with pytest.raises(ValueError, match="finite"):
        documents.read_plan(text)


def test_a_document_of_before_a_field_is_read_with_its_default() -> None:
    plain = json.loads(documents.write_policy(Policy(cool_down=9)))
    for name in ("collar", "tolerance", "bands", "check_times"):
        del plain[name]
    plain["of_a_later_version"] = {"anything": 1}
    assert documents.read_policy(json.dumps(plain)) == Policy(cool_down=9)


def test_equal_policies_have_equal_texts_and_share_what_is_read() -> None:
    one = Policy(do_not_sell=frozenset(map(Symbol, ("A", "B", "C", "D"))))
    other = Policy(do_not_sell=frozenset(map(Symbol, ("D", "C", "B", "A"))))
    text = documents.write_policy(one)
    assert documents.write_policy(other) == text
    assert documents.read_policy(text) is documents.read_policy(documents.write_policy(other))


def test_a_policy_that_was_read_cannot_be_changed_for_others() -> None:
    found = documents.read_policy(documents.write_policy(Policy(bands={Symbol("A"): Band()})))
    with pytest.raises(TypeError):
        found.bands[Symbol("B")] = Band()  # type: ignore[index]


def test_a_change_of_policy_names_only_what_changed() -> None:
    before = documents.write_policy(Policy(bands={Symbol("VTI"): Band()}))
    after = Policy(band=Band(Decimal(3), None), check_times=(time(11), FromEdge(Edge.CLOSE, 30)))
    said = documents.policy_changes(before, documents.write_policy(after))
    assert said == (
        "band absolute 3 · band relative off · check_times 11:00:00, close 30"
        " · bands VTI absolute off · bands VTI relative off"
    )


def test_the_hash_of_a_revision_survives() -> None:
    revision = Revision(1, a_plan(), a_snapshot(), RevisionCause.FIRST, NOW)
    again = replace(
        revision,
        plan=documents.read_plan(documents.write_plan(revision.plan)),
        snapshot=documents.read_snapshot(documents.write_snapshot(revision.snapshot)),
    )
    assert again.plan_hash == revision.plan_hash
