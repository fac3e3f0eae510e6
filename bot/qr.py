"""QR codes in a terminal."""

from __future__ import annotations

import io


def drawn(link: str) -> str:
    """A link as a QR code made of half blocks."""
    import segno

    out = io.StringIO()
    segno.make(link, error="l").terminal(out=out, compact=True)
    return out.getvalue()
