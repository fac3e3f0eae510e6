"""Climb the ladder: an owner makes an account more real, one rung at a time and by typing; or takes it down at once.

Going up takes two steps: ``ask_to_climb`` says what would change and opens a dialogue; ``climb`` takes what the owner
typed, asks the broker at that moment which account this is, and only then changes the rung. The dialogue is good for
five minutes and for three tries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.application.access import account_for, managed_for
from core.application.broker_faults import as_refusal
from core.application.change_rung import RungCause, change_rung
from core.application.desk import Desk
from core.application.gate import gate_of, ruling_of, traits_of
from core.application.hold_account import require_not_held
from core.application.hold_back import hold_back
from core.domain.change_kinds import RungRaised
from core.domain.hold import Hold
from core.domain.ids import AccountId, ChatId, PortfolioId
from core.domain.ladder import (
    DRY_RUNS_NEEDED,
    LIVE_RUNGS,
    Barrier,
    Confirmation,
    TradingMode,
    last_four,
    next_rung,
)
from core.domain.membership import Member, Role
from core.domain.permissions import Act
from core.domain.portfolio import Account, ManagedAccount, Rung
from core.domain.proposal import ProposalState
from core.domain.refusals import (
    ClimbOver,
    DryRunFirst,
    MayNotTrade,
    NeedsAgreement,
    NoRungAbove,
    OrdersUnderWay,
    PortfolioPaused,
    PrivateOnly,
    WrongDigits,
)
from core.domain.risk import Limits
from core.ports.broker import Broker, BrokerAccount, BrokerError
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Chat, Dialogue, Store, UnitOfWork

DIALOGUE = "climb"
"""The name of the dialogue in which an owner types the confirmation."""

STEP = "digits"
PATIENCE = timedelta(minutes=5)
TRIES = 3

UNDER_WAY = frozenset({ProposalState.EXECUTING, ProposalState.FROZEN})


@dataclass(frozen=True, slots=True)
class Ladder:
    """Where an account stands, for the message about it.

    ``barrier`` is what keeps its orders back now (as far as is known without asking the broker); ``confirmation`` what
    stands for it, ``dry_runs`` how many plans were carried out as dry runs, ``holds`` why nothing is sent at all.
    """

    managed: ManagedAccount
    role: Role
    mode: TradingMode
    limits: Limits
    barrier: Barrier | None
    confirmation: Confirmation | None
    dry_runs: int
    is_by_hand: bool
    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class Climb:
    """A step up that is to be confirmed, or was: the account as it was before, and the rung that it goes to."""

    managed: ManagedAccount
    rung: Rung
    limits: Limits


async def look_at_ladders(
    desk: Desk, *, member: Member, portfolio_id: PortfolioId
) -> tuple[Ladder, ...]:
    """Where each of a portfolio's accounts stands on the ladder; everybody in the portfolio may look."""
    async with desk.store.read() as work:
        managed, role = await managed_for(work, member, portfolio_id, Act.SEE_ACCOUNTS)
        return tuple([await _ladder(work, desk, each, role) for each in managed.parts])


async def _ladder(work: UnitOfWork, desk: Desk, managed: ManagedAccount, role: Role) -> Ladder:
    account = managed.account
    said = account.broker_account_id
    ruling = await ruling_of(work, gate_of(desk), account, said=said, now=desk.clock.now())
    return Ladder(
        managed=managed,
        role=role,
        mode=desk.mode,
        limits=desk.limits,
        barrier=ruling.barrier,
        confirmation=await work.ladder.confirmation(account.id),
        dry_runs=await work.ladder.dry_runs(account.id),
        is_by_hand=traits_of(gate_of(desk), account).fills_by_hand,
        holds=await work.holds.standing(account.id),
    )


