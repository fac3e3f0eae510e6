"""Links into the private chat with the bot: to a proposal, or to a command that only shows something.

A link carries no secret and permits nothing: what it opens is shown to whom it is permitted, and refused to everybody
else as if they had typed it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.domain.ids import PortfolioId, ProposalId

DEEP = "p"
"""What a link's start parameter begins with that opens a proposal."""

COMMAND = "c_"
"""What it begins with where it runs a command: ``c_history_3``, the number being a portfolio's."""

READ_ONLY = (
    "accounts",
    "alerts",
    "approval",
    "changes",
    "history",
    "holdings",
    "log",
    "orders",
    "performance",
    "policy",
    "proposals",
    "rules",
    "status",
    "targets",
    "tax",
    "why",
)
"""The commands that a link may run: without words behind them, they change nothing."""

_LINKED_COMMAND = re.compile(rf"{COMMAND}({'|'.join(READ_ONLY)})(?:_([0-9]{{1,10}}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class LinkedCommand:
    """A command that a link runs, and the portfolio that it is about; None is the chat's own."""

    name: str
    portfolio_id: PortfolioId | None = None


def deep_link(username: str, proposal_id: ProposalId | None = None) -> str:
    """The way into the chat with the bot, and there to a proposal."""
    link = f"https://t.me/{username}"
    return link if proposal_id is None else f"{link}?start={DEEP}{proposal_id}"


def command_link(username: str, name: str, portfolio_id: PortfolioId | None = None) -> str:
    """The way to what a command shows; of a command that does more, to the chat alone."""
    link = deep_link(username)
    if name not in READ_ONLY:
        return link
    about = "" if portfolio_id is None else f"_{portfolio_id}"
    return f"{link}?start={COMMAND}{name}{about}"


def linked_proposal(word: str) -> ProposalId | None:
    """The proposal that a start parameter names; None for an invitation's code or anything else."""
    number = word.removeprefix(DEEP)
    is_link = word.startswith(DEEP) and number.isascii() and number.isdecimal()
    return ProposalId(int(number)) if is_link and len(number) < len("10000000000") else None


def linked_command(word: str) -> LinkedCommand | None:
    """The command that a start parameter names; None for anything else."""
    match = _LINKED_COMMAND.fullmatch(word)
    if match is None:
        return None
    number = match.group(2)
    return LinkedCommand(match.group(1), PortfolioId(int(number)) if number else None)


def is_link(word: str) -> bool:
    """Whether a start parameter is one of these links, and so no invitation's code."""
    return linked_proposal(word) is not None or linked_command(word) is not None
