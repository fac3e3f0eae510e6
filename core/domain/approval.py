"""Approval: how many different people a plan needs, and whose approvals count.

A rule asks for some people always, and for more where a plan is large: where the larger of its purchases and its sales
is above an amount or a share of the portfolio, or where the gains of the lots it sells are above an amount. With four
eyes, whoever asked for a plan or changed its lines may be one of several who approve it, but never the only one.
A larger plan never needs fewer people.

An approval counts from people who may approve now: it is asked when it is given, when the last one completes it, and
again before anything is sent. One person counts once, from the first answer on, until it is taken back. One objection
rejects the whole: it does not need a majority.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from core.domain.ids import MemberId
from core.domain.membership import Membership, Role
from core.domain.money import HUNDRED, ZERO
from core.domain.permissions import Act, may
from core.domain.plan import Plan
from core.domain.policy import Policy
from core.domain.portfolio import ManagedPortfolio
from core.domain.tax_treatment import TaxTreatment

TWO = 2
"""Four eyes are those of so many people."""


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """How many different people approve what, how long anybody may object, and who is asked first.

    ``people`` always; ``many`` where a plan trades more than ``above`` (money) or ``share`` (percent of the portfolio),
    or sells lots with gains of more than ``gain`` (money); None is off. ``veto`` is how long orders wait after the last
    approval. ``ask_first`` are asked before the others, who are asked after ``remind_after``; then, too, whoever has
    not answered hears of it again. At 0 that is only shortly before the end.
    """

    people: int = 1
    many: int = TWO
    above: Decimal | None = None
    share: Decimal | None = None
    gain: Decimal | None = None
    four_eyes: bool = False
    veto: timedelta = timedelta(0)
    ask_first: tuple[MemberId, ...] = ()
    remind_after: timedelta = timedelta(0)

    @property
    def limits(self) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
        """What a plan must be above to need many people: money, percent, and money of gains; None is off."""
        return self.above, self.share, self.gain

    @property
    def is_same_for_all(self) -> bool:
        """Whether large plans need no more people than small ones."""
        return self.many <= self.people or all(limit is None for limit in self.limits)


def rule_of(policy: Policy) -> ApprovalRule:
    """The rule that a portfolio's policy sets."""
    return ApprovalRule(
        people=policy.approvals,
        many=policy.approvals_many,
        above=policy.approvals_above,
        share=policy.approvals_share,
        gain=policy.approvals_gain,
        four_eyes=policy.four_eyes,
        veto=timedelta(minutes=policy.veto),
        ask_first=policy.ask_first,
        remind_after=timedelta(minutes=policy.remind_after),
    )


def most_people(rule: ApprovalRule) -> int:
    """The most people that any trade may need."""
    return rule.people if rule.is_same_for_all else rule.many


def fewest_approvers(rule: ApprovalRule) -> int:
    """How many people who may approve there must be, so that every plan can be approved whoever asked for it."""
    return max(most_people(rule), TWO if rule.four_eyes else 1)


def is_stricter(after: ApprovalRule, before: ApprovalRule) -> bool:
    """Whether some plan may need more under one rule than under another: more people, others, or more time."""
    if after.people > before.people or most_people(after) > most_people(before):
        return True
    if (after.four_eyes and not before.four_eyes) or after.veto > before.veto:
        return True
    if after.is_same_for_all:
        return False
    return any(
        new is not None and (old is None or new < old)
        for new, old in zip(after.limits, before.limits, strict=True)
    )


# --- what a plan needs ---------------------------------------------------------------------------


class Because(StrEnum):
    """Why a plan needs so many people: always, or for what it trades."""

    ALWAYS = "always"
    AMOUNT = "amount"
    SHARE = "share"
    GAIN = "gain"


@dataclass(frozen=True, slots=True)
class Why:
    """One reason for many people, with the limit and what the plan comes to: money, or percent for a share."""

    because: Because
    limit: Decimal = ZERO
    value: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Stake:
    """What is at stake in a plan: the larger of its purchases and its sales, that in percent, and the gains sold."""

    amount: Decimal = ZERO
    share: Decimal = ZERO
    gain: Decimal = ZERO


def stake_of(plan: Plan, untaxed: Collection[str] = ()) -> Stake:
    """What is at stake in a plan; gains in the accounts named ``untaxed`` are none that anybody pays tax on.

    A lot's loss makes no other lot's gain smaller, and where nobody knows what shares cost, all that they bring counts.
    """
    bought = sum((trade.value for trade in plan.buys), ZERO)
    sold = sum((trade.value for trade in plan.sells), ZERO)
    amount = max(bought, sold)
    total = plan.before.total + plan.raises
    share = amount / total * HUNDRED if total > ZERO else HUNDRED
    gain = ZERO
    for trade in plan.sells:
        if trade.account in untaxed:
            continue
        if not trade.lots:
            gain += trade.value
        for sale in trade.lots:
            gain += sale.proceeds if sale.gain is None else max(sale.gain, ZERO)
    return Stake(amount, share, gain)


