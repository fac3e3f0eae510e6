"""What every store keeps of members' wishes, and of messages that wait for the end of quiet hours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from core.domain.ids import ChatId
from core.domain.notices import Loudness, NoticeKind, QuietHours
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.preferences import DEFAULTS, NumberFormat, Preferences
from core.ports.store import AuditEvent, Store
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import NOW, settle

HERE, THERE = ChatId(700_000_000_001), ChatId(700_000_000_002)
MORNING = NOW + timedelta(hours=8)


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(request.param, tmp_path) as fresh:
        yield fresh


async def test_preferences_come_back_as_they_were_set_also_to_who_comes_back(store: Store) -> None:
    family = await settle(store)
    wanted = Preferences(
        ((NoticeKind.ORDERS, Loudness.SILENT), (NoticeKind.DIGESTS, Loudness.OFF)),
        QuietHours(time(22, 30), time(7)),
        "Europe/Berlin",
        NumberFormat.DE,
    )
    assert family.member.preferences == DEFAULTS
    async with store.begin() as work:
        await work.people.set_preferences(family.member.id, wanted)
    async with store.begin() as work:
        assert (await work.people.member(family.member.id)).preferences == wanted
        user, house = family.member.user_id, family.member.household_id
        assert (await work.people.add_member(user, house, "Ann")).preferences == wanted
        await work.people.set_preferences(family.member.id, DEFAULTS)
        assert (await work.people.member(family.member.id)).preferences == DEFAULTS


async def test_what_waits_for_the_end_of_quiet_hours_holds_back_no_other(store: Store) -> None:
    """a1 and a2 kept quiet, a3 not -> a3 now; from the morning on a1, a2 in the order in which they were written"""
    async with store.begin() as work:
        outbox = work.outbox
        await outbox.enqueue([_item(f"a{n}") for n in (1, 2, 3)], NOW)
        a1, a2, _ = await outbox.queued(NOW, 10)
        for each in (a1, a2):
            await outbox.keep_quiet(each.id, MORNING)
        assert [q.item.dedup_key for q in await outbox.queued(NOW, 10)] == ["a3"]
        assert (await work.counts.take(now=MORNING, market_now=NOW)).oldest["telegram"] == (
            pytest.approx(8 * 3600)
        )
        (a3,) = await outbox.queued(NOW, 10)
        await outbox.mark_sent(a3.id, NOW)
        assert (await work.counts.take(now=NOW, market_now=NOW)).oldest["telegram"] == 0
        later = await outbox.queued(MORNING, 10)
        assert [(q.item.dedup_key, q.waits_since) for q in later] == [
            ("a1", MORNING),
            ("a2", MORNING),
        ]


async def test_quiet_hours_of_one_chat_can_end_early(store: Store) -> None:
    async with store.begin() as work:
        outbox = work.outbox
        await outbox.enqueue([_item("here"), replace(_item("there"), chat_id=THERE)], NOW)
        for each in await outbox.queued(NOW, 10):
            await outbox.keep_quiet(each.id, MORNING)
        assert await outbox.queued(NOW, 10) == ()
        await outbox.end_quiet(HERE)
        assert [q.item.dedup_key for q in await outbox.queued(NOW, 10)] == ["here"]


async def test_what_is_not_wanted_is_neither_sent_nor_said_again(store: Store) -> None:
    async with store.begin() as work:
        outbox = work.outbox
        await outbox.enqueue([_item("a")], NOW)
        (queued,) = await outbox.queued(NOW, 10)
        await outbox.mark_unwanted(queued.id, NOW)
        assert await outbox.depth() == 0
        assert await outbox.enqueue([_item("a")], NOW) == 0


async def test_events_of_one_kind_since_an_instant_come_oldest_first(store: Store) -> None:
    family = await settle(store)
    portfolio = family.portfolio.id

    def moved(hours: int, amount: str, kind: str = "cash_moved") -> AuditEvent:
        at = NOW + timedelta(hours=hours)
        return AuditEvent(at, kind, None, portfolio, data=amount)

    first, second, third = moved(0, "1"), moved(1, "2"), moved(2, "3")
    async with store.begin() as work:
        elsewhere = AuditEvent(NOW + timedelta(hours=1), "cash_moved", data="9")
        await work.log.record_many([first, second, moved(1, "", "paused"), elsewhere, third])
        assert await work.log.of_kind(portfolio, "cash_moved", NOW) == (second, third)


def _item(mark: str) -> OutboxItem:
    return OutboxItem(MessageKind.MEMBER_JOINED, HERE, mark)
