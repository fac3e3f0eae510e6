"""The log: one line for each thing done, joined by ids; and its latest entries for owners."""

from __future__ import annotations

import ast
import logging
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.telegram.views.log import log_screen
from bot.words.events import EVENTS, event_words
from core.application.choose_portfolio import current_portfolio
from core.application.execute_proposal import execute_approved
from core.application.move_cash import deposit
from core.application.read_log import CHECKED, FURTHEST_BACK, LogEntry, LogPage, read_log
from core.application.run_due_work import run_due_work
from core.application.schedule_checks import schedule_checks
from core.domain.ids import ChatId, ProposalId
from core.domain.membership import Member, Role
from core.domain.proposal import Proposal
from core.domain.refusals import NotAllowed, UnknownPortfolio
from core.ports.store import AuditEvent
from tests.application.acts import approved, ask, decide, drifted, let_in, proposed, shown_in
from tests.fakes.clock import MONDAY_ELEVEN
from tests.fakes.world import BEN, World


async def _read(world: World, member: Member, proposal: Proposal, **page: int) -> LogPage:
    return await read_log(world.store, member=member, portfolio_id=proposal.portfolio_id, **page)


def _lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [
        {"said": record.getMessage(), **vars(record)}
        for record in caplog.records
        if record.name == "evenkeel.done"
    ]


async def test_ids_join_check_proposal_orders_and_messages(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    _, proposal = await approved(world)
    await execute_approved(world.desk)
    async with world.store.begin() as work:
        (first, *_) = await work.outbox.queued(world.clock.now(), 1)
        await work.outbox.mark_sent(first.id, world.clock.now())
    lines = _lines(caplog)
    (made,) = [line for line in lines if line["said"] == "proposed: requested"]
    (checked,) = [line for line in lines if line["said"] == "checked: proposed"]
    assert made["proposal"] == proposal.id
    assert made["check"] == checked["check"] == proposal.check_id
    orders = [line for line in lines if line["said"] == "order: intended to submitting"]
    assert {line["proposal"] for line in orders} == {proposal.id}
    assert all(line["order"].startswith("rb-") for line in orders)
    assert len({line["order"] for line in orders}) == 2
    (sent,) = [line for line in lines if line["said"] == "message sent: proposal"]
    assert (sent["outbox"], sent["proposal"]) == (first.id, proposal.id)
    ends = [line["said"] for line in lines if line["said"].startswith("proposal: executing")]
    assert ends == ["proposal: executing to done"]


async def test_what_is_rolled_back_leaves_no_line(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def fail() -> None:
        async with world.store.begin() as work:
            await work.log.record(AuditEvent(world.clock.now(), "pause"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert _lines(caplog) == []


async def test_no_line_says_an_amount_or_a_name(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    anna, proposal = await proposed(world)
    await deposit(
        world.store,
        world.brokers,
        world.clock,
        member=anna,
        portfolio_id=proposal.portfolio_id,
        amount=Decimal(7707),
        key="1",
    )
    said = "\n".join(f"{line}" for line in _lines(caplog))
    assert "cash_moved" in said
    assert "7707" not in said
    assert "Anna" not in said


async def test_owners_see_what_was_done_newest_first(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    world.pass_time(timedelta(minutes=1))
    proposal = (await ask(world, anna, portfolio_id)).proposal
    assert proposal is not None
    await decide(world, anna, proposal)
    await shown_in(world, proposal, 1001, 1002, -7)
    world.pass_time(timedelta(minutes=2))
    await execute_approved(world.desk)
    page = await _read(world, anna, proposal)
    words = [event_words(entry) for entry in page.entries]
    assert words[0] == "proposal 1: done"
    assert "proposal 1: orders sent: 2" in words
    assert "proposal 1: approved" in words
    made = words.index("proposal 1 to 2 people and the group")
    assert words[made + 1] == "checked: a proposal was made"
    assert words[-1] == "the portfolio was made"
    assert page.older is None
    current = await current_portfolio(world.store, member=anna, chat_id=ChatId(1001), slug=None)
    text = log_screen(current, page, 15).text
    assert "log, times ET" in text
    assert "<b>Mon 9 Mar 2020</b>\n11:03 proposal 1: done\n" in text
    assert "11:01 proposal 1: approved (Anna)" in text


async def test_tries_of_a_check_that_makes_no_plan_are_one_entry_a_day(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    await schedule_checks(world.store, world.market)
    world.prices.set_fault("BBB")
    for wait in (24 * 60, 10, 20, 40, 24 * 60 - 70):
        if wait == 40:
            world.prices.set_price("BBB", 50)
        world.pass_time(timedelta(minutes=wait))
        await run_due_work(world.desk)
    page = await read_log(world.store, member=anna, portfolio_id=portfolio_id)
    checks = [event_words(entry) for entry in page.entries if entry.kind == CHECKED]
    assert checks == [
        "checked: the open proposal still stands",
        "checked: a proposal was made",
        "checked: no plan could be made (3 times)",
    ]


async def test_older_entries_come_by_a_button_until_there_are_none(world: World) -> None:
    anna, proposal = await proposed(world)
    for number in range(6):
        world.pass_time(timedelta(minutes=1))
        await ask(world, anna, proposal.portfolio_id, f"again {number}")
    every = (await _read(world, anna, proposal, limit=50)).entries
    pages: list[LogEntry] = []
    skipped = 0
    while True:
        page = await _read(world, anna, proposal, limit=4, skipped=skipped)
        pages += page.entries
        if page.older is None:
            break
        skipped = page.older
    assert pages == list(every)
    assert len(every) > 12


async def test_paging_ends_before_it_becomes_dear(world: World) -> None:
    anna, proposal = await proposed(world)
    page = await _read(world, anna, proposal, skipped=FURTHEST_BACK * 5)
    assert page == LogPage(())


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PROPOSER, Role.APPROVER])
async def test_only_owners_may_read_it(world: World, role: Role) -> None:
    _, proposal = await proposed(world)
    ben = await let_in(world, proposal.portfolio_id, role)
    with pytest.raises(NotAllowed):
        await _read(world, ben, proposal)


async def test_for_strangers_the_portfolio_does_not_exist(world: World) -> None:
    _, proposal = await proposed(world)
    ben = await world.person(BEN, "Ben")
    with pytest.raises(UnknownPortfolio):
        await _read(world, ben, proposal)


def _literals(folder: Path) -> set[str]:
    """Every kind that stands as a plain text in the making of an event."""
    found = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "AuditEvent":
                kinds = [arg for arg in node.args[1:2] if isinstance(arg, ast.Constant)]
                found |= {str(kind.value) for kind in kinds}
    return found


def test_every_event_has_words() -> None:
    written = _literals(Path(__file__).parents[2] / "core")
    assert len(written) > 15
    assert written - EVENTS.keys() - {"proposed", "order_sent"} == set()


def test_an_event_of_a_later_version_is_said_by_its_code() -> None:
    entry = LogEntry(MONDAY_ELEVEN, "moon_seen", proposal_id=ProposalId(3))
    assert event_words(entry) == "proposal 3: moon seen"


def test_a_check_says_which_day_it_was_for_where_that_is_another() -> None:
    def said(days_late: int) -> str:
        due = MONDAY_ELEVEN - timedelta(days=days_late)
        return event_words(LogEntry(MONDAY_ELEVEN, CHECKED, outcome="on_target", due_at=due))

    assert said(0) == "checked: on target"
    assert said(3) == "checked for Fri 6 Mar 2020: on target"