@dataclass(frozen=True, slots=True)
class Need:
    """What one plan needs: so many different people, why, and how long anybody may object afterwards.

    ``authors`` asked for it or changed it: with four eyes none of them can be the only one who approves.
    """

    people: int = 1
    why: tuple[Why, ...] = ()
    authors: tuple[MemberId, ...] = ()
    veto: timedelta = timedelta(0)

    def is_met_by(self, givers: Collection[MemberId]) -> bool:
        """Whether the approvals of these people are enough."""
        return self.missing(givers) == 0

    def missing(self, givers: Collection[MemberId]) -> int:
        """How many more people must approve besides these."""
        different = set(givers)
        is_alone = len(different) == 1 and not different.isdisjoint(self.authors)
        return max(self.people - len(different), int(is_alone), 0)

    def written_by(self, *members: MemberId | None) -> Need:
        """The same where more people had a hand in the plan."""
        authors = dict.fromkeys((*self.authors, *(each for each in members if each is not None)))
        return Need(self.people, self.why, tuple(authors), self.veto)


def people_needed(rule: ApprovalRule, stake: Stake) -> tuple[int, tuple[Why, ...]]:
    """How many people must approve what is at stake, and why so many; no reason where one is enough."""
    found = tuple(
        Why(because, limit, value)
        for because, limit, value in (
            (Because.AMOUNT, rule.above, stake.amount),
            (Because.SHARE, rule.share, stake.share),
            (Because.GAIN, rule.gain, stake.gain),
        )
        if limit is not None and value > limit
    )
    if found and not rule.is_same_for_all:
        return rule.many, found
    return rule.people, () if rule.people == 1 else (Why(Because.ALWAYS),)


def need_of(rule: ApprovalRule, stake: Stake, authors: Iterable[MemberId | None] = ()) -> Need:
    """What a plan needs under a rule, asked for or changed by these people (None: by nobody)."""
    people, why = people_needed(rule, stake)
    need = Need(people, why, veto=rule.veto)
    return need.written_by(*authors) if rule.four_eyes else need


def need_for(
    managed: ManagedPortfolio, plan: Plan, authors: Iterable[MemberId | None] = ()
) -> Need:
    """What a portfolio's plan needs under its rule as it is now."""
    untaxed = {
        f"{account.id}"
        for account in managed.accounts
        if account.tax_treatment is not TaxTreatment.TAXABLE
    }
    return need_of(rule_of(managed.policy), stake_of(plan, untaxed), authors)


def most_needed(rule: ApprovalRule, author: MemberId) -> Need:
    """What the largest plan would need that somebody asks for; without the time in which anybody may object."""
    need = Need(most_people(rule))
    return need.written_by(author) if rule.four_eyes else need


# --- whose approvals count -----------------------------------------------------------------------


def able(memberships: Iterable[Membership]) -> tuple[MemberId, ...]:
    """Those among a portfolio's people who may approve, in the order given."""
    return tuple(each.member.id for each in memberships if may(each.role, Act.APPROVE))


def roles_of(memberships: Iterable[Membership]) -> dict[MemberId, Role]:
    """Each member's role."""
    return {each.member.id: each.role for each in memberships}


def counted(
    givers: Iterable[MemberId], roles: Mapping[MemberId, Role | None]
) -> tuple[MemberId, ...]:
    """Those whose approvals count now: each person once, and only who may approve by these roles."""
    return tuple(giver for giver in dict.fromkeys(givers) if may(roles.get(giver), Act.APPROVE))


@dataclass(frozen=True, slots=True)
class StillNeeded:
    """How many more people must approve, and among whom they may be."""

    number: int = 0
    among: tuple[MemberId, ...] = ()

    @property
    def is_possible(self) -> bool:
        """Whether there are enough people who may still approve."""
        return len(self.among) >= self.number


def still_needed(
    need: Need, givers: Collection[MemberId], approvers: Iterable[MemberId]
) -> StillNeeded:
    """Who is still needed after the approvals of ``givers``, among all who may approve.

    Where a single approval is wanted, and four eyes, it is that of somebody who had no hand in the plan.
    """
    number = need.missing(givers)
    if not number:
        return StillNeeded()
    out = set(givers)
    if need.people == 1 and not givers:
        out |= set(need.authors)
    return StillNeeded(number, tuple(each for each in approvers if each not in out))
