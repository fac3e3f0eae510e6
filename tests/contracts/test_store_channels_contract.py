"""What every store does with members' channels, and with the messages that go to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.domain.ids import ChannelId, ChatId, UserId
from core.domain.outbox import MessageKind, OutboxItem
from core.ports.store import Store, UnitOfWork
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import NOW, Family, settle

LATER = NOW + timedelta(minutes=5)


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(str(request.param), tmp_path) as fresh:
        yield fresh


async def _add(work: UnitOfWork, family: Family, kind: str = "json") -> ChannelId:
    channel = await work.channels.add(
        family.member.id,
        kind,
        sealed=f"sealed {kind}",
        wants_proposals=False,
        wants_rules=False,
        at=NOW,
    )
    return channel.id


def _notice(family: Family, mark: str, channel: ChannelId | None = None) -> OutboxItem:
    chat = ChatId(family.member.user_id)
    kind = MessageKind.HELD
    return OutboxItem(kind, chat, mark, family.portfolio.id, channel_id=channel)


async def test_channels_come_back_as_they_were_added(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        first, second = await _add(work, family), await _add(work, family, "mailto")
        other = await work.people.add_member(UserId(2), family.member.household_id, "Ben")
        assert await work.channels.of_member(other.id) == ()
        mine = await work.channels.of_member(family.member.id)
        assert [(c.id, c.kind, c.shown) for c in mine] == [
            (first, "json", "json://…"),
            (second, "mailto", "mailto://…"),
        ]
        await work.channels.set_wants(second, proposals=True, rules=None)
        await work.channels.set_wants(first, proposals=None, rules=True)
        await work.channels.set_wants(first, proposals=None, rules=None)
    async with store.read() as work:
        kept = await work.channels.all()
        found = await work.channels.get(second)
    assert found == kept[1]
    assert [(c.channel.wants_proposals, c.channel.wants_rules) for c in kept] == [
        (False, True),
        (True, False),
    ]
    assert found.user_id == family.member.user_id
    assert "sealed mailto" not in repr(found)


async def test_a_channel_s_messages_come_one_by_one_and_hold_up_no_chat(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        first, second = await _add(work, family), await _add(work, family)
        items = [
            _notice(family, "a", first),
            _notice(family, "b", first),
            _notice(family, "c"),
            _notice(family, "d", second),
        ]
        assert await work.outbox.enqueue(items, NOW) == 4
        ready = await work.outbox.queued_for_channels(NOW)
        assert [queued.item.dedup_key for queued in ready] == ["a", "d"]
        assert [queued.item.channel_id for queued in ready] == [first, second]
        await work.outbox.mark_failed(ready[0].id, retry_at=LATER, error="no")
        assert [q.item.dedup_key for q in await work.outbox.queued(NOW, 9)] == ["c"]
        ready = await work.outbox.queued_for_channels(NOW)
        assert [queued.item.dedup_key for queued in ready] == ["d"]
        ready = await work.outbox.queued_for_channels(LATER)
        assert [queued.item.dedup_key for queued in ready] == ["a", "d"]
        await work.outbox.mark_sent(ready[0].id, LATER)
        ready = await work.outbox.queued_for_channels(LATER)
        assert [queued.item.dedup_key for queued in ready] == ["b", "d"]


async def test_a_chat_s_retry_holds_up_no_channel(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        channel = await _add(work, family)
        await work.outbox.enqueue([_notice(family, "a")], NOW)
        (chat,) = await work.outbox.queued(NOW, 9)
        await work.outbox.mark_failed(chat.id, retry_at=LATER, error="no")
        await work.outbox.enqueue([_notice(family, "b", channel)], NOW)
        assert await work.outbox.queued(NOW, 9) == ()
        assert len(await work.outbox.queued_for_channels(NOW)) == 1


async def test_what_waits_for_a_removed_channel_goes_nowhere(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        channel = await _add(work, family)
        await work.outbox.enqueue([_notice(family, "a", channel)], NOW)
        assert await work.channels.remove(channel)
        assert not await work.channels.remove(channel)
        assert await work.outbox.queued_for_channels(NOW) == ()
        assert await work.outbox.queued(NOW, 9) == ()
        assert await work.channels.get(channel) is None
        assert await _add(work, family) != channel


async def test_failing_is_noted_from_its_beginning_and_told_once(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        channel = await _add(work, family)
        await work.channels.note_failure(channel, NOW)
        await work.channels.note_failure(channel, LATER)
        assert await work.channels.mark_told(channel)
        assert not await work.channels.mark_told(channel)
        (failing,) = await work.channels.of_member(family.member.id)
        assert (failing.failing_since, failing.is_told) == (NOW, True)
        await work.channels.note_success(channel)
        (well,) = await work.channels.of_member(family.member.id)
        assert (well.failing_since, well.is_told) == (None, False)
        assert await work.channels.mark_told(channel)


async def test_an_address_is_sealed_anew_only_from_what_is_there(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        channel = await _add(work, family)
        assert not await work.channels.reseal(channel, "another", "new")
        assert await work.channels.reseal(channel, "sealed json", "new")
        kept = await work.channels.get(channel)
    assert kept is not None
    assert kept.sealed == "new"
