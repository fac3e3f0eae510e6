"""What must come: of one look at one portfolio, told from what was true before it and by the rules as people know them.

Nothing of the use cases is used here. What was true is read from the store's rows and from the broker's own book.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from core.domain.due_date import CalendarRule
from core.domain.ids import ProposalId, Symbol
from core.domain.instrument import CASH
from core.domain.policy import Policy, Trigger
from core.domain.proposal import Cause, Proposal
from core.domain.rules import Action
from core.domain.session import Session
from core.ports.store import Store
from tests.reliability.house import House, HouseRule, cash_in

UNDER_WAY = ("approved", "executing", "frozen")
WAITING = ("open", "scheduled")
ANSWERED = ("done", "partial", "rejected")
NOT_MEASURED = ("refused", "paused", "in_flight", "cooling_down", "held_off")
LASTING = (Action.HOLD_OFF, Action.WIDEN)
STANDING = """
SELECT portfolio_id, state, expires_at, id, revision FROM proposals
WHERE state IN ('approved', 'executing', 'frozen', 'open', 'scheduled')
UNION ALL SELECT portfolio_id, state, expires_at, max(id), revision FROM proposals
WHERE state IN ('done', 'partial', 'rejected') GROUP BY portfolio_id ORDER BY 4
"""


RAISED = """
SELECT a.portfolio_id, e.account_id, e.amount FROM earmarks e JOIN accounts a ON a.id = e.account_id
LEFT JOIN proposals p ON p.id = e.proposal_id WHERE e.ended_at IS NULL AND e.lapses_on >= ?
AND (e.proposal_id IS NULL OR p.state IN ('executing', 'frozen', 'done', 'partial'))
"""


@dataclass
class Before:
    """What was put to a family before a look: what is under way, what waits for an answer, what was answered last."""

    under_way: Proposal | None = None
    waiting: Proposal | None = None
    answered: Proposal | None = None


class Tables:
    """What lies on each family's table; a proposal is read once for each state and revision that it comes to."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw
        self._read: dict[tuple[int, str, int], Proposal] = {}

    async def before_looks(self, store: Store, now: datetime) -> dict[int, Before]:
        """What was put to every family that was ever told of anything, once time has ended what it ends."""
        found: dict[int, dict[str, tuple[int, str, int]]] = {}
        for portfolio_id, state, expires_at, number, revision in self._raw.execute(STANDING):
            kinds, this = found.setdefault(portfolio_id, {}), (number, state, revision)
            if state in ANSWERED:
                kinds["answered"] = this
            elif state in {"executing", "frozen"} or _utc(expires_at) > now:
                kinds["under_way" if state in UNDER_WAY else "waiting"] = this
        await self._keep(store, {this for kinds in found.values() for this in kinds.values()})
        return {
            portfolio_id: Before(**{kind: self._read[this] for kind, this in kinds.items()})
            for portfolio_id, kinds in found.items()
        }

    def set_aside(self, houses: Mapping[int, House], today: date) -> dict[int, Decimal]:
        """How much of each family's cash waits to be taken out: as much as sales were to raise, or a little less."""
        found: dict[int, Decimal] = defaultdict(Decimal)
        for portfolio_id, account_id, amount in self._raw.execute(RAISED, (today.isoformat(),)):
            cash = cash_in(houses[portfolio_id].accounts[account_id])
            if cash >= Decimal(amount) * Decimal("0.9"):
                found[portfolio_id] += min(Decimal(amount), cash)
        return found

    async def _keep(self, store: Store, wanted: set[tuple[int, str, int]]) -> None:
        """Read what was not read yet, and let go of what lies there no more."""
        kept = {this: self._read[this] for this in wanted & self._read.keys()}
        async with store.read() as work:
            for this in sorted(wanted - kept.keys()):
                proposal = await work.proposals.get(ProposalId(this[0]))
                assert proposal is not None
                kept[this] = proposal
        self._read = kept


