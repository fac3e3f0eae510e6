"""One-time codes: real money is approved with one, each counts once, and wrong ones are counted for good."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import pytest_asyncio

from core.adapters.vault import AesGcmVault
from core.application.decide_proposal import approve_proposal
from core.application.decisions import Decided
from core.application.gate import Gate
from core.application.one_time_codes import (
    LOCKED_FOR,
    MOST_FAILURES,
    PERIOD,
    Proof,
    enrol_codes,
    link_of,
    new_secret,
    remove_codes,
)
from core.domain.ids import UserId
from core.domain.ladder import Confirmation, TradingMode
from core.domain.membership import Member, Role
from core.domain.outbox import MessageKind
from core.domain.portfolio import Rung
from core.domain.proposal import Proposal, ProposalState
from core.domain.refusals import (
    AlreadyApproved,
    BadCode,
    CodeNeeded,
    CodesLocked,
    CodesNeedKey,
    NotAllowed,
    OldRevision,
    PortfolioPaused,
)
from core.domain.risk import Limits
from core.ports.broker import BrokerTraits
from core.ports.store.codes import KeptCodes
from core.ports.vault import Vault
from tests.application.acts import ask, drifted, edit, let_in, set_policy
from tests.fakes.broker import FakeBroker
from tests.fakes.world import BEN, TwinBrokers, World, small_world

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
VAULT = AesGcmVault("a master key of at least thirty-two characters")
STEP = timedelta(seconds=PERIOD)


class LiveBroker(FakeBroker):
    """The broker in memory, on which orders would trade real money."""

    @property
    def traits(self) -> BrokerTraits:
        return replace(super().traits, is_live=True)


@dataclass
class Live:
    """A proposal for an account of real money, which Anna may approve, and who may besides."""

    world: World
    anna: Member
    proposal: Proposal
    gate: Gate

    def code(self, after: timedelta = timedelta(0)) -> str:
        """What Anna's app shows now, or some time later."""
        return pyotp.TOTP(SECRET).at(self.world.clock.now() + after)

    async def enrol(self, member: Member | None = None, secret: str = SECRET) -> None:
        code = pyotp.TOTP(secret).at(self.world.clock.now())
        await enrol_codes(
            self.world.store,
            VAULT,
            self.world.clock,
            member=member or self.anna,
            secret=secret,
            code=code,
        )

    async def approve(
        self,
        code: str | None = None,
        *,
        member: Member | None = None,
        vault: Vault | None = VAULT,
        revision: int = 1,
    ) -> Decided:
        return await approve_proposal(
            self.world.store,
            self.world.market,
            self.world.clock,
            member=member or self.anna,
            proposal_id=self.proposal.id,
            revision=revision,
            gate=self.gate,
            proof=Proof(vault, code),
        )

    async def kept(self, member: Member | None = None) -> KeptCodes:
        async with self.world.store.read() as work:
            kept = await work.codes.of((member or self.anna).id)
        assert kept is not None
        return kept

    async def use_up(self, steps: int) -> None:
        """Let a code of so many steps after the enrolment have been accepted."""
        step = (await self.kept()).last_step + steps
        async with self.world.store.begin() as work:
            assert await work.codes.use(self.anna.id, step)

    def wrong(self) -> str:
        """A code that is right nowhere near."""
        near = {self.code(away * STEP) for away in (-1, 0, 1)}
        return next(code for code in ("000000", "000001", "000002", "000003") if code not in near)

    async def events(self, kind: str) -> list[str]:
        async with self.world.store.read() as work:
            return [e.data for e in await work.log.events(None, 100) if e.kind == kind]

    async def is_untouched(self) -> bool:
        """Whether the proposal is as open as before, without an approval or an order."""
        proposal = await self.world.proposal(self.proposal.id)
        async with self.world.store.read() as work:
            orders = await work.orders.of_proposal(self.proposal.id)
        return (proposal.state, proposal.approvals, orders) == (ProposalState.OPEN, (), ())

    async def fail(self, times: int) -> None:
        for _ in range(times):
            with pytest.raises((BadCode, CodesLocked)):
                await self.approve(self.wrong())


async def make_live(world: World, rung: Rung, approvals: int = 1) -> Live:
    """Anna and Ben own a drifted portfolio of real money, and Anna has asked for a plan."""
    anna, portfolio_id = await drifted(world)
    await let_in(world, portfolio_id, Role.OWNER)
    await set_policy(world, anna, portfolio_id, approvals=approvals)
    asked = await ask(world, anna, portfolio_id)
    assert asked.proposal is not None
    async with world.store.begin() as work:
        account = (await work.portfolios.get(portfolio_id)).accounts[0]
        now, number = world.clock.now(), account.broker_account_id
        await work.ladder.set_rung(account.id, rung)
        await work.ladder.confirm(Confirmation(account.id, number, rung, anna.id, now))
    much = Decimal(1_000_000)
    limits = Limits(live_cap_order=much, live_cap_day=much)
    gate = Gate(TwinBrokers(LiveBroker()), TradingMode.LIVE, limits)
    return Live(world, anna, asked.proposal, gate)


