"""Answers in order, with the next question under way; and a search for cycles that is put off and taken up again."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable

import pytest

from core.application.one_ahead import collected_later, one_ahead


class Asked:
    """What was asked, what was answered, and what was broken off."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.broken_off: list[int] = []

    def question(self, number: int) -> Callable[[], Awaitable[int]]:
        async def ask() -> int:
            self.begun.append(number)
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                self.broken_off.append(number)
                raise
            if number < 0:
                raise ValueError(number)
            return number

        return ask


async def answers(questions: list[Callable[[], Awaitable[int]]]) -> list[int]:
    return [answer async for answer in one_ahead(questions)]


async def test_each_question_is_under_way_while_the_answer_before_it_is_worked_on() -> None:
    asked = Asked()
    seen = []
    async for answer in one_ahead([asked.question(number) for number in (1, 2, 3)]):
        await asyncio.sleep(0)
        seen.append((answer, list(asked.begun)))
    assert seen == [(1, [1, 2]), (2, [1, 2, 3]), (3, [1, 2, 3])]


async def test_without_questions_there_are_no_answers() -> None:
    assert await answers([]) == []


async def test_where_one_fails_the_next_is_broken_off() -> None:
    asked = Asked()
    with pytest.raises(ValueError, match="-1"):
        await answers([asked.question(number) for number in (-1, 2)])
    assert asked.broken_off in ([], [2])
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


def test_cycles_are_searched_for_again_whatever_happens() -> None:
    def fail() -> None:
        with collected_later():
            with collected_later():
                pass
            assert not gc.isenabled()
            raise ZeroDivisionError

    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError):
        fail()
    assert gc.isenabled()
