"""The ladder to real money: how real an account is, and what may be done for it now.

Rungs: simulated → a broker's paper account → dry run on live data → live with caps → live. Nothing is sent to a place
where real money is traded unless *everything* says so: the installation (``TradingMode.LIVE``), the account's rung, the
broker's own account id, and a fresh confirmation that an owner typed for this account id and this rung.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.domain.ids import AccountId, MemberId
from core.domain.membership import Role
from core.domain.permissions import Act, may
from core.domain.portfolio import Account, Rung

CONFIRMATION_LIFETIME = timedelta(days=90)
"""How long a typed confirmation is good; then an owner types it again."""

DRY_RUNS_NEEDED = 1
"""How many plans must have been carried out as dry runs before an account may send its first live order."""

LIVE_RUNGS = frozenset({Rung.LIVE_CAPPED, Rung.LIVE})
"""The rungs on which real money is traded."""

PAPER_RUNGS = frozenset({Rung.SIMULATED, Rung.BROKER_PAPER})
"""The rungs on which money is play money."""

_NEXT = {Rung.DRY_RUN: Rung.LIVE_CAPPED, Rung.LIVE_CAPPED: Rung.LIVE}


class TradingMode(StrEnum):
    """The installation's ceiling for every account: ``paper`` permits no live order, whatever else is set."""

    PAPER = "paper"
    LIVE = "live"


class Verdict(StrEnum):
    """What may be done for an account now."""

    SEND = "send"
    DRY_RUN = "dry_run"
    REFUSE = "refuse"


class Barrier(StrEnum):
    """Why nothing may be done for an account."""

    LIVE_KEY_ON_PAPER_RUNG = "live_key_on_paper_rung"
    PAPER_KEY_ON_LIVE_RUNG = "paper_key_on_live_rung"
    LIVE_KEPT_BY_HAND = "live_kept_by_hand"
    MODE_IS_PAPER = "mode_is_paper"
    OTHER_ACCOUNT = "other_account"
    NOT_CONFIRMED = "not_confirmed"
    CONFIRMED_OTHER_ACCOUNT = "confirmed_other_account"
    CONFIRMED_OTHER_RUNG = "confirmed_other_rung"
    CONFIRMATION_OLD = "confirmation_old"
    CONFIRMER_GONE = "confirmer_gone"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What an owner typed: that this account, under the broker's id of then, may trade real money on this rung."""

    account_id: AccountId
    broker_account_id: str
    rung: Rung
    member_id: MemberId
    confirmed_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        """Whether it is not older than it may be; one of the future is none."""
        return timedelta(0) <= now - self.confirmed_at <= CONFIRMATION_LIFETIME


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the ladder's answer depends on.

    ``is_live`` and ``fills_by_hand`` are what the broker declares; ``said`` is the account id that the broker names
    itself (None: it has not been asked); ``confirmer`` is the role that who confirmed has now.
    """

    account: Account
    mode: TradingMode
    is_live: bool
    fills_by_hand: bool
    said: str | None
    confirmation: Confirmation | None
    confirmer: Role | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Ruling:
    """The ladder's answer; the barrier where it refuses."""

    verdict: Verdict
    barrier: Barrier | None = None


_SEND = Ruling(Verdict.SEND)
_DRY = Ruling(Verdict.DRY_RUN)


def judge(facts: Facts) -> Ruling:
    """Say what may be done for an account now; total, and everything that is not plainly permitted is refused."""
    barrier = _barrier(facts)
    if barrier is not None:
        return Ruling(Verdict.REFUSE, barrier)
    if facts.account.rung is Rung.DRY_RUN and not facts.fills_by_hand:
        return _DRY
    return _SEND


def _barrier(facts: Facts) -> Barrier | None:
    rung = facts.account.rung
    if facts.fills_by_hand and (facts.is_live or rung in LIVE_RUNGS):
        return Barrier.LIVE_KEPT_BY_HAND
    if facts.is_live and rung in PAPER_RUNGS:
        return Barrier.LIVE_KEY_ON_PAPER_RUNG
    if rung in LIVE_RUNGS and not facts.is_live:
        return Barrier.PAPER_KEY_ON_LIVE_RUNG
    if facts.is_live and facts.mode is not TradingMode.LIVE:
        return Barrier.MODE_IS_PAPER
    if facts.said != facts.account.broker_account_id:
        return Barrier.OTHER_ACCOUNT
    return _unconfirmed(facts) if rung in LIVE_RUNGS else None


def _unconfirmed(facts: Facts) -> Barrier | None:
    """What is wrong with the confirmation of a live rung."""
    given, account = facts.confirmation, facts.account
    if given is None or given.account_id != account.id:
        return Barrier.NOT_CONFIRMED
    if given.broker_account_id != account.broker_account_id:
        return Barrier.CONFIRMED_OTHER_ACCOUNT
    if given.rung is not account.rung:
        return Barrier.CONFIRMED_OTHER_RUNG
    if not given.is_fresh(facts.now):
        return Barrier.CONFIRMATION_OLD
    return None if may(facts.confirmer, Act.RAISE_RUNG) else Barrier.CONFIRMER_GONE


def next_rung(rung: Rung) -> Rung | None:
    """The rung above, where there is one that chat can climb to."""
    return _NEXT.get(rung)


def first_rung(*, is_live: bool, fills_by_hand: bool, is_embedded: bool) -> Rung:
    """How real a new account is: never one on which orders of real money are sent, whatever its broker.

    A hand-kept account is real, but we send nothing there.
    """
    if is_live or fills_by_hand:
        return Rung.DRY_RUN
    return Rung.SIMULATED if is_embedded else Rung.BROKER_PAPER


def last_four(broker_account_id: str) -> str:
    """What an owner types to confirm: the last four characters of the broker's account number."""
    return broker_account_id.strip()[-4:].upper()