def all_bytes(folder: Path) -> str:
    """Everything that stands in the files of a store."""
    files = sorted(folder.glob("evenkeel.db*"))
    return b"".join(file.read_bytes() for file in files).decode("latin-1")


@pytest_asyncio.fixture(params=[Rung.LIVE_CAPPED, Rung.LIVE])
async def live(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Live]:
    async with small_world(tmp_path) as world:
        yield await make_live(world, request.param)


@pytest_asyncio.fixture
async def two(tmp_path: Path) -> AsyncIterator[Live]:
    """The same, where two have to approve."""
    async with small_world(tmp_path) as world:
        yield await make_live(world, Rung.LIVE, approvals=2)


# --- who needs a code ----------------------------------------------------------------------------


async def test_without_codes_of_ones_own_nothing_changes(live: Live) -> None:
    assert (await live.approve()).is_complete


async def test_a_member_with_codes_needs_one_for_real_money(live: Live) -> None:
    await live.enrol()
    live.world.clock.advance(STEP)
    with pytest.raises(CodeNeeded):
        await live.approve()
    assert await live.is_untouched()
    assert (await live.kept()).failures == 0
    decided = await live.approve(live.code())
    assert decided.is_complete
    assert await live.events("code_accepted") == [""]


@pytest.mark.parametrize("rung", [Rung.SIMULATED, Rung.BROKER_PAPER, Rung.DRY_RUN])
async def test_play_money_is_approved_without_a_code(live: Live, rung: Rung) -> None:
    await live.enrol()
    async with live.world.store.begin() as work:
        account = (await work.portfolios.get(live.proposal.portfolio_id)).accounts[0]
        await work.ladder.set_rung(account.id, rung)
    live.gate = Gate(live.world.brokers)
    assert (await live.approve()).is_complete


async def test_ones_own_code_is_needed_and_not_somebody_elses(live: Live) -> None:
    await live.enrol()
    ben = await live.world.person(BEN, "Ben")
    await live.enrol(ben, new_secret())
    live.world.clock.advance(STEP)
    with pytest.raises(BadCode):
        await live.approve(live.code(), member=ben)
    assert (await live.kept(ben)).failures == 1
    assert (await live.kept()).failures == 0
    assert await live.is_untouched()


async def test_each_approver_gives_a_code_of_their_own_or_none_who_has_none(two: Live) -> None:
    await two.enrol()
    ben = await two.world.person(BEN, "Ben")
    two.world.clock.advance(STEP)
    assert not (await two.approve(member=ben)).is_complete
    with pytest.raises(CodeNeeded):
        await two.approve()
    assert (await two.approve(two.code())).is_complete


# --- which codes are right -----------------------------------------------------------------------


@pytest.mark.parametrize("away", [-1, 0, 1])
async def test_the_step_before_and_after_are_right_too(live: Live, away: int) -> None:
    await live.enrol()
    live.world.clock.advance(10 * STEP)
    assert (await live.approve(live.code(away * STEP))).is_complete


@pytest.mark.parametrize("away", [-2, 2])
async def test_a_step_further_away_is_wrong(live: Live, away: int) -> None:
    await live.enrol()
    live.world.clock.advance(10 * STEP)
    with pytest.raises(BadCode) as refused:
        await live.approve(live.code(away * STEP))
    assert refused.value.attempts_left == MOST_FAILURES - 1


async def test_a_code_may_have_a_space_in_its_middle(live: Live) -> None:
    await live.enrol()
    live.world.clock.advance(STEP)
    code = live.code()
    assert (await live.approve(f"{code[:3]} {code[3:]}")).is_complete


@pytest.mark.parametrize(
    "text", ["", "12345", "1234567", "12345a", "\uff11\uff12\uff13\uff14\uff15\uff16", "-12345"]
)
async def test_what_is_no_code_is_a_wrong_one(live: Live, text: str) -> None:
    await live.enrol()
    with pytest.raises(BadCode):
        await live.approve(text)
    assert (await live.kept()).failures == 1


# --- once only -----------------------------------------------------------------------------------


