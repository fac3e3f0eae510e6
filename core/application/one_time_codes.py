"""One-time codes (TOTP, RFC 6238): a second proof of who approves real money, for the case of a stolen chat account.

A member's secret is made and shown on the server alone, and kept sealed. A code belongs to a step of thirty seconds;
one of the step before and after is accepted too, each step once. Five wrong codes lock a member's codes for a quarter
of an hour, and the portfolio's other owners are told.
"""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyotp

from core.application.tell_channels import enqueue
from core.domain.ids import ChangeId, ChatId, PortfolioId, ProposalId
from core.domain.membership import Member
from core.domain.outbox import MessageKind, OutboxItem, Priority
from core.domain.permissions import Act, may
from core.domain.refusals import BadCode, CodeNeeded, CodesLocked, CodesNeedKey, Refusal
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork
from core.ports.store.codes import KeptCodes
from core.ports.store.credentials import ONE_TIME_CODES, owner_of
from core.ports.vault import Vault, VaultError

PERIOD = 30
"""Seconds for which a code is shown."""

DIGITS = 6
MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
ISSUER = "Evenkeel"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Proof:
    """What an approval of real money is proven with: the vault that opens secrets, and the code that was typed."""

    vault: Vault | None = None
    code: str | None = field(default=None, repr=False)


NO_PROOF = Proof()


@dataclass(frozen=True, slots=True)
class Subject:
    """What is approved: a proposal of a portfolio, or a change of it."""

    portfolio_id: PortfolioId
    proposal_id: ProposalId | None = None
    change_id: ChangeId | None = None


# --- on the server -------------------------------------------------------------------------------


def new_secret() -> str:
    """Make a secret of 160 random bits, in base 32."""
    return pyotp.random_base32()


def link_of(secret: str, member: Member) -> str:
    """The secret as authenticator apps read it, for a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=member.name, issuer_name=ISSUER)


async def enrol_codes(
    store: Store, vault: Vault | None, clock: Clock, *, member: Member, secret: str, code: str
) -> None:
    """Keep a secret, sealed, once a first code has shown that the member's app has it.

    It takes the place of any earlier one. Raises CodesNeedKey or BadCode, with nothing kept.
    """
    if vault is None:
        raise CodesNeedKey
    now = clock.now()
    step = next(iter(_steps_of(secret, code, now)), None)
    if step is None:
        raise BadCode(attempts_left=None)
    sealed = vault.seal(secret, owner=owner_of(member.id), purpose=ONE_TIME_CODES)
    async with store.begin() as work:
        await work.codes.put(member.id, sealed=sealed, step=step, at=now)
        await work.log.record(AuditEvent(now, "codes_enrolled", member.id))


async def remove_codes(store: Store, clock: Clock, *, member: Member) -> bool:
    """Forget a member's codes: approvals need none from now on. False where there were none."""
    async with store.begin() as work:
        is_gone = await work.codes.remove(member.id)
        if is_gone:
            await work.log.record(AuditEvent(clock.now(), "codes_removed", member.id))
    return is_gone


# --- with an approval ----------------------------------------------------------------------------


async def check_code(
    work: UnitOfWork,
    proof: Proof,
    *,
    member: Member,
    about: Subject,
    is_real: bool,
    now: datetime,
) -> Refusal | None:
    """Say why an approval of real money does not count for want of a right code; None where it does.

    Part of the approval's own transaction, and the last thing looked at in it. A refusal is returned and not raised,
    because what was noted of a wrong code must be kept: the caller commits, and raises it afterwards.
    """
    if not is_real:
        return None
    kept = await work.codes.of(member.id)
    if kept is None:
        return None
    if kept.locked_until is not None and now < kept.locked_until:
        return CodesLocked(kept.locked_until)
    if proof.code is None and proof.vault is not None:
        return CodeNeeded(about.proposal_id, about.change_id)
    secret = _opened(proof.vault, kept)
    if secret is None or proof.code is None:
        return CodesNeedKey()
    return await _judge(work, kept, _steps_of(secret, proof.code, now), member, about, now)


async def _judge(
    work: UnitOfWork,
    kept: KeptCodes,
    steps: tuple[int, ...],
    member: Member,
    about: Subject,
    now: datetime,
) -> Refusal | None:
    fresh = [step for step in steps if step > kept.last_step]
    if fresh and await work.codes.use(member.id, max(fresh)):
        await _note(work, "code_accepted", member, about, now)
        return None
    if steps:
        await _note(work, "code_refused", member, about, now, "used before")
        return BadCode(MOST_FAILURES - kept.failures, was_used=True)
    left = MOST_FAILURES - await work.codes.fail(member.id)
    await _note(work, "code_refused", member, about, now, f"wrong, {left} left")
    if left > 0:
        return BadCode(left)
    until = now + LOCKED_FOR
    await work.codes.lock(member.id, until)
    await _note(work, "codes_locked", member, about, now, until.isoformat())
    await _tell_others(work, member, about.portfolio_id, until, now)
    return CodesLocked(until)


def _steps_of(secret: str, code: str, now: datetime) -> tuple[int, ...]:
    """The steps about now whose code this is: at most one, but for a rare coincidence."""
    plain = "".join(code.split())
    if len(plain) != DIGITS or not (plain.isascii() and plain.isdigit()):
        return ()
    totp = pyotp.TOTP(secret, digits=DIGITS, interval=PERIOD)
    current = int(now.timestamp()) // PERIOD
    around = (current - 1, current, current + 1)
    return tuple(step for step in around if hmac.compare_digest(totp.generate_otp(step), plain))


def _opened(vault: Vault | None, kept: KeptCodes) -> str | None:
    """A member's secret; None where it does not open, which is a matter for whoever runs the bot."""
    if vault is None:
        log.error("EVENKEEL_SECRET_KEY is not set, so one-time codes cannot be checked")
        return None
    try:
        return vault.open(kept.sealed, owner=owner_of(kept.member_id), purpose=ONE_TIME_CODES)
    except VaultError as error:
        log.error("the one-time codes of member %s do not open: %s", kept.member_id, error)  # noqa: TRY400 - no trace: it would say no more
        return None


async def _note(
    work: UnitOfWork, kind: str, member: Member, about: Subject, now: datetime, data: str = ""
) -> None:
    await work.log.record(
        AuditEvent(now, kind, member.id, about.portfolio_id, about.proposal_id, data)
    )


async def _tell_others(
    work: UnitOfWork, member: Member, portfolio_id: PortfolioId, until: datetime, now: datetime
) -> None:
    mark = f"{MessageKind.CODES_LOCKED}:{portfolio_id}:{member.id}:{until.isoformat()}"
    memberships = (await work.people.memberships_of([portfolio_id])).get(portfolio_id, ())
    items = [
        OutboxItem(
            MessageKind.CODES_LOCKED,
            ChatId(owner.member.user_id),
            f"{mark}:{owner.member.user_id}",
            portfolio_id,
            priority=Priority.DECISION,
            data={"member_name": member.name, "until": until.isoformat()},
        )
        for owner in memberships
        if may(owner.role, Act.SEE_LOG) and owner.member.id != member.id
    ]
    await enqueue(work, items, now)