async def ask_to_climb(
    desk: Desk,
    *,
    member: Member,
    chat: Chat,
    portfolio_id: PortfolioId,
    rung: Rung,
    account_id: AccountId | None = None,
) -> Climb:
    """Open the dialogue in which an owner confirms a rung, and return what would change.

    ``rung`` is the one above, or the same once more where its confirmation has grown old. Raises PrivateOnly,
    NotAllowed, and what stands in the way: NoRungAbove, MayNotTrade, PortfolioPaused, AccountHeld, OrdersUnderWay,
    DryRunFirst, BrokerDown.
    """
    _require_private(chat)
    async with desk.store.read() as work:
        managed = await _climbable(work, desk, member, portfolio_id, rung, account_id)
    await _ask_broker(desk, managed.account)
    now = desk.clock.now()
    data = {
        "portfolio": str(portfolio_id),
        "account": str(managed.account.id),
        "rung": rung.value,
        "until": (now + PATIENCE).isoformat(),
        "tries": str(TRIES),
    }
    async with desk.store.begin() as work:
        await work.conversation.save_dialogue(chat.id, member.id, Dialogue(DIALOGUE, STEP, data))
        await _note(work, "climb_asked", member, managed, now, rung.value)
    return Climb(managed, rung, desk.limits)


async def climb(desk: Desk, *, member: Member, chat: Chat, typed: str) -> Climb:
    """Take what an owner typed; where it is the end of the broker's account number, the account goes up.

    Raises ClimbOver where no dialogue is open or its time is over, WrongDigits, and what ``ask_to_climb`` raises: all
    of it is asked anew, the broker too. In a portfolio that is live, or was of late, the step is only made out, to be
    asked for: NeedsAgreement.
    """
    _require_private(chat)
    data = await _open_dialogue(desk, member, chat.id)
    portfolio_id, rung = PortfolioId(int(data["portfolio"])), Rung(data["rung"])
    account_id = AccountId(int(data["account"])) if "account" in data else None
    async with desk.store.read() as work:
        managed = await _climbable(work, desk, member, portfolio_id, rung, account_id)
    found = await _ask_broker(desk, managed.account)
    is_right = "".join(typed.split()).upper() == last_four(found.broker_account_id)
    now = desk.clock.now()
    async with desk.store.begin() as work:
        left = await _take_try(work, member, chat.id, data)
        if is_right:
            managed = await _climbable(work, desk, member, portfolio_id, rung, account_id)
            held = await _hold_back(work, managed, rung, member, now)
            if held is None:
                await _go_up(work, managed.account, rung, member, now)
            await work.conversation.save_dialogue(chat.id, member.id, None)
        else:
            await _note(work, "climb_wrong_digits", member, managed, now, f"{left} left")
    if not is_right:
        raise WrongDigits(left)
    if held is not None:
        raise held
    return Climb(managed, rung, desk.limits)


async def _hold_back(
    work: UnitOfWork, managed: ManagedAccount, rung: Rung, member: Member, now: datetime
) -> NeedsAgreement | None:
    """What a step needs in a portfolio that is live; None for the same rung confirmed anew for the same account."""
    account = managed.account
    stands = await work.ladder.confirmation(account.id)
    if stands is not None and (stands.rung, stands.broker_account_id) == (
        rung,
        account.broker_account_id,
    ):
        return None
    whole = await work.portfolios.get(managed.portfolio.id)
    what = RungRaised(account.id, account.broker_account_id, account.rung, rung)
    return await hold_back(work, whole, what, member, now)


async def put_rung(
    work: UnitOfWork,
    desk: Desk,
    portfolio_id: PortfolioId,
    what: RungRaised,
    *,
    by: Member,
    now: datetime,
    typed_at: datetime,
) -> None:
    """Make a step that was asked for, inside the caller's unit of work; raises as ``ask_to_climb`` does.

    The broker must have been asked just before which account this is (``require_same_account``); what was typed counts
    from when it was typed.
    """
    managed = await _climbable(work, desk, by, portfolio_id, what.after, what.account_id)
    await _go_up(work, managed.account, what.after, by, now, typed_at)


async def require_same_account(desk: Desk, account: Account) -> None:
    """Raise BrokerDown, or MayNotTrade where the broker says that this is another account."""
    await _ask_broker(desk, account)


async def step_down(
    store: Store,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    account_id: AccountId | None = None,
) -> ManagedAccount:
    """Take a live account down to a dry run, at once and without a question; returns it as it was.

    Orders that are under way are followed to their end; no further one is sent.
    """
    async with store.begin() as work:
        managed, _ = await account_for(work, member, portfolio_id, Act.LOWER_RUNG, account_id)
        if managed.account.rung not in LIVE_RUNGS:
            raise NoRungAbove(managed.account.rung)
        await change_rung(
            work, managed.account, Rung.DRY_RUN, RungCause.ASKED, clock.now(), by=member
        )
    return managed


