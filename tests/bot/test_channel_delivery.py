"""From the outbox to a member's channel, over loopback HTTP: sent once, tried again, and never in anybody's way."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channel_delivery import ChannelDeliverer
from bot.channel_notices import LONGEST
from bot.check import check_once
from bot.logs import QUIET_LIBRARIES
from bot.runtime import Runtime
from bot.settings import Settings
from core.adapters.channels import AppriseChannel
from core.adapters.vault import AesGcmVault
from core.application.hold_account import hold_account
from core.application.member_channels import add_channel, my_channels
from core.application.schedule_checks import schedule_checks
from core.domain.channel import GIVE_UP_AFTER, TELL_AFTER, Channel
from core.domain.hold import HoldReason
from core.domain.ids import ChatId, PortfolioId
from core.domain.membership import Member
from core.domain.notices import Loudness, NoticeKind
from core.domain.preferences import Preferences
from core.domain.rules import Action
from tests.application.acts import ask, decide, drifted
from tests.application.test_follow_rules import Ruled
from tests.application.test_rules import back
from tests.fakes.pulse import runtime_of
from tests.fakes.receivers import Hook, hook
from tests.fakes.world import World, small_world

KEY = "a-master-key-of-at-least-32-letters"
VAULT = AesGcmVault(KEY)
SECRET = "canary-path-of-the-hook-77"
NAME = "evenkeel_bot"


@dataclass
class Scene:
    """Anna's drifted portfolio, and a hook that her channels lead to."""

    world: World
    runtime: Runtime
    web: Hook
    anna: Member
    portfolio_id: PortfolioId
    deliverer: ChannelDeliverer

    async def add(
        self, *, proposals: bool = False, rules: bool = False, address: str = ""
    ) -> Channel:
        return await add_channel(
            self.world.store,
            self.runtime.channel,
            VAULT,
            self.world.clock,
            member=self.anna,
            address=address or f"json://{self.web.host}/{SECRET}",
            wants_proposals=proposals,
            wants_rules=rules,
        )

    async def hold(self) -> None:
        async with self.world.store.begin() as work:
            managed = await work.portfolios.get(self.portfolio_id)
            await hold_account(
                work, managed.parts[0], HoldReason.RESTRICTED, "", self.world.clock.now()
            )

    async def told(self) -> list[str]:
        return [kind for kind, _ in await self.world.outbox()]