def _utc(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@dataclass
class Scene:
    """The exchange at a look: the session, those before it in order, prices, and what is not in order.

    ``held`` is what each portfolio held before the round: its looks come first, and only then what was approved is
    carried out. ``sent`` is how many orders each had sent before; of those that are ``paused`` no more may be.
    ``aside`` is how much of its cash waits to be taken out, and is not managed until then.
    ``above`` says for how many sessions the index is above the limit of rules, None where that cannot be known.
    """

    session: Session
    sessions: Mapping[date, int]
    prices: Mapping[Symbol, Decimal]
    held: Mapping[int, Mapping[Symbol, Decimal]]
    bad: Collection[Symbol] = ()
    is_source_down: bool = False
    paused: Collection[int] = ()
    sent: Mapping[int, int] = field(default_factory=dict)
    above: Mapping[int, bool | None] = field(default_factory=dict)
    aside: Mapping[int, Decimal] = field(default_factory=dict)

    def drifts(self, house: House) -> dict[Symbol, Decimal]:
        """How far each line of a portfolio is from its target, in points."""
        return house.drifts(self.managed(house), self.prices)

    def managed(self, house: House) -> dict[Symbol, Decimal]:
        """What of its holdings is managed."""
        held = self.held[house.id]
        return {**held, CASH: held[CASH] - self.aside.get(house.id, 0)}

    def beyond(self, house: House) -> dict[Symbol, Decimal]:
        """The lines that lie beyond their bands, which a rule may have widened, and how far off they are."""
        return house.beyond(self.drifts(house), self._factor(house))

    def truth(self, rule: HouseRule) -> bool | None:
        """Whether a rule holds; None where that cannot be known."""
        return None if self.is_source_down else self.above[rule.sessions]

    def action(self, house: House) -> Action | None:
        """What a portfolio's rules come to: holding off goes before widening, and widening before a look."""
        holding = {rule.action for rule in house.rules if self.truth(rule)}
        every = (*LASTING, Action.CHECK_NOW)
        return next((action for action in every if action in holding), None)

    def _factor(self, house: House) -> Decimal:
        """By how much bands are widened."""
        if self.action(house) is not Action.WIDEN:
            return Decimal(1)
        return max(r.factor for r in house.rules if r.action is Action.WIDEN and self.truth(r))

    def troubles(self, house: House) -> set[str]:
        """The refusals with which a look at the portfolio's prices and holdings may end.

        Where neither the prices' source nor the broker answers, either is true: where no broker answers, nobody knows
        which prices to ask for.
        """
        found = {"PriceSourceDown"} if self.is_source_down else set()
        if house.is_away:
            found.add("BrokerDown")
        if not found and any(s in self.bad for s in house.targets):
            found.add("PricesRefused")
        return found


@dataclass
class Diary:
    """When each portfolio was measured by its own times, by the session that the look was for."""

    measured: dict[int, list[date]] = field(default_factory=dict)

    def note(self, portfolio_id: int, session: date, outcome: str) -> None:
        """Write a finished look down."""
        if outcome not in NOT_MEASURED:
            self.measured.setdefault(portfolio_id, []).append(session)

    def is_date_due(self, house: House, today: date) -> bool:
        """Whether a date of the calendar has come after the last session measured before this one."""
        earlier = [day for day in self.measured.get(house.id, ()) if day < today]
        if house.policy.calendar is CalendarRule.OFF or not earlier:
            return False
        day = max(earlier)
        while day < today:
            day += timedelta(days=1)
            if is_rule_date(house.policy, day):
                return True
        return False


def is_rule_date(policy: Policy, day: date) -> bool:
    """Whether a day is a date of the policy's calendar, as a person would tick it in one."""
    chosen = policy.calendar_day
    if policy.calendar is CalendarRule.WEEKLY:
        return day.isoweekday() == (chosen.day if chosen.is_weekday else 1)
    months = {"monthly": 1, "quarterly": 3, "semiannual": 6, "annual": 12}[policy.calendar]
    is_last = (day + timedelta(days=1)).day == 1
    is_day = day.day == chosen.day or (is_last and day.day < chosen.day)
    return is_day and (day.month - 1) % months == chosen.month - 1


def outcomes(
    house: House, before: Before, scene: Scene, *, date_due: bool, is_by_rule: bool
) -> set[str]:
    """What a scheduled look may come to, or one that a rule has brought about; nearly always there is one answer."""
    policy = house.policy
    if before.under_way is not None:
        return {"in_flight"}
    if house.id in scene.paused:
        return {"paused"}
    if before.waiting is not None and before.waiting.cause is Cause.WITHDRAWAL:
        return {"still_open"}
    silent = before.answered if _is_silent(house, before, scene) else None
    if silent is not None and policy.alert_growth is None and policy.new_cash is None:
        return {"cooling_down"}
    waits = policy.trigger is Trigger.BAND_ON_DATE and not date_due and not is_by_rule
    if silent is None and waits and policy.new_cash is None:
        return {"on_target"}
    if scene.action(house) is Action.HOLD_OFF:
        return {"held_off"}
    if scene.troubles(house):
        return {"refused"} if silent is None else {"cooling_down"}
    return _measured(house, before.waiting, silent, scene, (waits, date_due))


def _measured(
    house: House,
    waiting: Proposal | None,
    silent: Proposal | None,
    scene: Scene,
    dates: tuple[bool, bool],
) -> set[str]:
    """The same once there are prices: whether it waits for a date, and whether one is due, are in ``dates``."""
    policy, beyond, held = house.policy, scene.beyond(house), scene.held[house.id]
    spare = spare_cash(house, scene.managed(house), scene.prices)
    if silent is not None and not _is_news(silent, policy, beyond, spare):
        return {"cooling_down"}
    found = _planned(policy, spare, is_beyond=bool(beyond), dates=dates)
    if waiting is None or "proposed" not in found:
        return found
    if waiting.state == "open":
        if grown(known(waiting), beyond, policy.alert_growth):
            return found
        if _shown(waiting) != {s: q for s, q in held.items() if q}:
            return found | {"still_open"}
    return found - {"proposed"} | {"still_open"}


def _planned(
    policy: Policy, spare: Decimal, *, is_beyond: bool, dates: tuple[bool, bool]
) -> set[str]:
    waits, date_due = dates
    if is_beyond and not waits:
        return {"proposed"}
    if date_due and policy.trigger is Trigger.EITHER:
        return {"proposed", "on_target", "nothing_helps"}
    if policy.new_cash is not None and spare >= policy.new_cash:
        return {"proposed"}
    return {"on_target"}


def _is_silent(house: House, before: Before, scene: Scene) -> bool:
    """Whether people wanted silence after an answer, and it lasts."""
    if before.answered is None:
        return False
    session = before.answered.revision.snapshot.session
    assert session is not None
    answered = scene.sessions[session]
    return scene.sessions[scene.session.date] - answered < house.policy.cool_down


def _is_news(
    answered: Proposal, policy: Policy, beyond: Mapping[Symbol, Decimal], spare: Decimal
) -> bool:
    if grown(known(answered), beyond, policy.alert_growth):
        return True
    if policy.new_cash is None or spare < policy.new_cash:
        return False
    return spare - _known_spare(answered, policy) >= policy.new_cash


def known(proposal: Proposal) -> dict[Symbol, Decimal]:
    """How far off people know each line to be: as they were told, or as the trades have left it."""
    plan = proposal.revision.plan
    if proposal.state in {"done", "partial"}:
        return {
            line.symbol: plan.after.weights.get(line.symbol, Decimal(0)) - line.target
            for line in plan.before.lines
        }
    return {line.symbol: line.drift for line in plan.before.lines}


def grown(
    was: Mapping[Symbol, Decimal], beyond: Mapping[Symbol, Decimal], by: Decimal | None
) -> bool:
    """Whether a line beyond its band lies further off, to its side, than people know, by so many points."""
    if by is None:
        return False
    for symbol, drift in beyond.items():
        before = was.get(symbol, Decimal(0))
        is_same_side = before * drift > 0
        if abs(drift) - (abs(before) if is_same_side else 0) >= by:
            return True
    return False


def spare_cash(
    house: House, held: Mapping[Symbol, Decimal], prices: Mapping[Symbol, Decimal]
) -> Decimal:
    """The money beyond the CASH target, which is more than the reserve in every policy here."""
    total = sum(q * prices.get(s, Decimal(1)) for s, q in held.items())
    return max(held[CASH] - total * house.targets[CASH] / 100, Decimal(0))


def _known_spare(proposal: Proposal, policy: Policy) -> Decimal:
    plan = proposal.revision.plan
    cash = plan.before.line(CASH)
    left = plan.after.cash if proposal.state in {"done", "partial"} else cash.value
    return max(left - plan.before.total * cash.target / 100, Decimal(0))


def _shown(proposal: Proposal) -> dict[Symbol, Decimal]:
    """What the account held when the plan was made."""
    holdings = proposal.revision.snapshot.holdings
    shown = {**holdings.positions, CASH: holdings.cash}
    return {symbol: quantity for symbol, quantity in shown.items() if quantity}
