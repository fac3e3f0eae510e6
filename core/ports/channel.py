"""The channel: messages to people who are not in the chat, by mail, text message, push, or a web address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Notice:
    """A message for a channel: plain text, its title first."""

    title: str
    body: str


class Channel(Protocol):
    """Sends to addresses, which are secrets: they are in no error and in no log."""

    async def kind_of(self, address: str) -> str:
        """Look at an address without sending anything, and return its kind, such as ``mailto``.

        Raises BadChannel, ChannelNotAllowed, ChannelOptionRefused or ChannelPrivate.
        """
        ...

    async def send(self, address: str, notice: Notice) -> None:
        """Send, within a time limit; raises ChannelFailed, ChannelPrivate, or what ``kind_of`` raises."""
        ...