def _require_private(chat: Chat) -> None:
    if chat.kind != "private":
        raise PrivateOnly("make an account more real")


async def _climbable(
    work: UnitOfWork,
    desk: Desk,
    member: Member,
    portfolio_id: PortfolioId,
    rung: Rung,
    account_id: AccountId | None,
) -> ManagedAccount:
    """The account, where nothing that is known here stands in the way of the step."""
    managed, _ = await account_for(work, member, portfolio_id, Act.RAISE_RUNG, account_id)
    account = managed.account
    _require_step(desk.brokers.of(account), account, rung)
    if desk.mode is not TradingMode.LIVE:
        raise MayNotTrade(Barrier.MODE_IS_PAPER, account.rung)
    if managed.portfolio.is_paused:
        raise PortfolioPaused(managed.portfolio.name)
    await require_not_held(work, account.id)
    if await work.proposals.in_states(UNDER_WAY, portfolio_id):
        raise OrdersUnderWay(managed.portfolio.slug)
    if account.rung is Rung.DRY_RUN:
        done = await work.ladder.dry_runs(account.id)
        if done < DRY_RUNS_NEEDED:
            raise DryRunFirst(done, DRY_RUNS_NEEDED)
    return managed


def _require_step(broker: Broker, account: Account, rung: Rung) -> None:
    """Raise NoRungAbove unless the rung is the next one, or the same live one to be confirmed anew."""
    is_again = rung is account.rung and rung in LIVE_RUNGS
    if broker.traits.fills_by_hand or not (is_again or rung is next_rung(account.rung)):
        raise NoRungAbove(account.rung)
    if not broker.traits.is_live:
        raise MayNotTrade(Barrier.PAPER_KEY_ON_LIVE_RUNG, account.rung)


async def _ask_broker(desk: Desk, account: Account) -> BrokerAccount:
    """What the broker says of the account at this moment; raises BrokerDown, or MayNotTrade for another one."""
    try:
        found = await desk.brokers.of(account).account()
    except BrokerError as error:
        raise as_refusal(error, account) from error
    if found.broker_account_id != account.broker_account_id:
        raise MayNotTrade(Barrier.OTHER_ACCOUNT, account.rung)
    return found


async def _open_dialogue(desk: Desk, member: Member, chat_id: ChatId) -> Mapping[str, str]:
    """What the open dialogue is about; one whose time is over is ended, and raises ClimbOver."""
    async with desk.store.begin() as work:
        dialogue = await work.conversation.dialogue(chat_id, member.id)
        if dialogue is None or dialogue.name != DIALOGUE:
            raise ClimbOver
        is_over = desk.clock.now() > datetime.fromisoformat(dialogue.data["until"])
        if is_over:
            await work.conversation.save_dialogue(chat_id, member.id, None)
    if is_over:
        raise ClimbOver
    return dialogue.data


async def _take_try(
    work: UnitOfWork, member: Member, chat_id: ChatId, data: Mapping[str, str]
) -> int:
    """Use one of the tries up, and return how many are left; with the last one the dialogue ends."""
    dialogue = await work.conversation.dialogue(chat_id, member.id)
    if dialogue is None or dialogue.data != data:
        raise ClimbOver
    left = int(data["tries"]) - 1
    following = Dialogue(DIALOGUE, STEP, {**data, "tries": str(left)}) if left else None
    await work.conversation.save_dialogue(chat_id, member.id, following)
    return left


async def _go_up(
    work: UnitOfWork,
    account: Account,
    rung: Rung,
    member: Member,
    now: datetime,
    typed_at: datetime | None = None,
) -> None:
    await change_rung(work, account, rung, RungCause.CONFIRMED, now, by=member)
    await work.ladder.confirm(
        Confirmation(account.id, account.broker_account_id, rung, member.id, typed_at or now)
    )


async def _note(
    work: UnitOfWork,
    kind: str,
    member: Member,
    managed: ManagedAccount,
    now: datetime,
    data: str,
) -> None:
    await work.log.record(AuditEvent(now, kind, member.id, managed.portfolio.id, data=data))
