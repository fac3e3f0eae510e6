"""Create: a new portfolio with its first account."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from enum import Enum

from core.application.broker_faults import refusal_of
from core.application.choose_portfolio import Current
from core.application.households import join_household
from core.domain.ids import AccountId, HouseholdId
from core.domain.ladder import first_rung
from core.domain.membership import Member, Role
from core.domain.policy import Policy
from core.domain.portfolio import Account, Portfolio, Rung, free_slug, parse_name
from core.domain.refusals import AccountInUse, NoCashTransfers, UnknownHousehold
from core.ports.broker import BrokerError, Brokers, CashTransfers
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Chat, Store, UnitOfWork

CURRENCY = "USD"


class OwnHousehold(Enum):
    """That a new portfolio is to have a household of its own."""

    OWN = "own"


OWN_HOUSEHOLD = OwnHousehold.OWN
EMBEDDED = "simulated"
BY_HAND = "manual"


async def create_portfolio(  # noqa: PLR0913 - what a new portfolio consists of
    store: Store,
    brokers: Brokers,
    clock: Clock,
    *,
    member: Member,
    name: str,
    chat: Chat,
    broker: str = EMBEDDED,
    opening_cash: Decimal = Decimal(0),
    household: HouseholdId | OwnHousehold | None = None,
) -> Current:
    """Make a portfolio that the member owns, open its account, and make it the chat's current one.

    It belongs to the household named; else to that of the chat's current portfolio, else to the member's own.
    Raises BadName, NameTaken, UnknownHousehold, BrokerDown, or AccountInUse where the broker's account belongs to a
    portfolio already.
    """
    name = parse_name(name)
    broker_account_id = await open_account(brokers, broker)
    now = clock.now()
    async with store.begin() as work:
        household_id = await _household(work, member, chat, household, name)
        taken = {each.slug for each in await work.portfolios.of_household(household_id)}
        portfolio = await work.portfolios.add(
            household_id, free_slug(name, taken), name, CURRENCY, Policy()
        )
        if await work.portfolios.is_account_known(broker, broker_account_id):
            raise AccountInUse(broker)
        await work.portfolios.add_account(
            portfolio.id,
            name=name,
            broker=broker,
            broker_account_id=broker_account_id,
            currency=CURRENCY,
            rung=first_rung_at(brokers, portfolio, broker, broker_account_id),
            tax_owner_id=member.id,
        )
        await work.people.set_role(member.id, portfolio.id, Role.OWNER)
        await work.conversation.save_chat(replace(chat, portfolio_id=portfolio.id))
        await work.log.record(
            AuditEvent(now, "portfolio_created", member.id, portfolio.id, data=name)
        )
        managed = await work.portfolios.get(portfolio.id)
    if opening_cash:
        teller = brokers.of(managed.accounts[0])
        if not isinstance(teller, CashTransfers):
            raise NoCashTransfers(broker)
        await teller.transfer(opening_cash, f"opening-{portfolio.id}")
    return Current(managed, Role.OWNER)


async def _household(
    work: UnitOfWork,
    member: Member,
    chat: Chat,
    wanted: HouseholdId | OwnHousehold | None,
    name: str,
) -> HouseholdId:
    """The household that a new portfolio belongs to; a new one bears the portfolio's name."""
    mine = {each.id for each in await work.households.of_member(member.id)}
    if wanted is None and mine:
        return await _nearest(work, member, chat, mine)
    if wanted is None or wanted is OWN_HOUSEHOLD:
        made = await work.people.add_household(name)
        await join_household(work, member.id, made)
        return made
    if wanted not in mine:
        raise UnknownHousehold
    return wanted


async def _nearest(
    work: UnitOfWork, member: Member, chat: Chat, mine: Collection[HouseholdId]
) -> HouseholdId:
    """The household of the chat's current portfolio, else where the member first came in, else their first."""
    remembered = await work.conversation.chat(chat.id)
    if remembered is not None and remembered.portfolio_id is not None:
        current = (await work.portfolios.get(remembered.portfolio_id)).portfolio.household_id
        if current in mine:
            return current
    return member.household_id if member.household_id in mine else min(mine)


def first_rung_at(
    brokers: Brokers, portfolio: Portfolio, broker: str, broker_account_id: str
) -> Rung:
    """How real the new account is, by what its broker declares."""
    account = Account(AccountId(0), portfolio.id, portfolio.name, broker, broker_account_id)
    traits = brokers.of(account).traits
    return first_rung(
        is_live=traits.is_live,
        fills_by_hand=traits.fills_by_hand,
        is_embedded=broker == EMBEDDED,
    )


async def open_account(brokers: Brokers, broker: str) -> str:
    """Open an account at a broker, and return the broker's id of it; raises BrokerDown."""
    try:
        return await brokers.open_account(broker, CURRENCY)
    except BrokerError as error:
        raise refusal_of(error, broker) from error
