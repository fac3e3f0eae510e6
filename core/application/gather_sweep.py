"""Gather a sweep: what the store knows of the portfolios whose checks are due, before any price is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.application.check_result import NOT_LOOKED, Standing
from core.application.gate import rooms_today
from core.application.market import Market, Moment
from core.application.propose import is_cooling_down
from core.application.tax_looks import read_tax_due
from core.application.write_sweep import Sweep, chunks
from core.domain.ids import PortfolioId
from core.domain.portfolio import (
    ManagedPortfolio,
)
from core.domain.session import DueCheck
from core.ports.store import UnitOfWork


async def gather_sweep(
    work: UnitOfWork, market: Market, due: Sequence[DueCheck], moment: Moment
) -> Sweep:
    """What is known of the portfolios of these checks before any price is asked for."""
    checks: dict[PortfolioId, tuple[DueCheck, ...]] = {}
    for check in due:
        checks[check.portfolio_id] = (*checks.get(check.portfolio_id, ()), check)
    portfolios: list[ManagedPortfolio] = []
    standings: dict[PortfolioId, Standing] = {}
    for ids in chunks(tuple(checks)):
        found = await work.portfolios.many(ids)
        portfolios += found
        before = await _standings(work, ids, moment)
        standings |= await _with_answers(work, market, moment, found, before)
    rooms = {m.portfolio.id: await rooms_today(work, m, moment) for m in portfolios}
    tax_due = await read_tax_due(work, portfolios, moment)
    return Sweep(moment, checks, tuple(portfolios), standings, rooms=rooms, tax_due=tax_due)


async def _standings(
    work: UnitOfWork, ids: Sequence[PortfolioId], moment: Moment
) -> dict[PortfolioId, Standing]:
    blocking = await work.proposals.blocking(ids)
    settled = await work.proposals.last_settled(ids)
    checked = await work.checks.previous_sessions(ids, moment.session.date, NOT_LOOKED)
    holds = await work.holds.standing_in(ids)
    return {
        pid: Standing(blocking.get(pid, ()), settled.get(pid), checked.get(pid), holds.get(pid, ()))
        for pid in ids
    }


async def _with_answers(
    work: UnitOfWork,
    market: Market,
    moment: Moment,
    portfolios: Iterable[ManagedPortfolio],
    standings: dict[PortfolioId, Standing],
) -> dict[PortfolioId, Standing]:
    """The standings, those that are cooling down with the proposal that people have answered."""
    cooling = [
        managed.portfolio.id
        for managed in portfolios
        if is_cooling_down(
            market,
            standings[managed.portfolio.id].settled,
            moment.session.date,
            managed.policy.cool_down,
        )
    ]
    answered = await work.proposals.last_answered(cooling) if cooling else {}
    return standings | {
        pid: replace(standings[pid], answered=proposal) for pid, proposal in answered.items()
    }
