"""Button payloads: short, versioned, and signed for one chat.

A payload is base64url, without padding, of ``version (1 byte) · body · MAC (16 bytes)``; the body
is the verb and its arguments. The MAC is HMAC-SHA256, truncated, over version, chat and body: a
payload that was forged, changed, or brought from another chat decodes to None. It proves that *we*
made the button for this chat, never that the person who tapped it may do what it says: that is
asked anew at every tap.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re

from bot.telegram.screen import Action

MAX_BYTES = 64
"""The most that Telegram takes as callback data."""

_VERSION = b"\x01"
_MAC_BYTES = 16
_CONTEXT = b"evenkeel callback\x00"
_ROOM = MAX_BYTES * 3 // 4 - len(_VERSION) - _MAC_BYTES
_TEXT_FLAG = 0x80
_MAX_INT_BYTES = 8
_VERB = re.compile(r"[a-z][a-z_]{0,15}", re.ASCII)


def encode(action: Action, chat_id: int, key: bytes) -> str:
    """Make a button's payload for one chat; raises ValueError where it needs more than 64 bytes."""
    body = _pack(action)
    if len(body) > _ROOM:
        message = f"the button for {action} needs {len(body)} bytes and may have {_ROOM}"
        raise ValueError(message)
    return _to_text(_VERSION + body + _mac(body, chat_id, key))


def decode(data: str | None, chat_id: int, key: bytes) -> Action | None:
    """Read a tapped button's payload; None for anything that we did not make for this chat."""
    raw = _from_text(data)
    if raw is None or raw[:1] != _VERSION or len(raw) <= len(_VERSION) + _MAC_BYTES:
        return None
    body, mac = raw[1:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(body, chat_id, key)):
        return None
    return _unpack(body)


def _mac(body: bytes, chat_id: int, key: bytes) -> bytes:
    signed = _CONTEXT + _VERSION + chat_id.to_bytes(8, "big", signed=True) + body
    return hmac.new(key, signed, hashlib.sha256).digest()[:_MAC_BYTES]


def _to_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _from_text(data: str | None) -> bytes | None:
    if not data or len(data) > MAX_BYTES or not data.isascii():
        return None
    try:
        raw = base64.b64decode(data + "=" * (-len(data) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    # Two texts that differ only in unused bits would decode to the same bytes: only ours counts.
    return raw if _to_text(raw) == data else None


def _pack(action: Action) -> bytes:
    """Write the verb, then the arguments, each behind its length; a text's has the high bit set."""
    if not _VERB.fullmatch(action.verb):
        message = f"{action.verb!r} is no verb: it must be up to 16 of a-z and _"
        raise ValueError(message)
    verb = action.verb.encode("ascii")
    return bytes([len(verb)]) + verb + b"".join(_pack_argument(arg) for arg in action.args)


def _pack_argument(arg: int | str) -> bytes:
    if isinstance(arg, str):
        text = arg.encode()
        if len(text) >= _TEXT_FLAG:
            message = f"the argument {arg[:20]!r}… is too long for a button"
            raise ValueError(message)
        return bytes([_TEXT_FLAG | len(text)]) + text
    length = arg.bit_length() // 8 + 1
    if length > _MAX_INT_BYTES:
        message = f"the number {arg} is too large for a button"
        raise ValueError(message)
    return bytes([length]) + arg.to_bytes(length, "big", signed=True)


def _unpack(body: bytes) -> Action | None:
    """Read what ``_pack`` wrote; anything else (a signed body of a later version, say) is None."""
    try:
        end = 1 + body[0]
        verb = body[1:end].decode("ascii")
        args: list[int | str] = []
        while end < len(body):
            is_text, length = body[end] & _TEXT_FLAG, body[end] & ~_TEXT_FLAG
            chunk = body[end + 1 : end + 1 + length]
            if len(chunk) != length:
                return None
            args.append(chunk.decode() if is_text else int.from_bytes(chunk, "big", signed=True))
            end += 1 + length
    except (IndexError, UnicodeDecodeError):
        return None
    return Action(verb, tuple(args)) if _VERB.fullmatch(verb) else None
