"""A ledger beside years on a street: what was looked at, put and told in each session, held against what must come."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from core.domain.instrument import CASH
from core.domain.session import Session
from tests.reliability.house import House
from tests.reliability.what_must_come import Before, Diary, Scene, grown, known, outcomes
from tests.reliability.what_rules_say import Look, RuleLedger

NOTES = """
CREATE TEMP TABLE IF NOT EXISTS looks
    (portfolio INTEGER, session TEXT, slot TEXT, was TEXT, outcome TEXT, detail TEXT);
CREATE TEMP TABLE IF NOT EXISTS alerts (portfolio INTEGER, cause TEXT);
CREATE TEMP TABLE IF NOT EXISTS lost (portfolio INTEGER, proposal INTEGER);
CREATE TEMP TABLE IF NOT EXISTS said
    (kind TEXT, chat INTEGER, portfolio INTEGER, proposal INTEGER, data TEXT, mark TEXT);
DROP TRIGGER IF EXISTS looked;
DROP TRIGGER IF EXISTS alerted;
DROP TRIGGER IF EXISTS told;
DROP TRIGGER IF EXISTS put_aside;
CREATE TEMP TRIGGER looked AFTER UPDATE OF outcome ON main.due_checks BEGIN
    INSERT INTO looks VALUES (NEW.portfolio_id, NEW.session, NEW.slot, OLD.outcome, NEW.outcome, NEW.detail); END;
CREATE TEMP TRIGGER alerted AFTER INSERT ON main.proposals BEGIN
    INSERT INTO alerts VALUES (NEW.portfolio_id, NEW.cause); END;
CREATE TEMP TRIGGER put_aside AFTER UPDATE OF state ON main.proposals
WHEN OLD.cause = 'withdrawal' AND OLD.state IN ('open', 'scheduled') AND NEW.state = 'superseded' BEGIN
    INSERT INTO lost VALUES (NEW.portfolio_id, NEW.id); END;
CREATE TEMP TRIGGER told AFTER INSERT ON main.outbox BEGIN
    INSERT INTO said VALUES
        (NEW.kind, NEW.chat_id, NEW.portfolio_id, NEW.proposal_id, NEW.data, NEW.dedup_key); END;
