"""Posts: each account of a plan that is being carried out, and what people are told where it has to wait."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from core.application.desk import (
    Desk,
    Grant,
    lapsed_alone,
)
from core.application.tell_waiting import tell_refused
from core.domain.ids import ProposalId
from core.domain.portfolio import Account, ManagedAccount, ManagedPortfolio
from core.domain.refusals import BrokerDown, Refusal
from core.ports.broker import Broker, BrokerError

log = logging.getLogger(__name__)


_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Post:
    """One account of a plan that is being carried out: its broker, and the grant under which its orders go."""

    managed: ManagedAccount
    broker: Broker
    grant: Grant

    @property
    def account(self) -> Account:
        """The account itself."""
        return self.managed.account


async def post_of(desk: Desk, managed: ManagedPortfolio, grant: Grant) -> Post:
    """The account of a grant, its broker having been asked which account it is."""
    part = managed.part(grant.account_id)
    said = await _account_said(desk, part.account)
    return Post(part, desk.brokers.of(part.account), replace(grant, said=said))


async def _account_said(desk: Desk, account: Account) -> str | None:
    """The account id that the broker names itself; None where it does not answer."""
    try:
        return (await desk.brokers.of(account).account()).broker_account_id
    except BrokerError as error:
        log.warning("the broker of %s has not named its account: %s", account.id, error)
        return None


async def told(
    desk: Desk, post: Post, proposal_id: ProposalId, act: Callable[[], Awaitable[_Result]]
) -> _Result:
    """Do something of which people are told where it has to wait; raises what it raises.

    Raises BrokerDown where an answer took longer than the account is held, and nobody else was at work there.
    """
    try:
        return await _within_lease(desk, post, act)
    except Refusal as refusal:
        await tell_refused(desk, post.managed, proposal_id, refusal)
        raise


async def _within_lease(desk: Desk, post: Post, act: Callable[[], Awaitable[_Result]]) -> _Result:
    try:
        return await act()
    except PermissionError as error:
        if not await lapsed_alone(desk, post.grant):
            raise
        broker = post.account.broker
        raise BrokerDown(broker, "it took longer to answer than the account is held") from error