def _written(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with make_scene(tmp_path) as made:
        yield made


@asynccontextmanager
async def make_scene(folder: Path) -> AsyncIterator[Scene]:
    async with small_world(folder) as world, hook() as web:
        anna, portfolio_id = await drifted(world)
        runtime = replace(runtime_of(world), vault=VAULT)
        deliverer = ChannelDeliverer(runtime, lambda: NAME)
        yield Scene(world, runtime, web, anna, portfolio_id, deliverer)


async def test_trouble_arrives_once_in_plain_words_with_the_way_back(scene: Scene) -> None:
    await scene.add()
    await scene.hold()
    assert await scene.deliverer.drain() == 1
    assert await scene.deliverer.drain() == 0
    (came,) = scene.web.came
    assert came["title"] == "Evenkeel: Family · BROKER PAPER"
    assert "<b>" not in came["message"]
    assert came["message"].endswith(f"\n\nhttps://t.me/{NAME}")
    assert len(came["message"]) < LONGEST + 60


async def test_a_proposal_arrives_with_a_link_to_it_and_without_amounts(scene: Scene) -> None:
    await scene.add(proposals=True)
    await ask(scene.world, scene.anna, scene.portfolio_id)
    assert await scene.deliverer.drain() == 1
    (came,) = scene.web.came
    assert came["message"] == (
        "Proposal 1 waits for a decision until Wed 16:00 ET: 2 trades calculated from the targets."
        f"\n\nhttps://t.me/{NAME}?start=p1"
    )


async def test_a_proposal_that_was_decided_meanwhile_is_no_news(scene: Scene) -> None:
    await scene.add(proposals=True)
    result = await ask(scene.world, scene.anna, scene.portfolio_id)
    assert result.proposal is not None
    await decide(scene.world, scene.anna, result.proposal)
    assert await scene.deliverer.drain() == 1
    assert scene.web.asked == 0


async def _ruled(scene: Scene, action: Action, factor: str | None = None) -> Ruled:
    """A rule of Anna's that begins to hold with the check of the next day."""
    scene.world.prices.set_closes("^VIX", back(20, 29))
    scene.world.prices.set_price("^VIX", 34)
    await schedule_checks(scene.world.store, scene.world.market)
    ruled = Ruled(scene.world, scene.anna, scene.portfolio_id)
    await ruled.rule("VIX > 30", action, factor)
    return ruled


async def _drained(scene: Scene) -> list[str]:
    """What has come by now, with nothing left to send."""
    while await scene.deliverer.drain():
        pass
    return [came["message"] for came in scene.web.came]


@pytest.mark.parametrize(
    ("action", "factor", "words"),
    [
        (Action.NOTIFY, None, "Noted: VIX 34.0 > 30 since 10 Mar 2020 or longer."),
        (Action.CHECK_NOW, None, "Checked now: VIX 34.0 > 30 since 10 Mar 2020 or longer."),
        (Action.WIDEN, "1.5", "Bands widened × 1.5: VIX 34.0 > 30 since 10 Mar 2020 or longer."),
    ],
)
async def test_what_a_rule_does_arrives_once_where_it_is_wanted_and_nowhere_else(
    scene: Scene, action: Action, factor: str | None, words: str
) -> None:
    await scene.add(rules=True)
    await scene.add(address=f"json://{scene.web.host}/not-wanted")
    ruled = await _ruled(scene, action, factor)
    for _ in range(2):
        await ruled.next_day()
    (came,) = await _drained(scene)
    assert words in came
    assert came.startswith("Family · rules · BROKER PAPER\n")
    assert came.endswith(f"\n\nhttps://t.me/{NAME}")
    assert "$" not in came


async def test_holding_off_and_its_end_arrive_as_often_as_in_the_chat(scene: Scene) -> None:
    """Held off on Tuesday, over on Wednesday, and a market that hovers: no further word within a week."""
    await scene.add(rules=True)
    await scene.add(proposals=True, address=f"json://{scene.web.host}/proposals")
    ruled = await _ruled(scene, Action.HOLD_OFF)
    for vix in (34, 35, 25, 36, 28, 34):
        await ruled.next_day(VIX=vix)
    began, ended, proposed = sorted(await _drained(scene), key=_by_kind)
    assert "Held off: VIX 34.0 > 30 since 10 Mar 2020 or longer." in began
    assert "Over: VIX 25.0 ≤ 30." in ended
    assert "Rule 1 holds no more: scheduled checks make plans again." in ended
    assert "waits for a decision" in proposed
    assert (await scene.told()).count("rule") == 2


def _by_kind(message: str) -> int:
    return next(at for at, word in enumerate(("Held off", "Over:", "Proposal")) if word in message)


async def test_a_home_chat_s_rules_go_to_its_deciders_channels_once(scene: Scene) -> None:
    await scene.add(rules=True)
    async with scene.world.store.begin() as work:
        await work.portfolios.set_home_chat(scene.portfolio_id, ChatId(-5))
    ruled = await _ruled(scene, Action.NOTIFY)
    await ruled.next_day()
    assert len(await _drained(scene)) == 1


async def test_who_wants_to_hear_of_no_drift_hears_of_no_rule_there_either(scene: Scene) -> None:
    await scene.add(rules=True)
    silent = Preferences().wishing(NoticeKind.DRIFT, Loudness.OFF)
    async with scene.world.store.begin() as work:
        await work.people.set_preferences(scene.anna.id, silent)
    ruled = await _ruled(scene, Action.NOTIFY)
    await ruled.next_day()
    assert await _drained(scene) == []


async def test_before_telegram_was_reached_there_is_no_link(scene: Scene) -> None:
    await scene.add()
    await scene.hold()
    await ChannelDeliverer(scene.runtime).drain()
    assert "t.me" not in scene.web.came[0]["message"]


async def test_what_does_not_get_through_is_tried_again_further_and_further_apart(
    scene: Scene,
) -> None:
    await scene.add()
    await scene.hold()
    scene.web.status = 503
    assert await scene.deliverer.drain() == 0
    assert await scene.deliverer.drain() == 0
    assert scene.web.asked == 1
    for wait in (30, 60, 120):
        scene.world.clock.advance(timedelta(seconds=wait - 1))
        await scene.deliverer.drain()
        scene.world.clock.advance(timedelta(seconds=1))
        await scene.deliverer.drain()
    assert scene.web.asked == 4
    scene.web.status = 200
    scene.world.clock.advance(timedelta(seconds=240))
    assert await scene.deliverer.drain() == 1
    assert len(scene.web.came) == 1
    (channel,) = await my_channels(scene.world.store, member=scene.anna)
    assert channel.failing_since is None


async def test_a_channel_that_fails_holds_up_no_other_and_no_chat(scene: Scene) -> None:
    before = await scene.told()
    await scene.add(address="json://127.0.0.1:9/nobody")
    await scene.add()
    await scene.hold()
    assert await scene.deliverer.drain() == 1
    assert len(scene.web.came) == 1
    assert (await scene.told())[len(before) :] == ["held"]


async def test_a_member_is_told_once_of_a_channel_that_fails_for_an_hour(scene: Scene) -> None:
    await scene.add()
    await scene.hold()
    scene.web.status = 500
    for _ in range(12):
        await scene.deliverer.drain()
        scene.world.clock.advance(TELL_AFTER)
    assert (await scene.told()).count("channel_failing") == 1


async def test_after_a_day_a_message_is_given_up(scene: Scene) -> None:
    await scene.add()
    await scene.hold()
    scene.web.status = 500
    await scene.deliverer.drain()
    scene.world.clock.advance(GIVE_UP_AFTER)
    assert await scene.deliverer.drain() == 1
    scene.world.clock.advance(GIVE_UP_AFTER)
    assert await scene.deliverer.drain() == 0
    assert scene.web.asked == 2


async def test_an_address_that_does_not_open_is_a_failure_of_its_channel_alone(
    scene: Scene,
) -> None:
    await scene.add()
    await scene.hold()
    locked = replace(scene.runtime, vault=AesGcmVault("a wrong master key of 32 letters or more"))
    assert await ChannelDeliverer(locked).drain() == 0
    assert await ChannelDeliverer(replace(scene.runtime, vault=None)).drain() == 0
    assert scene.web.asked == 0
    (channel,) = await my_channels(scene.world.store, member=scene.anna)
    assert channel.failing_since is not None


async def test_a_member_s_channel_never_reaches_our_own_network(scene: Scene) -> None:
    await scene.add()
    await scene.hold()
    strict = replace(scene.runtime, channel=AppriseChannel())
    assert await ChannelDeliverer(strict).drain() == 0
    assert scene.web.asked == 0


@pytest.mark.fault(71)
async def test_no_part_of_an_address_is_in_the_log_or_in_the_store(
    scene: Scene, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    await scene.add()
    await scene.hold()
    scene.web.status = 500
    await scene.deliverer.drain()
    scene.web.status = 200
    scene.world.clock.advance(timedelta(minutes=1))
    await scene.deliverer.drain()
    assert len(scene.web.came) == 1
    assert {"urllib3", "requests_oauthlib", "oauthlib"} <= set(QUIET_LIBRARIES)
    theirs = (*QUIET_LIBRARIES, "aiohttp.access")  # the latter is the receiver's own
    ours = [record for record in caplog.records if not record.name.startswith(theirs)]
    assert "does not take messages: ChannelFailed" in caplog.text
    assert SECRET not in "\n".join(f"{record.getMessage()} {vars(record)}" for record in ours)
    assert SECRET.encode() not in _written(tmp_path)


async def test_one_round_without_a_token_serves_channels_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with make_scene(tmp_path) as scene:
        await scene.add()
        await scene.hold()
        settings = Settings(
            _env_file=None,
            data_dir=tmp_path,
            market_data="replay",
            channel_private_hosts=True,
            evenkeel_secret_key=KEY,  # type: ignore[arg-type]
        )
        await check_once(settings)
        assert "held" in scene.web.came[0]["message"]
