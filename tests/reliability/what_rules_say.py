"""What rules for market conditions must do and say, told from the index and from what people were told before.

Nothing of the use cases is used here: the documented promises are. What only notifies is told of when it turns true,
once a week at most; what holds off or widens with the first look that it touches, and when it is over; what checks now
brings one look about in a session at most, and what came of it is told.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from core.domain.rules import Action
from tests.reliability.house import House, HouseRule
from tests.reliability.what_must_come import LASTING, Scene

WEEK = timedelta(days=7)
BETWEEN_LOOKS = timedelta(minutes=15)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
MEASURED = ("on_target", "proposed", "still_open", "nothing_helps")


@dataclass
class Look:
    """What the checks of one portfolio came to in a round."""

    outcome: str
    detail: str
    slots: list[str] = field(default_factory=list)

    def is_by(self, rule: HouseRule) -> bool:
        """Whether a rule has brought one of the checks about, or what it repeats."""
        return any(f"rule{rule.id}:" in slot for slot in self.slots)

    @property
    def is_by_rule(self) -> bool:
        """Whether any rule has."""
        return any("rule" in slot for slot in self.slots)


@dataclass
class Known:
    """What is known of one rule: whether it held when it was last weighed, and what people believe.

    ``held`` is None where a round that was cut off may have weighed it.
    """

    held: bool | None = False
    is_believed: bool = False
    told_on: date | None = None
    weighed_at: datetime = LONG_AGO

    def is_quiet(self, today: date) -> bool:
        """Whether people heard of it in the last week."""
        return self.told_on is not None and today - self.told_on < WEEK


class RuleLedger:
    """What was told of each rule, held against what must be; what does not fit is passed to ``wrong``."""

    def __init__(
        self, houses: Mapping[int, House], tally: Counter[str], wrong: Callable[[str], None]
    ) -> None:
        self.houses = [house for house in houses.values() if house.rules]
        self.tally = tally
        self.wrong = wrong
        self.known: dict[int, Known] = defaultdict(Known)
        self.brought: Counter[tuple[int, str]] = Counter()
        self.held_in: dict[int, set[str]] = defaultdict(set)

    def note_look(self, portfolio: int, session: str, slot: str) -> None:
        """A look that a rule has brought about: one in each session, and only where it held."""
        rule = int(slot.removeprefix("rule").partition(":")[0])
        self.tally["looked at by a rule"] += 1
        self.brought[rule, session] += 1
        if self.brought[rule, session] > 1:
            self.wrong(f"{portfolio} was looked at twice in {session} because of rule {rule}")
        if session not in self.held_in[rule]:
            self.wrong(f"{portfolio} was looked at in {session} because of rule {rule}: it was off")

    def see(self, scene: Scene) -> None:
        """What holds now."""
        for house in self.houses:
            for rule in house.rules:
                if scene.truth(rule):
                    self.held_in[rule.id].add(str(scene.session.date))

    def hold_round(
        self,
        now: datetime,
        scene: Scene,
        looks: Mapping[int, Look],
        said: Iterable[Any],
        *,
        is_done: bool,
    ) -> None:
        """Hold what a round has said of rules against what it must have said; ``said`` are the outbox's rows."""
        told: dict[tuple[int, bool], Counter[int]] = defaultdict(Counter)
        for kind, chat, _, _, data, _ in said:
            if kind == "rule":
                values = json.loads(data)
                told[int(values["rule"]), bool(values["over"])][chat] += 1
        for house in self.houses:
            for rule in house.rules:
                ours = told[rule.id, False], told[rule.id, True]
                self._hold_told(house, rule, scene, *ours)
                self._hold_rule(house, rule, scene, looks.get(house.id), is_done=is_done, now=now)

    def _hold_told(
        self,
        house: House,
        rule: HouseRule,
        scene: Scene,
        begun: Counter[int],
        ended: Counter[int],
    ) -> None:
        """What was told was true, and new; whoever decides was told, once each."""
        known, today, truth = self.known[rule.id], scene.session.date, scene.truth(rule)
        everybody = Counter(member.user_id for member in house.deciders)
        for chats, must_be in ((begun, True), (ended, False)):
            if chats and (chats != everybody or truth is not must_be):
                self.wrong(f"{rule} of {house.id} told {chats} that it is {must_be}: {truth}")
        if begun:
            self.tally["told of a rule"] += 1
            is_again = (
                known.told_on == today if rule.action is Action.CHECK_NOW else known.is_quiet(today)
            )
            if is_again:
                self.wrong(f"{rule} of {house.id} was told on {known.told_on}, and again")
            known.told_on, known.is_believed = today, rule.action in LASTING
        if ended:
            self.tally["told that it is over"] += 1
            if not known.is_believed:
                self.wrong(f"{rule} of {house.id} is over, and nobody knew that it held")
            known.is_believed = False

    def _hold_rule(
        self,
        house: House,
        rule: HouseRule,
        scene: Scene,
        look: Look | None,
        *,
        is_done: bool,
        now: datetime,
    ) -> None:
        """Nothing that must be told or looked at was left out."""
        known, truth = self.known[rule.id], scene.truth(rule)
        if house.id in scene.paused or not scene.session.is_open_at(now):
            return
        is_between = (
            rule.action is Action.CHECK_NOW and is_done and now - known.weighed_at >= BETWEEN_LOOKS
        )
        is_overruled = rule.action is Action.CHECK_NOW and scene.action(house) is not rule.action
        if look is not None or is_between:
            if truth and known.held is False and not is_overruled:
                self._hold_begun(house, rule, scene, is_done=is_done)
            if truth is False and known.is_believed:
                self.wrong(f"{rule} of {house.id} is over, and people were not told")
            if truth is not None and not (truth and is_overruled):
                known.held = truth
        elif not is_done and truth is not None and truth is not known.held:
            known.held = None
        if look is not None:
            self._hold_look(house, rule, scene, look)
        known.weighed_at = max(known.weighed_at, now)

    def _hold_begun(self, house: House, rule: HouseRule, scene: Scene, *, is_done: bool) -> None:
        known, today = self.known[rule.id], scene.session.date
        if rule.action is Action.NOTIFY and not known.is_quiet(today):
            self.wrong(f"{rule} of {house.id} turned true, and people were not told")
        is_looked = self.brought[rule.id, str(today)]
        if rule.action is Action.CHECK_NOW and is_done and not is_looked:
            self.wrong(f"{rule} of {house.id} turned true, and nobody looked")

    def _hold_look(self, house: House, rule: HouseRule, scene: Scene, look: Look) -> None:
        """What a rule did to a look was told, unless people know."""
        if not scene.truth(rule) or scene.action(house) is not rule.action:
            return
        known, today = self.known[rule.id], scene.session.date
        is_touched = {
            Action.HOLD_OFF: look.outcome == "held_off",
            Action.WIDEN: look.outcome in MEASURED,
            Action.CHECK_NOW: look.is_by(rule) and look.outcome != "refused",
        }.get(rule.action, False)
        if is_touched:
            self.tally[f"rule: {rule.action}"] += 1
        is_told = known.is_believed or known.is_quiet(today)
        if rule.action is Action.CHECK_NOW:
            is_told = known.told_on == today
        if is_touched and not is_told:
            self.wrong(f"{rule} of {house.id} came to {look.outcome}, and people were not told")
