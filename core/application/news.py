"""News: whether what a check found is told, to people who have answered an alert or have one before them."""

from __future__ import annotations

from dataclasses import replace

from core.application.check_result import CheckResult, Outcome, Standing
from core.application.propose import same_trades
from core.domain.alert import has_grown, has_new_cash, known_drifts, known_spare, spare_cash
from core.domain.drift import DriftReport
from core.domain.policy import Policy
from core.domain.proposal import Proposal, ProposalState


def may_break_silence(policy: Policy) -> bool:
    """Whether anything that a look finds could end a cool-down."""
    return policy.alert_growth is not None or policy.new_cash is not None


def breaks_silence(answered: Proposal, drift: DriftReport, policy: Policy) -> bool:
    """Whether a drift, or spare cash, has grown so much since an answer that the cool-down does not count."""
    if has_grown(known_drifts(answered), drift, policy.alert_growth):
        return True
    if not has_new_cash(drift, policy) or policy.new_cash is None:
        return False
    return spare_cash(drift, policy) - known_spare(answered, policy) >= policy.new_cash


def told(result: CheckResult, standing: Standing, policy: Policy) -> CheckResult:
    """What people hear of a scheduled check: nothing of trouble while they want silence, and nothing twice."""
    if standing.answered is not None and result.outcome is Outcome.REFUSED:
        return CheckResult(Outcome.COOLING_DOWN)
    return unless_known(result, standing.open, policy)


def unless_known(result: CheckResult, known: Proposal | None, policy: Policy) -> CheckResult:
    """A plan is not put again while one is open, or waits to be carried out, unless something is new.

    New is a drift that has grown by the policy's ``alert_growth``, and a plan with other trades for holdings that are
    not those of the one before.
    """
    if known is None or result.outcome is not Outcome.PROPOSED:
        return result
    if result.plan is None or result.snapshot is None or result.drift is None:
        return result
    still_open = replace(result, outcome=Outcome.STILL_OPEN)
    if known.state is ProposalState.SCHEDULED:
        return still_open
    if has_grown(known_drifts(known), result.drift, policy.alert_growth):
        return result
    is_of_other_holdings = known.revision.snapshot.fingerprint != result.snapshot.fingerprint
    return result if is_of_other_holdings and not same_trades(known, result.plan) else still_open
