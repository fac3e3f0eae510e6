"""What every store does when a portfolio is closed and when a member is forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.domain.ids import ChatId, MemberId
from core.domain.membership import FORMER
from core.domain.outbox import MessageKind, OutboxItem
from core.ports.store import AuditEvent, Chat, Dialogue, Store
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import NOW, settle


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(request.param, tmp_path) as fresh:
        yield fresh


async def test_a_closed_portfolio_is_in_no_list_and_frees_its_name(store: Store) -> None:
    family = await settle(store)
    portfolio = family.portfolio
    async with store.begin() as work:
        await work.portfolios.close(portfolio.id, NOW)
        assert portfolio.id not in {each.id for each in await work.portfolios.every()}
        assert await work.portfolios.of_household(portfolio.household_id) == ()
        assert await work.portfolios.of_member(family.member.id) == ()
        kept = (await work.portfolios.get(portfolio.id)).portfolio
        assert (kept.name, kept.is_paused, kept.home_chat_id) == (portfolio.name, True, None)
        policy = (await work.portfolios.get(portfolio.id)).policy
        again = await work.portfolios.add(
            portfolio.household_id, portfolio.slug, "Another", "USD", policy
        )
        assert again.slug == portfolio.slug


async def test_nothing_is_kept_of_a_forgotten_member_but_the_trail(store: Store) -> None:
    family = await settle(store)
    member, pid = family.member, family.portfolio.id
    async with store.begin() as work:
        chat = Chat(ChatId(member.user_id), "private", member.name, pid)
        await work.conversation.save_chat(chat)
        await work.conversation.save_dialogue(
            chat.id, member.id, Dialogue("name", "step", {"said": "secret"})
        )
        told = OutboxItem(MessageKind.RESTORED, chat.id, "waits", pid)
        await work.outbox.enqueue([told], NOW)
        data = f"{member.user_id}:owner 1{member.user_id}"
        await work.log.record(AuditEvent(NOW, "role_changed", member.id, pid, data=data))
        await work.people.forget(member.id)
        gone = await work.people.member(member.id)
        assert (gone.name, gone.user_id, gone.is_active) == (FORMER, -member.id, False)
        assert await work.people.member_of_user(member.user_id) is None
        assert await work.people.role(member.id, pid) is None
        assert await work.households.of_member(member.id) == ()
        assert await work.conversation.chat(chat.id) is None
        assert await work.conversation.dialogue(chat.id, member.id) is None
        assert await work.outbox.queued(NOW, 10) == ()
        (event, *_) = await work.log.events(pid, 10)
        assert (event.member_id, event.data) == (member.id, f"former:owner 1{member.user_id}")
        with pytest.raises(KeyError):
            await work.people.forget(MemberId(999_999))
