"""Policy: change bands, calendar, destination and limits by name."""

from __future__ import annotations

from dataclasses import replace

from core.application.access import managed_for
from core.application.keep_pinned import keep_pinned
from core.application.market import Market
from core.application.propose import supersede
from core.domain.approval import is_stricter, rule_of
from core.domain.ids import PortfolioId
from core.domain.membership import Member
from core.domain.permissions import Act
from core.domain.policy import Policy
from core.domain.policy_fields import change_policy as changed
from core.domain.risk import CODE_LIMITS, Limits
from core.domain.targets import require_classes
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store


async def change_policy(
    store: Store,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    pairs: list[tuple[str, str]],
    limits: Limits = CODE_LIMITS,
) -> Policy:
    """Change the named fields together, or none of them; raises UnknownPolicyName, BadPolicyValue or RiskLimit.

    Where the approval rule asks for more from now on, what was proposed under the one before is superseded.
    """
    now, market_now = clock.now(), await market.clock.now()
    async with store.begin() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.CHANGE_POLICY)
        policy = changed(managed.policy, pairs)
        if policy.collar != managed.policy.collar:
            limits.require_collar(policy)
        if policy.locations != managed.policy.locations and managed.targets is not None:
            require_classes(managed.targets, (each.asset_class for each in policy.locations))
        await work.portfolios.set_policy(portfolio_id, policy, by=member.id, at=market_now)
        if is_stricter(rule_of(policy), rule_of(managed.policy)):
            await supersede(work, portfolio_id, now)
        if policy.check_times != managed.policy.check_times:
            await work.checks.drop_unfinished(portfolio_id)
        if policy.pinned != managed.policy.pinned:
            await keep_pinned(work, [replace(managed, policy=policy)], now)
        text = " ".join(f"{name} {value}" for name, value in pairs)
        await work.log.record(
            AuditEvent(now, "policy_changed", member.id, portfolio_id, data=text[:500])
        )
    return policy
