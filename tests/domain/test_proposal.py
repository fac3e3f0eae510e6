"""Proposals: who may decide what and when, which approvals count, and what an edit may do."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import proposal as proposals
from core.domain.ids import Symbol
from core.domain.membership import Role
from core.domain.permissions import Act
from core.domain.plan import LegKey, Side
from core.domain.proposal import (
    IN_FLIGHT,
    TERMINAL,
    TRANSITIONS,
    UNDECIDED,
    ProposalState,
    caps_after_edit,
    require_decidable,
    require_first_approval,
    require_move,
)
from core.domain.refusals import (
    AlreadyApproved,
    CannotEnlarge,
    IllegalMove,
    NotAllowed,
    NothingLeft,
    OldRevision,
    ProposalExpired,
    ProposalNotOpen,
    Refusal,
    UnknownLeg,
)
from tests.domain.samples import ANNA, BEN, NOON, decision, diagram, proposal, trade

LATE = NOON + timedelta(days=3)


def test_the_diagram_is_the_transition_table() -> None:
    table = {str(before): {str(after) for after in nexts} for before, nexts in TRANSITIONS.items()}
    drawn = diagram(proposals.__doc__)
    assert {state: nexts for state, nexts in table.items() if nexts} == drawn
    assert set(table) == set(map(str, ProposalState))


@pytest.mark.parametrize("before", ProposalState)
@pytest.mark.parametrize("after", ProposalState)
def test_only_drawn_moves_are_made(before: ProposalState, after: ProposalState) -> None:
    if after in TRANSITIONS[before]:
        require_move(before, after)
    else:
        with pytest.raises(IllegalMove):
            require_move(before, after)


def test_every_state_is_undecided_in_flight_or_at_its_end() -> None:
    assert set(ProposalState) == UNDECIDED | IN_FLIGHT | TERMINAL
    assert not TERMINAL & (UNDECIDED | IN_FLIGHT)


@pytest.mark.fault(52, 58)
@pytest.mark.parametrize(
    ("role", "state", "now", "revision", "refusal"),
    [
        (Role.APPROVER, ProposalState.OPEN, NOON, 1, None),
        (Role.OWNER, ProposalState.OPEN, LATE - timedelta(microseconds=1), 1, None),
        (Role.OWNER, ProposalState.OPEN, NOON, 2, OldRevision),
        (Role.OWNER, ProposalState.OPEN, LATE, 1, ProposalExpired),
        (Role.OWNER, ProposalState.OPEN, LATE, 2, ProposalExpired),
        (Role.OWNER, ProposalState.APPROVED, LATE, 2, ProposalNotOpen),
        (Role.PROPOSER, ProposalState.APPROVED, LATE, 2, NotAllowed),
        (Role.VIEWER, ProposalState.OPEN, NOON, 1, NotAllowed),
        (None, ProposalState.OPEN, NOON, 1, NotAllowed),
    ],
)
def test_a_tap_is_refused_for_the_reason_that_helps_most(
    role: Role | None,
    state: ProposalState,
    now: object,
    revision: int,
    refusal: type[Refusal] | None,
) -> None:
    """Who comes first, then whether it is open, in time, and the revision that is shown."""

    def tap() -> None:
        require_decidable(
            proposal(state=state),
            role=role,
            revision=revision,
            market_now=now,  # type: ignore[arg-type]
            act=Act.APPROVE,
        )

    if refusal is None:
        tap()
    else:
        with pytest.raises(refusal):
            tap()


def test_who_was_faster_is_named() -> None:
    """When is said in the exchange's time, as on the proposal itself: a replay's is not the wall's."""
    by_ben = replace(decision(by=BEN), at=LATE)
    decided = proposal(by_ben, state=ProposalState.APPROVED)
    with pytest.raises(ProposalNotOpen) as refused:
        require_decidable(decided, role=Role.OWNER, revision=1, market_now=NOON, act=Act.APPROVE)
    assert (refused.value.decided_by, refused.value.decided_at) == ("Ben", NOON)


def test_one_approval_counts_for_each_member() -> None:
    twice = proposal(decision(), decision(), needed=2)
    assert [d.member_id for d in twice.approvals] == [ANNA]
    assert not twice.is_complete
    assert proposal(decision(), decision(by=BEN), needed=2).is_complete


def test_approvals_of_an_older_revision_do_not_count() -> None:
    revised = proposal(decision(revision=1), decision(by=BEN, revision=2), revision=2, needed=2)
    assert [d.member_id for d in revised.approvals] == [BEN]


