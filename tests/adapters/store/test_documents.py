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
from core.domain.drift import DriftLine, DriftPart, DriftReport, OutsideLine
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
from core.domain.portfolio import (
    AccountSnapshot,
    HoldingChange,
    Holdings,
    Settlement,
    Snapshot,
)
from core.domain.proposal import PriceMove, Revision, RevisionCause
from core.domain.quote import Quote
from core.domain.slot import Edge, FromEdge
from tests.contracts.store_samples import FIRST, NOW, VTI, a_plan, a_revision, a_snapshot

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
    st.lists(st.builds(DriftPart, symbols, numbers, numbers, numbers), max_size=2).map(tuple),
)
reports = st.builds(
    DriftReport,
    numbers,
    st.lists(drift_lines, max_size=3).map(tuple),
    st.lists(st.builds(OutsideLine, symbols, numbers, maybe, maybe), max_size=2).map(tuple),
    numbers,
)
names = st.integers(1, 99).map(str)
trades = st.builds(Trade, symbols, sides, numbers, numbers, numbers, numbers, reasons, names)
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
    accounts=st.lists(
        st.builds(
            AccountSnapshot,
            st.integers(1, 99).map(AccountId),
            st.builds(Holdings, numbers, by_symbol),
            fractionable=st.frozensets(symbols, max_size=3),
            settlement=st.builds(Settlement, st.frozensets(symbols, max_size=3), st.booleans()),
            untradable=st.frozensets(symbols, max_size=3),
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    quotes=st.dictionaries(symbols, quotes, max_size=3),
    taken_at=instants,
    session=st.none() | st.dates(),
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
    found = documents.read_plan(documents.write_plan(plan), FIRST)
    assert found == plan
    assert repr(found) == repr(plan)


@given(snapshots)
def test_a_snapshot_comes_back_exactly(snapshot: Snapshot) -> None:
    found = documents.read_snapshot(documents.write_snapshot(snapshot))
    assert found == snapshot
    for one, other in zip(found.accounts, snapshot.accounts, strict=True):
        assert list(one.holdings.positions) == list(other.holdings.positions)
    assert found.fingerprint == snapshot.fingerprint


OLD = """{"account_id":7,"holdings":{"cash":"12.50","positions":{"VTI":"3"}},
"quotes":{"VTI":{"symbol":"VTI","price":"150.10","currency":"USD","at":"2020-03-05T16:00:00Z","source":"replay"}},
"taken_at":"2020-03-05T16:00:00Z","session":"2020-03-05","fractionable":["VTI"],
"settlement":{"held":["BND"],"buys_wait":true},"untradable":["XYZ"],
"taxes":{"lots":[{"symbol":"VTI","quantity":"3","cost_per_share":"100","acquired":"2018-01-02"}],"owner":"Anna",
"lot_methods":["fifo"],"situation":{"today":"2020-03-05","acquisitions":[{"symbol":"VTI","quantity":"1",
"acquired":"2020-03-02","account":"","treatment":"taxable"}],"loss_sales":[{"symbol":"VTI","quantity":"1",
"sold":"2020-03-03","loss":"5","account":"9","acquired":null}]}}}"""
"""A snapshot as it was written while a portfolio had only one account."""


def test_a_snapshot_of_before_is_read_as_one_of_its_only_account() -> None:
    found = documents.read_snapshot(OLD)
    (account,) = found.accounts
    assert account.account_id == 7
    assert account.holdings == Holdings(Decimal("12.50"), {VTI: Decimal(3)})
    assert account.fractionable == {VTI}
    assert account.settlement == Settlement(frozenset({Symbol("BND")}), buys_wait=True)
    assert account.untradable == {Symbol("XYZ")}
    assert account.taxes.owner == "Anna"
    assert account.taxes.lots[0].cost_per_share == 100
    assert found.quotes[VTI].price == Decimal("150.10")
    assert (found.taken_at, found.session) == (NOW, NOW.date())
    assert found.situation.today == NOW.date()
    assert [each.account for each in found.situation.acquisitions] == ["7"]
    assert [each.account for each in found.situation.loss_sales] == ["9"]
    assert documents.read_snapshot(documents.write_snapshot(found)) == found
    assert found.fingerprint == account.holdings.fingerprint


def test_a_snapshot_of_long_before_had_fewer_words() -> None:
    plain = json.loads(OLD)
    for name in ("fractionable", "settlement", "untradable", "taxes"):
        del plain[name]
    (account,) = documents.read_snapshot(json.dumps(plain)).accounts
    assert account == AccountSnapshot(AccountId(7), account.holdings)


def test_trades_and_dropped_legs_of_before_are_those_of_the_only_account() -> None:
    text = documents.write_plan(a_plan()).replace('"account":"1"', '"account":""')
    assert {t.account for t in documents.read_plan(text, AccountId(7)).trades} == {"7"}
    kept = documents.write_changes(a_revision()).replace('"1"]', '""]')
    dropped = documents.read_changes(kept, AccountId(7)).dropped
    assert {key.account for key in dropped} == {"7"}


@given(
    st.frozensets(st.builds(LegKey, symbols, sides, names), max_size=4),
    st.lists(st.builds(PriceMove, symbols, numbers, numbers), max_size=3).map(tuple),
    st.lists(st.builds(HoldingChange, symbols, numbers, numbers), max_size=3).map(tuple),
)
def test_what_a_revision_says_of_itself_comes_back(
    dropped: frozenset[LegKey],
    moves: tuple[PriceMove, ...],
    changes: tuple[HoldingChange, ...],
) -> None:
    revision = replace(a_revision(), dropped=dropped, moves=moves, changes=changes)
    found = documents.read_changes(documents.write_changes(revision), FIRST)
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
        documents.read_plan(text, FIRST)


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
        plan=documents.read_plan(documents.write_plan(revision.plan), FIRST),
        snapshot=documents.read_snapshot(documents.write_snapshot(revision.snapshot)),
    )
    assert again.plan_hash == revision.plan_hash
