"""Widen bands: how wide they are for a check, and for a plan that is calculated again, by rules for market conditions.

A plan keeps the bands that it was calculated with for as long as it is the same look at the market: whoever edits it
changes trades, not bands. Where prices and holdings are looked at anew, so are the rules. A plan that no rule had a
say in is left to the portfolio's own bands, whatever holds by now.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace

from core.application.check_drift import ASKED
from core.application.market import Market, Moment
from core.application.weigh_rules import weigh_portfolios
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import Proposal
from core.domain.rules import Action, Verdict, Widening, combine, widening_of
from core.domain.session import DueCheck
from core.ports.store import Store

log = logging.getLogger(__name__)


def is_asked(checks: Collection[DueCheck]) -> bool:
    """Whether a person asked for one of these checks: rules have no say in it."""
    return any(check.slot.startswith(ASKED) for check in checks)


def widening_for(verdict: Verdict | None, checks: Collection[DueCheck]) -> Widening | None:
    """How rules widen the bands of a check; None where they do not, or where a person asked."""
    if verdict is None or is_asked(checks):
        return None
    return widening_of(verdict, max(check.session for check in checks))


def with_bands(managed: ManagedPortfolio, widening: Widening | None) -> ManagedPortfolio:
    """A portfolio as a plan is calculated for it: with wider bands where rules say so."""
    if widening is None or widening.is_over:
        return managed
    return replace(managed, policy=managed.policy.widened(widening.factor))


async def widening_again(
    store: Store, market: Market, moment: Moment, proposal: Proposal
) -> Widening | None:
    """How wide bands are for a plan that takes the place of this one, at the prices of now; None: no rule had a say.

    Only rules that widen count: one that holds off checks stops nobody from carrying out what was proposed. What cannot
    be told counts as off, as in a check. Never raises.
    """
    before = proposal.revision.widening
    if before is None:
        return None
    pid = proposal.portfolio_id
    try:
        ruled = await weigh_portfolios(store, market.history, market.calendar, moment, [pid])
    except Exception:
        log.exception("rules could not be weighed: they count as off")
        return before.over
    verdict = combine(each for each in ruled.get(pid, ()) if each.rule.action is Action.WIDEN)
    return widening_of(verdict, moment.session.date) or before.over
