"""A house: one portfolio of a street as it was set up, and what can be seen of it from outside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from core.domain.ids import AccountId, PortfolioId, RuleId, Symbol
from core.domain.instrument import CASH
from core.domain.membership import Member
from core.domain.policy import Policy
from core.domain.rules import Action
from tests.fakes.broker import FakeBroker


class Habit(StrEnum):
    """What the people of a portfolio do with a proposal that is put to them."""

    APPROVE = "approve"
    REJECT = "reject"
    SNOOZE = "snooze"
    IGNORE = "ignore"
    ANY = "any"


@dataclass(frozen=True)
class HouseRule:
    """What is done while the index is above its limit, for so many sessions; ``factor`` widens bands."""

    id: RuleId
    action: Action
    sessions: int
    factor: Decimal


@dataclass(frozen=True)
class House:
    """One portfolio as it was set up: what it is to hold, how, in which accounts, and who decides."""

    id: PortfolioId
    targets: dict[Symbol, Decimal]
    policy: Policy
    deciders: tuple[Member, ...]
    habit: Habit
    accounts: Mapping[AccountId, FakeBroker]
    rules: tuple[HouseRule, ...] = ()

    @property
    def sent(self) -> int:
        """How many orders have been sent to its brokers so far."""
        return sum(len(broker.submits) for broker in self.accounts.values())

    @property
    def is_away(self) -> bool:
        """Whether one of its brokers does not answer."""
        return any(broker.read_error is not None for broker in self.accounts.values())

    @property
    def is_one_away(self) -> bool:
        """Whether one of its brokers does not answer, and another does."""
        answering = {broker.read_error is None for broker in self.accounts.values()}
        return len(answering) > 1

    def held(self) -> dict[Symbol, Decimal]:
        """What its accounts hold now, the cash among it that no open order keeps back."""
        found: dict[Symbol, Decimal] = defaultdict(Decimal)
        for broker in self.accounts.values():
            found[CASH] += cash_in(broker)
            for symbol, quantity in broker.positions.items():
                found[symbol] += quantity
        return found

    def drifts(
        self, held: Mapping[Symbol, Decimal], prices: Mapping[Symbol, Decimal]
    ) -> dict[Symbol, Decimal]:
        """How far each line of what was held is from its target, in points."""
        values = {s: held.get(s, Decimal(0)) * prices.get(s, Decimal(1)) for s in self.targets}
        total = sum(values.values())
        return {s: values[s] / total * 100 - self.targets[s] for s in values}

    def beyond(
        self, drifts: Mapping[Symbol, Decimal], factor: Decimal = Decimal(1)
    ) -> dict[Symbol, Decimal]:
        """The lines that lie beyond their band, which is so many times as wide as ever, with how far they are off."""
        return {s: drift for s, drift in drifts.items() if abs(drift) > self._band(s) * factor}

    def _band(self, symbol: Symbol) -> Decimal:
        band = self.policy.band
        assert band.absolute is not None
        if symbol == CASH or band.relative is None:
            return band.absolute
        return min(band.absolute, self.targets[symbol] * band.relative / 100)


def cash_in(broker: FakeBroker) -> Decimal:
    """An account's cash that no open order keeps back."""
    return broker.cash - broker._held()
