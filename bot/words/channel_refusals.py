"""Sentences for refusals about other channels than the chat."""

from __future__ import annotations

from bot.words.key_refusals import HOW_TO_MAKE_A_KEY
from bot.words.refusals import refusal_sentence
from core.domain import refusals as r

WHERE = "appriseit.com/services lists the addresses"

_say = refusal_sentence.register


@_say
def _(_refusal: r.BadChannel) -> str:
    return (
        "That is no address that I can send to. It begins with its kind, such as"
        f" mailto://name:password@example.com, ntfys://topic or jsons://example.com/hook; {WHERE}."
    )


@_say
def _(refusal: r.ChannelNotAllowed) -> str:
    return (
        f"“{refusal.kind}” is no kind of channel that members may use here: mail, text messages, push"
        f" services and web addresses (jsons://) are; {WHERE}."
    )


@_say
def _(refusal: r.ChannelOptionRefused) -> str:
    return f"The option “{refusal.option}” of this address is not taken here: leave it out."


@_say
def _(_refusal: r.ChannelPrivate) -> str:
    return (
        "This address is on the server's own network, where members' messages may not go, unless whoever"
        " runs the bot sets CHANNEL_PRIVATE_HOSTS=true."
    )


@_say
def _(_refusal: r.ChannelsNeedKey) -> str:
    return (
        "Addresses are only kept encrypted, and this bot has no key for it: whoever runs it sets"
        f" EVENKEEL_SECRET_KEY, made with {HOW_TO_MAKE_A_KEY}"
    )


@_say
def _(refusal: r.TooManyChannels) -> str:
    return f"You have {refusal.limit} channels already, the most there can be: remove one first."


@_say
def _(_refusal: r.OperatorChannelRefused) -> str:
    return (
        "OPERATOR_CHANNEL is no address that errors can be sent to. It begins with its kind, such as"
        f" mailtos://name:password@example.com or ntfys://topic; {WHERE}."
    )


@_say
def _(_refusal: r.UnknownChannel) -> str:
    return "This channel is not there any more: /settings channel shows yours."


@_say
def _(refusal: r.ChannelFailed) -> str:
    which = f"{refusal.kind}://… did" if refusal.kind else "The channel did"
    return f"{which} not take the message: check its address and its password, and try again."
