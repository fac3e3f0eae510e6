"""A group as a portfolio's home, and the trace that refused attempts leave."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.application.choose_portfolio import current_portfolio
from core.application.note_attempt import note_attempt
from core.application.set_home_chat import set_home_chat
from core.domain.ids import ChatId
from core.domain.membership import Role
from core.domain.refusals import NotAllowed, UnknownPortfolio
from core.ports.store import Chat
from tests.fakes.world import BEN, small_world

GROUP = Chat(ChatId(-100_1), "group", "Grandparents")


async def test_an_owner_makes_a_group_the_home_and_takes_it_back(tmp_path: Path) -> None:
    async with small_world(tmp_path) as world:
        anna = await world.person()
        family = (await world.portfolio(anna)).portfolio.portfolio
        await set_home_chat(
            world.store, world.clock, member=anna, portfolio_id=family.id, chat=GROUP
        )
        here = await current_portfolio(world.store, member=anna, chat_id=GROUP.id)
        assert here.portfolio.portfolio.home_chat_id == GROUP.id
        await set_home_chat(
            world.store, world.clock, member=anna, portfolio_id=family.id, chat=None
        )
        here = await current_portfolio(world.store, member=anna, chat_id=GROUP.id)
        assert here.portfolio.portfolio.home_chat_id is None
        async with world.store.read() as work:
            events = await work.log.events(family.id, 10)
        assert [event.data for event in events if event.kind == "home_chat_set"] == ["", "-1001"]


async def test_nobody_else_chooses_the_home(tmp_path: Path) -> None:
    async with small_world(tmp_path) as world:
        anna, ben = await world.person(), await world.person(BEN, "Ben")
        family = (await world.portfolio(anna)).portfolio.portfolio
        for refusal, role in ((UnknownPortfolio, None), (NotAllowed, Role.APPROVER)):
            if role is not None:
                await world.give_role(ben, family.id, role)
            with pytest.raises(refusal):
                await set_home_chat(
                    world.store, world.clock, member=ben, portfolio_id=family.id, chat=GROUP
                )
        async with world.store.read() as work:
            assert await work.conversation.chat(GROUP.id) is None


async def test_an_attempt_is_noted_with_who_and_what(tmp_path: Path) -> None:
    async with small_world(tmp_path) as world:
        anna = await world.person()
        await note_attempt(world.store, world.clock, kind="refused", data="x" * 900, member=anna)
        async with world.store.read() as work:
            [event] = [e for e in await work.log.events(None, 10) if e.kind == "refused"]
        assert (event.member_id, event.at, len(event.data)) == (anna.id, world.clock.now(), 500)
