"""Refusals about other channels than the chat."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.refusals.base import Refusal


class BadChannel(Refusal):
    """A text that is no address of a channel."""


@dataclass(eq=False)
class ChannelNotAllowed(Refusal):
    """A kind of channel that members may not use: it would act on the server itself."""

    kind: str


@dataclass(eq=False)
class ChannelOptionRefused(Refusal):
    """An option of an address that would read files of the server."""

    option: str


class ChannelPrivate(Refusal):
    """An address on the server's own machine or network."""


class ChannelsNeedKey(Refusal):
    """Keeping an address without a key that encrypts it."""


@dataclass(eq=False)
class TooManyChannels(Refusal):
    """One channel more than a member may have."""

    limit: int


class OperatorChannelRefused(Refusal):
    """An OPERATOR_CHANNEL to which nothing can be sent."""


class UnknownChannel(Refusal):
    """A channel that is not, or no longer, the member's."""


@dataclass(eq=False)
class ChannelFailed(Refusal):
    """A message that did not get through; ``kind`` is the beginning of the address."""

    kind: str
