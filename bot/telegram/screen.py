"""Screens: what one message shows, before Telegram's types and the signing of buttons come in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """What a tap asks for: a verb and its arguments, such as ``approve(42, 1)``."""

    verb: str
    args: tuple[int | str, ...] = ()


@dataclass(frozen=True, slots=True)
class Button:
    """One button: it does an action, opens a link, or copies a text; exactly one of these."""

    label: str
    action: Action | None = None
    url: str | None = None
    copy_text: str | None = None

    def __post_init__(self) -> None:
        """Refuse a button that does nothing, or two things."""
        if sum(x is not None for x in (self.action, self.url, self.copy_text)) != 1:
            message = f"the button {self.label!r} must have one of: action, url, copy_text"
            raise ValueError(message)


Rows = tuple[tuple[Button, ...], ...]
"""The buttons under a message, row by row."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file to save or to open elsewhere: its name, as it is shown and saved, and its bytes."""

    name: str
    content: bytes

    def __post_init__(self) -> None:
        """Refuse what Telegram would refuse: a file without a name or without content."""
        if not self.name or not self.content:
            raise ValueError(f"the document {self.name!r} must have a name and content")


@dataclass(frozen=True, slots=True)
class Screen:
    """One message: its text (Telegram's HTML), its rows of buttons, and a picture (PNG) or a document if any.

    With a picture or a document the text is its caption, or, where it is too long for one, a message after it.
    """

    text: str
    rows: Rows = ()
    photo: bytes | None = None
    document: Document | None = None

    def __post_init__(self) -> None:
        """Refuse what no one message can carry."""
        if self.photo is not None and self.document is not None:
            raise ValueError("a screen carries a picture or a document, not both")

    @property
    def has_file(self) -> bool:
        """Whether something hangs on the message, so that its text is a caption."""
        return self.photo is not None or self.document is not None


def tap(label: str, verb: str, *args: int | str) -> Button:
    """A button that does an action."""
    return Button(label, Action(verb, args))
