"""Harvest losses because a person asks: the same plan as a scheduled look's, from any loss that they name."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial

from core.application.access import managed_for
from core.application.check_drift import request_plan
from core.application.check_result import CheckResult
from core.application.market import Market
from core.application.tax_looks import coming_purchases, terms_of
from core.domain.ids import ChatId, PortfolioId
from core.domain.membership import Member
from core.domain.permissions import Act
from core.domain.proposal import Cause
from core.domain.risk import CODE_LIMITS, Limits
from core.planning.harvest import harvest
from core.ports.broker import Brokers
from core.ports.clock import Clock
from core.ports.store import Store


async def request_harvest(  # noqa: PLR0913 - the ways in which a person asks
    store: Store,
    brokers: Brokers,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    request_key: str,
    chat_id: ChatId | None = None,
    least_loss: Decimal | None = None,
    limits: Limits = CODE_LIMITS,
) -> CheckResult:
    """Look for losses to harvest, and propose the pairs; the same ``request_key`` is one request.

    ``least_loss`` stands in for the policy's amount. Where nothing is harvested the result's plan says why: of all
    positions in ``skipped``, of the largest loss in its reason. An open proposal is superseded by the new one, as by
    any other that a person asks for. Refusals come as a result, but for missing permission, which raises.
    """
    async with store.read() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.ASK_FOR_HARVEST)
        coming = await coming_purchases(work, managed)
    terms = terms_of(managed.policy, coming)
    if least_loss is not None:
        terms = replace(terms, least_loss=least_loss)
    return await request_plan(
        store,
        brokers,
        market,
        clock,
        member=member,
        portfolio_id=portfolio_id,
        request_key=request_key,
        chat_id=chat_id,
        limits=limits,
        planner=partial(harvest, terms=terms),
        cause=Cause.HARVEST,
    )
