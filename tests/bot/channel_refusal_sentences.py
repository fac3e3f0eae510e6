"""Each refusal about channels, with the sentence that people get."""

from __future__ import annotations

from core.domain import refusals as r

CHANNEL_SENTENCES: list[tuple[r.Refusal, str]] = [
    (
        r.BadChannel(),
        (
            "That is no address that I can send to. It begins with its kind, such as"
            " mailto://name:password@example.com, ntfys://topic or jsons://example.com/hook;"
            " appriseit.com/services lists the addresses."
        ),
    ),
    (
        r.ChannelNotAllowed("syslog"),
        (
            "“syslog” is no kind of channel that members may use here: mail, text messages, push services"
            " and web addresses (jsons://) are; appriseit.com/services lists the addresses."
        ),
    ),
    (
        r.ChannelOptionRefused("template"),
        "The option “template” of this address is not taken here: leave it out.",
    ),
    (
        r.ChannelPrivate(),
        (
            "This address is on the server's own network, where members' messages may not go, unless"
            " whoever runs the bot sets CHANNEL_PRIVATE_HOSTS=true."
        ),
    ),
    (
        r.ChannelsNeedKey(),
        (
            "Addresses are only kept encrypted, and this bot has no key for it: whoever runs it sets"
            ' EVENKEEL_SECRET_KEY, made with python -c "import secrets; print(secrets.token_urlsafe(32))"'
        ),
    ),
    (
        r.TooManyChannels(5),
        "You have 5 channels already, the most there can be: remove one first.",
    ),
    (
        r.OperatorChannelRefused(),
        (
            "OPERATOR_CHANNEL is no address that errors can be sent to. It begins with its kind, such as"
            " mailtos://name:password@example.com or ntfys://topic; appriseit.com/services lists the"
            " addresses."
        ),
    ),
    (
        r.UnknownChannel(),
        "This channel is not there any more: /settings channel shows yours.",
    ),
    (
        r.ChannelFailed("mailto"),
        "mailto://… did not take the message: check its address and its password, and try again.",
    ),
    (
        r.ChannelFailed(""),
        "The channel did not take the message: check its address and its password, and try again.",
    ),
    (
        r.SealsBroken((), 0, 2),
        (
            "In the store, 2 channel addresses were changed or exchanged with others', so they are not"
            " used: enter them anew."
        ),
    ),
]
