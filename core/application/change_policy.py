"""Policy: change bands, calendar, destination and limits by name."""

from __future__ import annotations

from core.application.access import managed_for
from core.application.market import Market
from core.domain.ids import PortfolioId
from core.domain.membership import Member, Permission
from core.domain.policy import Policy
from core.domain.policy_fields import change_policy as changed
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
) -> Policy:
    """Change the named fields together, or none of them; raises UnknownPolicyName or BadPolicyValue."""
    now, market_now = clock.now(), await market.clock.now()
    async with store.begin() as work:
        managed, _ = await managed_for(
            work, member, portfolio_id, Permission.MANAGE, "change the policy"
        )
        policy = changed(managed.policy, pairs)
        await work.portfolios.set_policy(portfolio_id, policy, by=member.id, at=market_now)
        if policy.check_times != managed.policy.check_times:
            await work.checks.drop_unfinished(portfolio_id)
        text = " ".join(f"{name} {value}" for name, value in pairs)
        await work.log.record(
            AuditEvent(now, "policy_changed", member.id, portfolio_id, data=text[:500])
        )
    return policy
