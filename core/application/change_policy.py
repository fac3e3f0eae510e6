"""Policy: change bands, calendar, destination and limits by name."""

from __future__ import annotations

from datetime import datetime

from core.application.access import managed_for
from core.application.hold_back import hold_back
from core.application.keep_pinned import Wish, keep_pinned
from core.application.market import Market
from core.application.propose import supersede
from core.domain.approval import is_stricter, rule_of
from core.domain.change_kinds import PolicyChange
from core.domain.ids import PortfolioId
from core.domain.membership import Member
from core.domain.permissions import Act
from core.domain.policy import Policy
from core.domain.policy_fields import change_policy as changed
from core.domain.policy_fields import differences
from core.domain.portfolio import ManagedPortfolio
from core.domain.risk import CODE_LIMITS, Limits
from core.domain.targets import require_classes
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork


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

    What loosens or redirects a live portfolio is only made out, to be asked for: NeedsAgreement.
    """
    now, market_now = clock.now(), await market.clock.now()
    async with store.begin() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.CHANGE_POLICY)
        change = PolicyChange(managed.policy, changed(managed.policy, pairs))
        require_fitting(managed, change.after, limits)
        held = await hold_back(work, managed, change, member, now)
        if held is None:
            return await put_policy(
                work, managed, change.after, by=member, now=now, market_now=market_now
            )
    raise held


def require_fitting(managed: ManagedPortfolio, policy: Policy, limits: Limits) -> None:
    """Raise RiskLimit or BadPolicyValue for what this installation's limits or the targets do not go with."""
    if policy.collar != managed.policy.collar:
        limits.require_collar(policy)
    if policy.locations != managed.policy.locations and managed.targets is not None:
        require_classes(managed.targets, (each.asset_class for each in policy.locations))


async def put_policy(
    work: UnitOfWork,
    managed: ManagedPortfolio,
    policy: Policy,
    *,
    by: Member,
    now: datetime,
    market_now: datetime,
) -> Policy:
    """Replace the policy, inside the caller's unit of work.

    Where the approval rule asks for more from now on, what was proposed under the one before is superseded.
    """
    before, portfolio_id = managed.policy, managed.portfolio.id
    await work.portfolios.set_policy(portfolio_id, policy, by=by.id, at=market_now)
    if is_stricter(rule_of(policy), rule_of(before)):
        await supersede(work, portfolio_id, now)
    if policy.check_times != before.check_times:
        await work.checks.drop_unfinished(portfolio_id)
    if policy.pinned != before.pinned:
        await keep_pinned(
            work, [Wish(portfolio_id, managed.portfolio.home_chat_id, policy.pinned)], now
        )
    text = " ".join(f"{each.name} {each.after}" for each in differences(before, policy))
    await work.log.record(AuditEvent(now, "policy_changed", by.id, portfolio_id, data=text[:500]))
    return policy
