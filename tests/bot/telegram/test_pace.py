"""Telegram's limits, kept beforehand; the clock passes only as it is slept away."""

from __future__ import annotations

from bot.telegram.pace import Pace
from tests.fakes.clock import FakeClock


async def send_all(pace: Pace, clock: FakeClock, chats: list[int]) -> list[float]:
    times = []
    for chat in chats:
        await pace.turn(chat)
        times.append(clock.monotonic())
    return times


async def test_first_message_goes_at_once() -> None:
    clock = FakeClock()
    assert await send_all(Pace(clock), clock, [1001]) == [0.0]
    assert clock.sleeps == []


async def test_one_chat_gets_one_message_a_second() -> None:
    clock = FakeClock()
    assert await send_all(Pace(clock), clock, [1001] * 4) == [0.0, 1.0, 2.0, 3.0]


async def test_all_chats_together_get_thirty_a_second() -> None:
    clock = FakeClock()
    times = await send_all(Pace(clock), clock, list(range(1, 101)))
    assert [times.count(second) for second in (0.0, 1.0, 2.0, 3.0)] == [30, 30, 30, 10]


async def test_a_group_gets_twenty_a_minute() -> None:
    clock = FakeClock()
    times = await send_all(Pace(clock), clock, [-1001] * 41)
    assert times[19] == 19.0
    assert times[20] == 60.0
    assert times[40] == 120.0
    assert all(later - earlier >= 60 for earlier, later in zip(times, times[20:], strict=False))


async def test_the_chat_that_may_go_first_is_chosen_and_ties_keep_their_order() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    assert pace.soonest([5, 3, 4]) == 5
    await pace.turn(5)
    assert pace.soonest([5, 3, 4]) == 3


async def test_forgets_chats_that_are_long_quiet() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    await send_all(pace, clock, list(range(1, 2_000)))
    await clock.sleep(120)
    await pace.turn(1)
    assert list(pace._by_chat) == [1]
