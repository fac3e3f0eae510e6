"""Kept keys: whose they are, what they open, and how they are forgotten."""

from __future__ import annotations

from dataclasses import dataclass

from core.application.let_go_of_keys import opens_account
from core.application.named_on_server import account_named, all_portfolios, portfolio_named
from core.domain.ids import CredentialId
from core.domain.membership import Member
from core.domain.portfolio import Portfolio
from core.domain.refusals import NoKeysKept
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store
from core.ports.store.credentials import Credential


@dataclass(frozen=True, slots=True)
class KeptKeys:
    """Keys that are kept: whose, since when, for which account, and the portfolio that it belongs to, if any."""

    credential: Credential
    member: Member
    portfolio: Portfolio | None


async def list_keys(store: Store) -> tuple[KeptKeys, ...]:
    """Everything that is kept, oldest first."""
    async with store.read() as work:
        at: dict[CredentialId, Portfolio] = {}
        parts = [each for managed in await all_portfolios(work) for each in managed.parts]
        for each in parts:
            account = each.account
            attached = await work.credentials.of_account(account.broker, account.broker_account_id)
            at.update(
                {
                    kept.id: each.portfolio
                    for kept in await work.credentials.all()
                    if opens_account(kept, account) or kept == attached
                }
            )
        return tuple(
            [
                KeptKeys(each, await work.people.member(each.member_id), at.get(each.id))
                for each in await work.credentials.all()
            ]
        )


async def remove_keys(store: Store, clock: Clock, *, slug: str) -> Credential:
    """Forget the keys of a portfolio's account, which stays.

    Raises UnknownPortfolio, WhichAccount, UnknownAccount or NoKeysKept.
    """
    async with store.begin() as work:
        managed = await portfolio_named(work, slug)
        account = account_named(managed, slug)
        kept = await work.credentials.of_account(account.broker, account.broker_account_id)
        if kept is None:
            raise NoKeysKept(managed.portfolio.slug)
        await work.credentials.remove(kept.id)
        await work.log.record(
            AuditEvent(
                clock.now(),
                "keys_removed",
                kept.member_id,
                managed.portfolio.id,
                data=f"{account.broker} {kept.opens.hint}",
            )
        )
        return kept
