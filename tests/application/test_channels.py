"""Members' channels: who may add which, and what goes there from the outbox."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from core.adapters.vault import AesGcmVault
from core.application.hold_account import hold_account
from core.application.member_channels import (
    add_channel,
    choose_wants,
    my_channels,
    remove_channel,
    try_channel,
)
from core.application.seals import examine_seals, rotate_key
from core.application.tell_channels import channel_of, enqueue
from core.domain.channel import (
    CARRIED,
    DECISIONS,
    FIRST_RETRY,
    LONGEST_RETRY,
    MOST_CHANNELS,
    RULES,
    TROUBLE,
    Channel,
    retry_after,
)
from core.domain.hold import HoldReason
from core.domain.ids import ChatId
from core.domain.membership import Member, Role
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.refusals import (
    BadChannel,
    ChannelFailed,
    ChannelsNeedKey,
    TooManyChannels,
    UnknownChannel,
)
from core.ports.channel import Notice
from tests.application.acts import ask, drifted, let_in, proposed
from tests.fakes.world import BEN, World

ADDRESS = "mailto://anna:canary-of-a-password@example.org"
NOTICE = Notice("t", "b")


class Line:
    """A channel in memory; it understands addresses with a colon, and fails as told."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Notice]] = []
        self.fails = False

    async def kind_of(self, address: str) -> str:
        kind, colon, _ = address.partition("://")
        if not colon:
            raise BadChannel
        return kind

    async def send(self, address: str, notice: Notice) -> None:
        if self.fails:
            raise ChannelFailed("mailto")
        self.sent.append((address, notice))


@pytest.fixture(scope="module")
def vault() -> AesGcmVault:
    return AesGcmVault("a master key of at least 32 letters")


async def _add(
    world: World, vault: AesGcmVault | None, member: Member, *, proposals: bool = False
) -> Channel:
    return await add_channel(
        world.store,
        Line(),
        vault,
        world.clock,
        member=member,
        address=ADDRESS,
        wants_proposals=proposals,
    )


