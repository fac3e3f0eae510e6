"""Notes: short answers of a few sentences, and where to go from there."""

from __future__ import annotations

from bot.telegram.html import bold, code, escape, shown_name
from bot.telegram.screen import Rows, Screen, tap


def note(*paragraphs: str, rows: Rows = ()) -> Screen:
    """A screen of paragraphs (markup); empty ones are left out."""
    return Screen("\n\n".join(paragraph for paragraph in paragraphs if paragraph), rows)


def example(text: str) -> str:
    """An example that works; a tap copies it."""
    return f"For example: {code(text)}"


__all__ = ["bold", "code", "escape", "example", "note", "shown_name", "tap"]
