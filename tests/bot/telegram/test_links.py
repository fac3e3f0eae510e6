"""Links into the private chat: what they name, and that nothing else counts as one."""

from __future__ import annotations

import pytest

from bot.telegram.commands import command_named
from bot.telegram.links import (
    READ_ONLY,
    LinkedCommand,
    command_link,
    deep_link,
    is_link,
    linked_command,
    linked_proposal,
)
from core.domain.ids import PortfolioId, ProposalId

NAME = "evenkeel_bot"


@pytest.mark.parametrize(
    ("word", "number"),
    [("p42", 42), ("p", None), ("42", None), ("px", None), ("p٤", None), ("p" + "9" * 40, None)],
)
def test_a_link_names_a_proposal_and_nothing_else(word: str, number: int | None) -> None:
    assert linked_proposal(word) == number
    assert deep_link(NAME, ProposalId(42)) == f"https://t.me/{NAME}?start=p42"


@pytest.mark.parametrize(
    ("word", "command"),
    [
        ("c_history", LinkedCommand("history")),
        ("c_history_3", LinkedCommand("history", PortfolioId(3))),
        ("c_history_", None),
        ("c_history_x", None),
        ("c_history_3_4", None),
        ("c_history_٣", None),
        ("c_" + "9" * 40, None),
        ("history", None),
        ("p42", None),
    ],
)
def test_a_link_names_a_command_and_its_portfolio(word: str, command: LinkedCommand | None) -> None:
    assert linked_command(word) == command
    assert is_link(word) is (command is not None or word == "p42")


@pytest.mark.parametrize("name", READ_ONLY)
def test_a_link_leads_to_each_command_that_only_shows(name: str) -> None:
    link = command_link(NAME, name, PortfolioId(3))
    _, _, word = link.partition("?start=")
    assert len(word) <= 64
    assert linked_command(word) == LinkedCommand(name, PortfolioId(3))


@pytest.mark.parametrize("name", ["rebalance", "deposit", "invite", "pause", "leave", "start"])
def test_no_link_runs_a_command_that_does_something(name: str) -> None:
    assert command_named(name) is not None
    assert linked_command(f"c_{name}") is None
    assert command_link(NAME, name) == deep_link(NAME)