def _written(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def _copies(world: World) -> list[tuple[MessageKind, int, int]]:
    async with world.store.read() as work:
        queued = await work.outbox.queued_for_channels(world.clock.now())
    return [(q.item.kind, q.item.chat_id, channel_of(q.item)) for q in queued]


# --- adding, trying, removing -------------------------------------------------------------------------


async def test_an_address_is_kept_sealed_and_found_nowhere(
    world: World, vault: AesGcmVault, tmp_path: Path
) -> None:
    anna = await world.person()
    channel = await _add(world, vault, anna)
    assert channel.shown == "mailto://…"
    assert await my_channels(world.store, member=anna) == (channel,)
    async with world.store.read() as work:
        (event,) = await work.log.events(None, 1)
    assert (event.kind, event.member_id, event.data) == ("channel_added", anna.id, "mailto")
    assert b"canary-of-a-password" not in _written(tmp_path)


async def test_without_a_key_nothing_is_kept(world: World) -> None:
    anna = await world.person()
    with pytest.raises(ChannelsNeedKey):
        await _add(world, None, anna)
    assert await my_channels(world.store, member=anna) == ()


async def test_there_are_at_most_five(world: World, vault: AesGcmVault) -> None:
    anna = await world.person()
    for _ in range(MOST_CHANNELS):
        await _add(world, vault, anna)
    with pytest.raises(TooManyChannels) as refused:
        await _add(world, vault, anna)
    assert refused.value.limit == 5


async def test_what_is_no_address_is_refused_with_nothing_kept(
    world: World, vault: AesGcmVault
) -> None:
    anna = await world.person()
    with pytest.raises(BadChannel):
        await add_channel(world.store, Line(), vault, world.clock, member=anna, address="nonsense")
    assert await my_channels(world.store, member=anna) == ()


async def test_a_test_goes_to_the_address_at_once(world: World, vault: AesGcmVault) -> None:
    anna, line = await world.person(), Line()
    channel = await _add(world, vault, anna)
    tried = await try_channel(
        world.store, line, vault, member=anna, channel_id=channel.id, notice=NOTICE
    )
    assert tried == channel
    assert line.sent == [(ADDRESS, NOTICE)]
    line.fails = True
    with pytest.raises(ChannelFailed):
        await try_channel(
            world.store, line, vault, member=anna, channel_id=channel.id, notice=NOTICE
        )
    with pytest.raises(ChannelsNeedKey):
        await try_channel(
            world.store, line, None, member=anna, channel_id=channel.id, notice=NOTICE
        )


async def test_nobody_touches_another_s_channel(world: World, vault: AesGcmVault) -> None:
    anna, ben, line = await world.person(), await world.person(BEN, "Ben"), Line()
    channel = await _add(world, vault, anna)
    with pytest.raises(UnknownChannel):
        await try_channel(
            world.store, line, vault, member=ben, channel_id=channel.id, notice=NOTICE
        )
    with pytest.raises(UnknownChannel):
        await choose_wants(world.store, member=ben, channel_id=channel.id, proposals=True)
    with pytest.raises(UnknownChannel):
        await remove_channel(world.store, world.clock, member=ben, channel_id=channel.id)
    await remove_channel(world.store, world.clock, member=anna, channel_id=channel.id)
    with pytest.raises(UnknownChannel):
        await remove_channel(world.store, world.clock, member=anna, channel_id=channel.id)
    assert line.sent == []


async def test_addresses_are_sealed_anew_with_the_other_secrets(
    world: World, vault: AesGcmVault
) -> None:
    anna, line = await world.person(), Line()
    channel = await _add(world, vault, anna)
    newer = AesGcmVault(
        "another master key of 32 letters or more", ["a master key of at least 32 letters"]
    )
    assert await rotate_key(world.store, newer, world.clock) == 1
    report = await examine_seals(world.store, newer)
    assert (len(report.current), len(report.older)) == (1, 0)
    await try_channel(world.store, line, newer, member=anna, channel_id=channel.id, notice=NOTICE)
    assert line.sent == [(ADDRESS, NOTICE)]


async def test_a_changed_seal_is_counted_as_a_channel_s(world: World, vault: AesGcmVault) -> None:
    channel = await _add(world, vault, await world.person())
    async with world.store.begin() as work:
        kept = await work.channels.get(channel.id)
        assert kept is not None
        await work.channels.reseal(channel.id, kept.sealed, kept.sealed[:-4] + "AAAA")
    report = await examine_seals(world.store, vault)
    assert (report.damage.codes, report.damage.channels) == (0, 1)


# --- what goes there ---------------------------------------------------------------------------------


async def test_trouble_goes_to_every_channel_of_those_who_are_told(
    world: World, vault: AesGcmVault
) -> None:
    anna, portfolio_id = await drifted(world)
    ben = await let_in(world, portfolio_id, Role.VIEWER)
    first, second = await _add(world, vault, anna), await _add(world, vault, anna)
    await _add(world, vault, ben)
    async with world.store.begin() as work:
        managed = await work.portfolios.get(portfolio_id)
        await hold_account(work, managed.parts[0], HoldReason.RESTRICTED, "", world.clock.now())
    told = [copy for copy in await _copies(world) if copy[0] is MessageKind.HELD]
    assert told == [
        (MessageKind.HELD, anna.user_id, first.id),
        (MessageKind.HELD, anna.user_id, second.id),
    ]


async def test_proposals_go_only_where_they_are_wanted(world: World, vault: AesGcmVault) -> None:
    anna, portfolio_id = await drifted(world)
    quiet, wants = await _add(world, vault, anna), await _add(world, vault, anna, proposals=True)
    await ask(world, anna, portfolio_id)
    assert await _copies(world) == [(MessageKind.PROPOSAL, anna.user_id, wants.id)]
    await choose_wants(world.store, member=anna, channel_id=quiet.id, proposals=True)
    assert quiet.id in {
        c.id for c in await my_channels(world.store, member=anna) if c.wants_proposals
    }


async def test_what_a_group_is_told_goes_to_those_who_decide_there_once(
    world: World, vault: AesGcmVault
) -> None:
    anna, proposal = await proposed(world)
    ben = await let_in(world, proposal.portfolio_id, Role.VIEWER)
    mine = await _add(world, vault, anna)
    await _add(world, vault, ben)
    items = [
        OutboxItem(MessageKind.FROZEN, ChatId(chat), f"frozen:{chat}", proposal.portfolio_id)
        for chat in (-5, int(anna.user_id))
    ]
    async with world.store.begin() as work:
        assert await enqueue(work, items, world.clock.now()) == 2
        assert await enqueue(work, items, world.clock.now()) == 0
        waiting = await work.counts.take(now=world.clock.now(), market_now=world.clock.now())
    assert await _copies(world) == [(MessageKind.FROZEN, anna.user_id, mine.id)]
    assert waiting.waiting["channels"] == 1


def test_every_kind_goes_to_channels_for_one_reason_at_most() -> None:
    assert len(CARRIED) == len(TROUBLE) + len(DECISIONS) + len(RULES)
    assert MessageKind.CHANNEL_FAILING not in CARRIED
    assert MessageKind.REFRESH not in CARRIED


def test_tries_are_further_and_further_apart() -> None:
    waits = [retry_after(attempts) for attempts in range(1, 12)]
    assert waits[:3] == [FIRST_RETRY, 2 * FIRST_RETRY, 4 * FIRST_RETRY]
    assert waits[-1] == retry_after(10_000) == LONGEST_RETRY


def test_use_cases_have_one_way_into_the_outbox() -> None:
    """What goes around it would reach no channel."""
    folder = Path(__file__).parents[2] / "core" / "application"
    found = {
        file.name
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "enqueue"
    }
    assert found == {"tell_channels.py"}


def test_what_goes_to_a_chat_has_no_channel() -> None:
    with pytest.raises(ValueError, match="goes to a chat"):
        channel_of(OutboxItem(MessageKind.HELD, ChatId(1), "x"))
