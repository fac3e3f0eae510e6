"""After a live approval the scheduler is woken when the time for an undo is over, and not before."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.telegram import approve_buttons
from core.application.decisions import Decided
from core.application.sending_time import UNDO
from core.domain.portfolio import Rung
from core.domain.proposal import ProposalState
from tests.bot.telegram.scenes import NOW, decision, managed, member, view


def decided(after: timedelta) -> Decided:
    shown = view(
        ProposalState.SCHEDULED, where=managed(rung=Rung.LIVE), decisions=(decision(member()),)
    )
    proposal = replace(shown.proposal, scheduled_for=NOW + after)
    return Decided(proposal, is_complete=True, scheduled_for=proposal.scheduled_for)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ten seconds pass in no time."""
    monkeypatch.setattr(approve_buttons, "UNDO", timedelta(0))
    monkeypatch.setattr(approve_buttons, "_STEP", 0.01)


@pytest.mark.usefixtures("at_once")
async def test_it_is_woken_once_the_undo_is_over() -> None:
    arrived = asyncio.Event()
    approve_buttons.wake_when_due(arrived, decided(UNDO))
    assert not arrived.is_set()
    async with asyncio.timeout(5):
        await arrived.wait()


@pytest.mark.usefixtures("at_once")
async def test_what_waits_for_the_open_needs_no_alarm() -> None:
    later, sooner = asyncio.Event(), asyncio.Event()
    approve_buttons.wake_when_due(later, decided(timedelta(hours=20)))
    approve_buttons.wake_when_due(sooner, decided(UNDO))
    async with asyncio.timeout(5):
        await sooner.wait()
    assert not later.is_set()