@pytest.mark.parametrize("kind", ["reject", "reopen"])
def test_a_rejection_clears_the_approvals_before_it(kind: str) -> None:
    taken_back = proposal(decision(), decision(kind, by=BEN), decision(by=BEN), needed=2)
    assert [d.member_id for d in taken_back.approvals] == [BEN]


def test_putting_off_takes_no_approval_back() -> None:
    assert proposal(decision(), decision("later", by=BEN)).is_complete


def test_a_rejection_of_an_older_revision_clears_nothing() -> None:
    kept = proposal(decision(revision=2), decision("reject", by=BEN, revision=1), revision=2)
    assert kept.is_complete


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["approve", "reject", "reopen", "later"]),
            st.sampled_from([ANNA, BEN]),
            st.integers(1, 2),
        ),
        max_size=8,
    )
)
def test_approvals_are_distinct_people_of_this_revision_after_the_last_rejection(
    decided: list[tuple[str, int, int]],
) -> None:
    made = [decision(kind, by, revision) for kind, by, revision in decided]  # type: ignore[arg-type]
    counted = proposal(*made, revision=2).approvals
    mine = [d for d in made if d.revision == 2]
    after = list(itertools.takewhile(lambda d: d.kind not in {"reject", "reopen"}, mine[::-1]))
    assert len({d.member_id for d in counted}) == len(counted)
    assert {d.member_id for d in counted} == {d.member_id for d in after if d.kind == "approve"}


@pytest.mark.fault(2)
def test_a_second_approval_by_the_same_person_is_refused() -> None:
    with pytest.raises(AlreadyApproved):
        require_first_approval(proposal(decision(), needed=2), ANNA)
    require_first_approval(proposal(decision(), needed=2), BEN)
    require_first_approval(proposal(decision(revision=1), revision=2), ANNA)


def test_an_edit_lowers_one_leg_and_lets_no_other_grow() -> None:
    """sell AAA 10 · buy BBB 20: the sale is halved."""
    assert caps_after_edit(proposal(), 1, Decimal(5)) == {
        LegKey(Symbol("AAA"), Side.SELL, "1"): Decimal(5),
        LegKey(Symbol("BBB"), Side.BUY, "1"): Decimal(20),
    }


def test_a_dropped_leg_may_not_trade_at_all() -> None:
    assert caps_after_edit(proposal(), 1, Decimal(0)) == {
        LegKey(Symbol("BBB"), Side.BUY, "1"): Decimal(20)
    }


@pytest.mark.parametrize("leg", [0, 3, -1])
def test_an_edit_of_a_leg_that_does_not_exist_is_refused(leg: int) -> None:
    with pytest.raises(UnknownLeg):
        caps_after_edit(proposal(), leg, Decimal(1))


def test_an_edit_cannot_enlarge() -> None:
    with pytest.raises(CannotEnlarge) as refused:
        caps_after_edit(proposal(), 2, Decimal("20.001"))
    assert refused.value.leg == 2
    assert refused.value.proposed == 20


def test_the_last_leg_cannot_be_dropped() -> None:
    with pytest.raises(NothingLeft):
        caps_after_edit(proposal(trades=(trade("buy", 1, "AAA", 9),)), 1, Decimal(0))


def test_the_hash_is_of_what_an_approver_sees() -> None:
    shown = proposal()
    same = proposal(trades=(trade("sell", "10.000", "AAA", "100.0"), trade("buy", 20, "BBB", 50)))
    assert same.revision.plan_hash == shown.revision.plan_hash
    others = [
        proposal(revision=2),
        proposal(trades=(trade("sell", 11, "AAA", 100), trade("buy", 20, "BBB", 50))),
        proposal(trades=(trade("buy", 10, "AAA", 100), trade("buy", 20, "BBB", 50))),
        proposal(trades=(trade("sell", 10, "AAA", 101), trade("buy", 20, "BBB", 50))),
        proposal(trades=(trade("sell", 10, "AAB", 100), trade("buy", 20, "BBB", 50))),
    ]
    hashes = {other.revision.plan_hash for other in others}
    assert len(hashes) == len(others)
    assert shown.revision.plan_hash not in hashes


def test_other_holdings_give_another_hash() -> None:
    shown = proposal()
    (account,) = shown.revision.snapshot.accounts
    other = replace(account, holdings=replace(account.holdings, cash=Decimal(1)))
    snap = replace(shown.revision.snapshot, accounts=(other,))
    revision = replace(shown.revision, snapshot=snap)
    assert revision.plan_hash != shown.revision.plan_hash
