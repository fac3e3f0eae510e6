"""Settings: what a member has set for messages and for how they are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from core.application.refresh_pinned import refresh_pinned
from core.application.tell import refresh_undecided
from core.domain.ids import ChatId
from core.domain.membership import Member
from core.domain.preferences import NumberFormat, Preferences, format_of_language
from core.domain.refusals import BadPolicyValue
from core.ports.clock import Clock
from core.ports.store import Store

LAYOUTS = ("table", "list")
PICTURES = ("light", "dark")


async def set_layout(store: Store, *, member: Member, layout: str) -> None:
    """Choose tables, or sentences for screen readers and large type; raises BadPolicyValue."""
    if layout not in LAYOUTS:
        raise BadPolicyValue("layout", layout, "table or list")
    async with store.begin() as work:
        await work.people.set_layout(member.id, layout)


async def set_picture(store: Store, *, member: Member, picture: str) -> None:
    """Choose pictures for light or for dark chats, which Telegram does not tell; raises BadPolicyValue."""
    if picture not in PICTURES:
        raise BadPolicyValue("picture", picture, "light or dark")
    async with store.begin() as work:
        await work.people.set_picture(member.id, picture)


async def change_preferences(
    store: Store, *, member: Member, change: Callable[[Preferences], Preferences]
) -> Member:
    """Change what a member has set, from what it is by now, and return the member as changed.

    What waits for the end of quiet hours is looked at anew: it may be wanted at once now, or not at all.
    """
    async with store.begin() as work:
        latest = await work.people.member(member.id)
        preferences = change(latest.preferences)
        await work.people.set_preferences(member.id, preferences)
        await work.outbox.end_quiet(ChatId(member.user_id))
    return replace(latest, preferences=preferences)


async def show_anew(store: Store, clock: Clock, *, member: Member) -> None:
    """Have what stands in the member's chats brought up to date: open proposals and pinned messages."""
    async with store.begin() as work:
        now = clock.now()
        portfolios = [each.id for each in await work.portfolios.of_member(member.id)]
        for portfolio_id in portfolios:
            await refresh_undecided(work, portfolio_id, now)
        await refresh_pinned(work, portfolios, now)


async def remember_language(store: Store, *, member: Member, language: str | None) -> Member:
    """Take the number format from the language of the member's app, where the member has set none."""
    numbers = format_of_language(language)
    if member.preferences.numbers is not None or numbers is NumberFormat.UK:
        return member
    return await change_preferences(
        store, member=member, change=lambda before: replace(before, numbers=numbers)
    )