async def test_a_code_counts_once_even_for_another_revision(two: Live) -> None:
    await two.enrol()
    two.world.clock.advance(STEP)
    code = two.code()
    await two.approve(code)
    before = await two.kept()
    await edit(two.world, two.anna, two.proposal, 1, 1)
    with pytest.raises(BadCode) as refused:
        await two.approve(code, revision=2)
    assert refused.value.was_used
    assert (await two.world.proposal(two.proposal.id)).approvals == ()
    assert await two.kept() == before
    assert before.failures == 0
    two.world.clock.advance(STEP)
    assert (await two.approve(two.code(), revision=2)).proposal.approvals


async def test_the_code_of_the_enrolment_is_used(live: Live) -> None:
    await live.enrol()
    with pytest.raises(BadCode) as refused:
        await live.approve(live.code())
    assert refused.value.was_used


async def test_an_older_step_is_not_right_after_a_newer_one(live: Live) -> None:
    await live.enrol()
    live.world.clock.advance(10 * STEP)
    older, newer = live.code(), live.code(STEP)
    await live.use_up(11)
    for code in (older, newer):
        with pytest.raises(BadCode) as refused:
            await live.approve(code)
        assert refused.value.was_used


async def test_a_clock_set_back_opens_no_used_code(live: Live) -> None:
    await live.enrol()
    live.world.clock.advance(STEP)
    code = live.code()
    await live.use_up(1)
    live.world.clock.advance(-STEP)
    with pytest.raises(BadCode) as refused:
        await live.approve(code)
    assert refused.value.was_used


# --- wrong codes ---------------------------------------------------------------------------------


async def test_wrong_codes_are_counted_although_the_approval_is_refused(live: Live) -> None:
    await live.enrol()
    for left in range(MOST_FAILURES - 1, 0, -1):
        with pytest.raises(BadCode) as refused:
            await live.approve(live.wrong())
        assert refused.value.attempts_left == left
        assert (await live.kept()).failures == MOST_FAILURES - left
    assert await live.is_untouched()
    assert len(await live.events("code_refused")) == MOST_FAILURES - 1


async def test_the_fifth_wrong_code_locks_and_the_other_owners_hear_of_it(live: Live) -> None:
    await live.enrol()
    await live.fail(MOST_FAILURES - 1)
    before = await live.world.outbox()
    with pytest.raises(CodesLocked) as locked:
        await live.approve(live.wrong())
    until = live.world.clock.now() + LOCKED_FOR
    assert locked.value.until == until
    told = [item for item in await live.world.outbox() if item not in before]
    assert told == [(str(MessageKind.CODES_LOCKED), int(BEN))]
    assert await live.events("codes_locked") == [until.isoformat()]
    assert await live.is_untouched()


async def test_while_locked_the_right_code_is_refused_and_nothing_is_counted(live: Live) -> None:
    await live.enrol()
    await live.fail(MOST_FAILURES)
    live.world.clock.advance(LOCKED_FOR - STEP)
    for code in (live.code(), None, live.wrong()):
        with pytest.raises(CodesLocked):
            await live.approve(code)
    assert (await live.kept()).failures == 0
    assert len(await live.events("codes_locked")) == 1
    live.world.clock.advance(STEP)
    assert (await live.approve(live.code())).is_complete
    assert (await live.kept()).locked_until is None


async def test_after_the_lock_five_more_lock_again(live: Live) -> None:
    await live.enrol()
    await live.fail(MOST_FAILURES)
    live.world.clock.advance(LOCKED_FOR)
    await live.fail(MOST_FAILURES)
    assert len(await live.events("codes_locked")) == 2
    told = [chat for kind, chat in await live.world.outbox() if kind == MessageKind.CODES_LOCKED]
    assert told == [int(BEN), int(BEN)]


async def test_a_right_code_forgives_the_wrong_ones(live: Live) -> None:
    await live.enrol()
    await live.fail(MOST_FAILURES - 1)
    live.world.clock.advance(STEP)
    await live.approve(live.code())
    assert (await live.kept()).failures == 0


# --- what comes before the code ------------------------------------------------------------------


async def test_who_may_not_approve_is_not_asked_for_a_code(live: Live) -> None:
    cleo = await live.world.person(UserId(3003), "Cleo")
    await live.world.give_role(cleo, live.proposal.portfolio_id, Role.VIEWER)
    await live.enrol(cleo)
    live.world.clock.advance(STEP)
    for code in (None, live.code()):
        with pytest.raises(NotAllowed):
            await live.approve(code, member=cleo)


