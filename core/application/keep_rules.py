"""Keep rules: an owner adds them, turns them on and off, and removes them; everybody of the portfolio sees them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from core.application.access import managed_for, require_role
from core.application.hold_back import hold_back
from core.application.market import Market
from core.application.weigh_rules import weigh
from core.domain.change_kinds import RuleTurnedOn
from core.domain.ids import PortfolioId, RuleId
from core.domain.membership import Member
from core.domain.permissions import Act
from core.domain.refusals import RuleTooLong, SameRule, TooManyRules, UnknownRule
from core.domain.rules import (
    MAX_LENGTH,
    MAX_RULES,
    Action,
    Rule,
    Ruled,
    parse,
    print_condition,
    require_factor,
)
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork


async def list_rules(store: Store, member: Member, portfolio_id: PortfolioId) -> tuple[Rule, ...]:
    """A portfolio's rules, the oldest first; raises UnknownPortfolio."""
    async with store.read() as work:
        await require_role(work, member, portfolio_id, Act.SEE_RULES)
        return await work.rules.of(portfolio_id)


async def show_rules(
    store: Store, market: Market, *, member: Member, portfolio_id: PortfolioId
) -> tuple[Ruled, ...]:
    """A portfolio's rules with what each comes to now, on or off, the oldest first; raises UnknownPortfolio."""
    rules = await list_rules(store, member, portfolio_id)
    return await weigh(market.history, market.calendar, await market.moment(), rules)


async def add_rule(
    store: Store,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    text: str,
    action: Action,
    factor: Decimal | None = None,
) -> Rule:
    """Keep a new rule in its usual spelling; it is off until it is turned on.

    Raises a BadRule, BadFactor, FactorNotTaken, TooManyRules, SameRule, or what access is refused with.
    """
    written = print_condition(parse(text))
    if len(written) > MAX_LENGTH:
        raise RuleTooLong(written, MAX_LENGTH, len(written) - MAX_LENGTH, MAX_LENGTH)
    require_factor(action, factor)
    now = clock.now()
    async with store.begin() as work:
        await require_role(work, member, portfolio_id, Act.CHANGE_RULES)
        known = await work.rules.of(portfolio_id)
        for each in known:
            if (each.text, each.action, each.factor) == (written, action, factor):
                raise SameRule(each.id)
        if len(known) >= MAX_RULES:
            raise TooManyRules(MAX_RULES)
        rule = await work.rules.add(
            portfolio_id, written, action, factor=factor, by=member.id, at=now
        )
        await work.log.record(_event("rule_added", rule, member, now))
    return rule


async def switch_rule(
    store: Store,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    rule_id: RuleId,
    is_enabled: bool,
) -> Rule:
    """Turn a rule on or off, and return it as it is now; raises UnknownRule, or what access is refused with.

    One that lets the lines of a live portfolio drift further is only made out, to be asked for: NeedsAgreement.
    """
    now = clock.now()
    async with store.begin() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.CHANGE_RULES)
        rule = _the(rule_id, await work.rules.of(portfolio_id))
        held = None
        if is_enabled and not rule.is_enabled:
            what = RuleTurnedOn(rule.id, rule.text, rule.action, rule.factor)
            held = await hold_back(work, managed, what, member, now)
        if held is None:
            return await put_rule(work, rule, by=member, now=now, is_enabled=is_enabled)
    raise held


async def turn_rule_on(
    work: UnitOfWork, portfolio_id: PortfolioId, rule_id: RuleId, *, by: Member, now: datetime
) -> Rule:
    """Turn a rule on that was asked for, inside the caller's unit of work; raises UnknownRule."""
    rule = _the(rule_id, await work.rules.of(portfolio_id))
    return await put_rule(work, rule, by=by, now=now, is_enabled=True)


async def put_rule(
    work: UnitOfWork, rule: Rule, *, by: Member, now: datetime, is_enabled: bool
) -> Rule:
    """Turn a rule on or off, inside the caller's unit of work, and return it as it is now."""
    await work.rules.switch(rule.portfolio_id, rule.id, is_enabled=is_enabled)
    rule = _the(rule.id, await work.rules.of(rule.portfolio_id))
    kind = "rule_on" if is_enabled else "rule_off"
    await work.log.record(_event(kind, rule, by, now))
    return rule


async def remove_rule(
    store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId, rule_id: RuleId
) -> Rule:
    """Forget a rule, and return what it was; raises UnknownRule, or what access is refused with."""
    async with store.begin() as work:
        await require_role(work, member, portfolio_id, Act.CHANGE_RULES)
        rule = _the(rule_id, await work.rules.of(portfolio_id))
        await work.rules.remove(portfolio_id, rule_id)
        await work.log.record(_event("rule_removed", rule, member, clock.now()))
    return rule


def _the(rule_id: RuleId, rules: tuple[Rule, ...]) -> Rule:
    for rule in rules:
        if rule.id == rule_id:
            return rule
    raise UnknownRule(rule_id)


def _event(kind: str, rule: Rule, member: Member, now: datetime) -> AuditEvent:
    data = f"{rule.id}: {rule.text} ({rule.action})"
    return AuditEvent(now, kind, member.id, rule.portfolio_id, data=data)