"""

PRESSING = ("proposal", "reminder", "approvals_missing", "check_refused", "rule")
"""What asks something of people, complains, or disturbs them."""


class Ledger:
    """What came in each session; what does not fit what must have come is written down in ``wrong``.

    ``tally`` counts what happened, so that a test can see that it did.
    """

    def __init__(self, raw: sqlite3.Connection, houses: Mapping[int, House]) -> None:
        self.raw = raw
        self.houses = houses
        self.diary = Diary()
        self.wrong: list[str] = []
        self.tally: Counter[str] = Counter()
        self.rules = RuleLedger(houses, self.tally, self._is_wrong)
        self.owed: set[int] = set()
        """Whose last slot passed without a look: one is caught up with before the next session's first slot."""
        raw.executescript(NOTES)
        self.forget_notes()

    def begin_session(self, session: Session) -> None:
        """A new page."""
        self.session = session
        self.now = session.opens_at
        self.is_set_back = False
        self.rounds: list[datetime] = []
        self.looked: dict[int, list[datetime]] = defaultdict(list)
        self.put: Counter[tuple[int, str]] = Counter()
        self.told: Counter[tuple[int, str, int]] = Counter()

    def hold_round(
        self, now: datetime, scene: Scene, before: Mapping[int, Before], *, is_done: bool
    ) -> None:
        """Hold what a round has done against what must have come; one that was cut off may have left things over."""
        self.now = now
        self.rules.see(scene)
        looks = self._hold_looks(scene, before)
        self.rules.hold_round(now, scene, looks, self._notes("said"), is_done=is_done)
        self._hold_silence(scene)
        if is_done and scene.session.is_open_at(now):
            self._hold_nothing_left_over()
        self.forget_notes()

    def hold_wishes(self, asked: Collection[int]) -> None:
        """Who asked for money was put a plan that raises it, and so was everybody who decides; nothing else was put."""
        put = dict(self._notes("alerts"))
        if put != dict.fromkeys(asked, "withdrawal"):
            self._is_wrong(f"{put} was put where {asked} asked for money")
        self._hold_pushed()
        self.forget_notes()

    def forget_notes(self) -> None:
        """Begin anew with what the store's triggers write down."""
        for table in ("looks", "alerts", "said", "lost"):
            self.raw.execute(f"DELETE FROM {table}")

    def _notes(self, table: str) -> list[Any]:
        return self.raw.execute(f"SELECT * FROM {table}").fetchall()

    def _hold_looks(self, scene: Scene, before: Mapping[int, Before]) -> dict[int, Look]:
        """Each look came to what it must, and what it found was put or told; returns what came of them."""
        alerts = Counter[int]()
        for portfolio, cause in self._notes("alerts"):
            alerts[portfolio] += 1
            self._note_alert(portfolio, cause, before.get(portfolio, Before()), scene)
        self._note_said(scene)
        found: dict[int, Look] = {}
        for portfolio, session, slot, was, outcome, detail in self._notes("looks"):
            self.tally[outcome] += 1
            if was is not None:
                self._is_wrong(f"{portfolio} {session} {slot} was looked at twice")
            look = found.setdefault(portfolio, Look(outcome, detail))
            look.slots.append(slot)
            if look.outcome != outcome:
                self._is_wrong(f"{portfolio} came to two outcomes in one round")
        for portfolio, look in found.items():
            self._hold_outcome(portfolio, look, scene, before.get(portfolio, Before()))
            if alerts[portfolio] != (look.outcome == "proposed"):
                self._is_wrong(f"{portfolio} {look} with {alerts[portfolio]} proposals")
        for lost in self._notes("lost"):
            self._is_wrong(f"{lost}: what raises money was put aside")
        for portfolio in alerts.keys() - found.keys():
            self._is_wrong(f"{portfolio} was put a proposal without a look")
        for portfolio, session, slot, _, outcome, _ in self._notes("looks"):
            self._note_look(portfolio, session, slot, outcome)
        return found

    def _note_look(self, portfolio: int, session: str, slot: str, outcome: str) -> None:
        if slot.startswith("again"):
            self.tally["tried again"] += 1
        elif slot.startswith("rule"):
            self.rules.note_look(portfolio, session, slot)
        else:
            self.looked[portfolio].append(self.now)
        if "rule" not in slot:
            self.diary.note(portfolio, date.fromisoformat(session), outcome)

    def _hold_outcome(self, portfolio: int, look: Look, scene: Scene, before: Before) -> None:
        house = self.houses[portfolio]
        if not scene.session.is_open_at(self.now):
            self._is_wrong(f"{portfolio} was looked at while the exchange is closed")
        date_due = self.diary.is_date_due(house, scene.session.date)
        must = outcomes(house, before, scene, date_due=date_due, is_by_rule=look.is_by_rule)
        if look.outcome not in must:
            drifts = {s: f"{drift:.3f}" for s, drift in scene.drifts(house).items()}
            self._is_wrong(
                f"{portfolio} came to {look} instead of {must} with {drifts}: {house.policy}"
            )
        if look.outcome == "refused":
            self._hold_refusal(house, json.loads(look.detail).get("refusal"), scene)

    def _hold_refusal(self, house: House, code: str, scene: Scene) -> None:
        """People were told today, and it is tried again within the hour where the session lasts."""
        self.tally["one account away"] += house.is_one_away
        if code not in scene.troubles(house):
            self._is_wrong(f"{house.id} refused by {code} instead of {scene.troubles(house)}")
        for member in house.deciders:
            if self.told[house.id, code, member.user_id] != 1:
                self._is_wrong(f"{house.id} {code} was not told to {member.name}")
        again = self.raw.execute(
            "SELECT min(due_at) FROM due_checks WHERE portfolio_id = ? AND finished_at IS NULL AND slot LIKE 'again%'",
            (house.id,),
        ).fetchone()[0]
        if again is None and self.now + timedelta(minutes=60) < scene.session.closes_at:
            self._is_wrong(f"{house.id} refused by {code} is not tried again")

    def _note_alert(self, portfolio: int, cause: str, before: Before, scene: Scene) -> None:
        """Count it; where there was another one of its kind today, there must have been a reason."""
        self.put[portfolio, cause] += 1
        if self.put[portfolio, cause] == 1:
            return
        house = self.houses[portfolio]
        beyond = scene.beyond(house)
        last = before.waiting or before.answered
        is_grown = last is not None and grown(known(last), beyond, house.policy.alert_growth)
        is_answered = before.waiting is None and not house.policy.cool_down
        is_changed = (
            last is not None and last.revision.snapshot.holdings.cash != scene.held[portfolio][CASH]
        )
        if is_grown or is_answered or is_changed or before.waiting is None:
            self.tally["again with reason"] += 1
        else:
            self._is_wrong(f"{portfolio} was put a second proposal of {cause} in one session")

    def _note_said(self, scene: Scene) -> None:
        self._hold_pushed()
        for kind, chat, portfolio, _, data, _ in self._notes("said"):
            if kind == "check_refused":
                key = (portfolio, json.loads(data)["code"], chat)
                self.told[key] += 1
                if self.told[key] > 1:
                    self._is_wrong(f"{key} was told twice in {scene.session.date}")

    def _hold_pushed(self) -> None:
        """Each proposal went to everybody who decides, once, and to nobody else."""
        pushed: Counter[tuple[int, str]] = Counter()
        for kind, chat, portfolio, proposal, _, mark in self._notes("said"):
            if kind == "proposal":
                pushed[proposal, mark.split(":")[2]] += 1
                if chat not in {m.user_id for m in self.houses[portfolio].deciders}:
                    self._is_wrong(f"{mark} went to somebody who does not decide")
        for (proposal, mark), count in pushed.items():
            (portfolio,) = self.raw.execute(
                "SELECT portfolio_id FROM proposals WHERE id = ?", (proposal,)
            ).fetchone()
            if count != len(self.houses[portfolio].deciders):
                self._is_wrong(f"{proposal} {mark} was pushed to {count}")

    def _hold_silence(self, scene: Scene) -> None:
        """Of what is paused nothing is put, asked for or complained of, and nothing is sent to the broker."""
        for number in scene.paused:
            house = self.houses[number]
            if house.sent > scene.sent[number]:
                self._is_wrong(f"{number} sent orders while it is paused")
        for kind, chat, portfolio, *_, mark in self._notes("said"):
            if portfolio in scene.paused and kind in PRESSING:
                self._is_wrong(f"{portfolio} is paused, and {chat} was told {kind} {mark}")

    def _hold_nothing_left_over(self) -> None:
        left = self.raw.execute(
            "SELECT portfolio_id, session, slot FROM due_checks WHERE finished_at IS NULL AND due_at <= ?",
            (self.now.isoformat(timespec="microseconds"),),
        ).fetchall()
        if left:
            self._is_wrong(f"due, and not looked at: {left}")

    # --- the end of a session --------------------------------------------------------------------

    def end_session(self) -> None:
        """Every slot at which something ran in its time had its look, and no other came but one to catch up."""
        for house in self.houses.values():
            slots = {self.session.slot_at(slot) for slot in house.policy.check_times}
            edges = [self.session.opens_at, *sorted(slots), self.session.closes_at]
            counts = [
                self._within(self.looked[house.id], *edges[i : i + 2])
                for i in range(len(edges) - 1)
            ]
            ran = [self._within(self.rounds, *edges[i : i + 2]) for i in range(len(edges) - 1)]
            self._hold_slots(house, counts, ran)
            if counts[-1]:
                self.owed.discard(house.id)
            else:
                self.owed.add(house.id)

    def _hold_slots(self, house: House, counts: list[int], ran: list[int]) -> None:
        is_owed = house.id in self.owed
        first, most = counts[0], 2 if self.is_set_back else 1
        if first > is_owed or (is_owed and ran[0] and not first):
            self._is_wrong(f"{house.id} caught up {first} times where {is_owed} was owed")
        for count, rounds in zip(counts[1:], ran[1:], strict=True):
            if count > most or (rounds and not count):
                self._is_wrong(
                    f"{house.id} {house.policy.check_times} {counts} looks in {ran} rounds"
                )
        self.tally["caught up"] += first

    @staticmethod
    def _within(times: list[datetime], start: datetime, end: datetime) -> int:
        return sum(start <= at < end for at in times)

    def _is_wrong(self, what: str) -> None:
        self.wrong.append(f"{self.now.isoformat()} {what}")