async def test_a_code_is_not_used_up_where_nothing_could_be_approved(live: Live) -> None:
    await live.enrol()
    live.world.clock.advance(STEP)
    step = (await live.kept()).last_step
    with pytest.raises(OldRevision):
        await live.approve(live.code(), revision=7)
    async with live.world.store.begin() as work:
        await work.portfolios.set_paused(live.proposal.portfolio_id, paused=True)
    with pytest.raises(PortfolioPaused):
        await live.approve(live.code())
    assert (await live.kept()).last_step == step


async def test_a_second_approval_is_refused_before_its_code_is_looked_at(two: Live) -> None:
    await two.enrol()
    two.world.clock.advance(STEP)
    await two.approve(two.code())
    two.world.clock.advance(STEP)
    with pytest.raises(AlreadyApproved):
        await two.approve("000000")
    assert (await two.kept()).failures == 0


# --- the secret ----------------------------------------------------------------------------------


async def test_without_the_key_nothing_is_approved_and_nothing_counted(
    live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    await live.enrol()
    live.world.clock.advance(STEP)
    other = AesGcmVault("another master key of thirty-two characters")
    for code, vault in ((None, None), (live.code(), None), (live.code(), other)):
        with pytest.raises(CodesNeedKey):
            await live.approve(code, vault=vault)
    assert await live.is_untouched()
    assert (await live.kept()).failures == 0
    assert "EVENKEEL_SECRET_KEY" in caplog.text


@pytest.mark.fault(74)
async def test_the_sealed_secret_of_somebody_else_opens_nothing(live: Live) -> None:
    await live.enrol()
    ben = await live.world.person(BEN, "Ben")
    theirs = new_secret()
    await live.enrol(ben, theirs)
    live.world.clock.advance(STEP)
    async with live.world.store.begin() as work:
        for_ben = await work.codes.of(ben.id)
        assert for_ben is not None
        await work.codes.put(live.anna.id, sealed=for_ben.sealed, step=0, at=live.world.clock.now())
    with pytest.raises(CodesNeedKey):
        await live.approve(pyotp.TOTP(theirs).at(live.world.clock.now()))
    assert await live.is_untouched()


async def test_neither_secret_nor_code_is_in_the_database_or_in_the_log(
    live: Live, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await live.enrol()
    live.world.clock.advance(STEP)
    code = live.code()
    wrong = "918273" if code != "918273" else "918274"
    with pytest.raises(BadCode) as refused:
        await live.approve(wrong)
    await live.approve(code)
    kept = await live.kept()
    await live.world.store.aclose()
    stored = all_bytes(tmp_path)
    assert kept.sealed in stored
    everywhere = stored + caplog.text + repr(kept) + str(refused.value)
    everywhere += repr(Proof(VAULT, code))
    for canary in (SECRET, code, wrong):
        assert canary not in everywhere


# --- enrolment and removal -----------------------------------------------------------------------


async def test_nothing_is_kept_before_a_first_code_was_right(live: Live) -> None:
    store, clock = live.world.store, live.world.clock
    with pytest.raises(BadCode):
        await enrol_codes(
            store, VAULT, clock, member=live.anna, secret=SECRET, code=live.code(5 * STEP)
        )
    with pytest.raises(CodesNeedKey):
        await enrol_codes(store, None, clock, member=live.anna, secret=SECRET, code=live.code())
    async with store.read() as work:
        assert await work.codes.of(live.anna.id) is None
    assert (await live.approve()).is_complete


async def test_a_new_enrolment_ends_the_old_one_and_its_lock(live: Live) -> None:
    await live.enrol()
    await live.fail(MOST_FAILURES)
    another_secret = new_secret()
    live.world.clock.advance(STEP)
    await live.enrol(secret=another_secret)
    live.world.clock.advance(STEP)
    with pytest.raises(BadCode):
        await live.approve(live.code())
    right = pyotp.TOTP(another_secret).at(live.world.clock.now())
    assert (await live.approve(right)).is_complete


async def test_removed_codes_are_asked_for_no_more(live: Live) -> None:
    await live.enrol()
    assert await remove_codes(live.world.store, live.world.clock, member=live.anna)
    assert not await remove_codes(live.world.store, live.world.clock, member=live.anna)
    assert (await live.approve()).is_complete
    assert len(await live.events("codes_removed")) == 1


def test_secrets_are_long_and_never_the_same() -> None:
    secrets = {new_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert {len(secret) for secret in secrets} == {32}


async def test_the_link_is_what_authenticator_apps_read(live: Live) -> None:
    link = urlsplit(link_of(SECRET, replace(live.anna, name="Anna & Ben: 1")))
    query = parse_qs(link.query)
    assert (link.scheme, link.netloc) == ("otpauth", "totp")
    assert (query["secret"], query["issuer"]) == ([SECRET], ["Evenkeel"])
