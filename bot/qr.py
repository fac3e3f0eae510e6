"""QR codes: in a terminal, and as a picture for the phone across the table."""

from __future__ import annotations

import io

PIXELS, QUIET = 8, 4
"""The side of one module, and the modules of empty border that readers need."""


def pictured(link: str) -> bytes:
    """A link as a QR code, as a PNG."""
    import segno

    out = io.BytesIO()
    segno.make(link, error="m", micro=False).save(out, kind="png", scale=PIXELS, border=QUIET)
    return out.getvalue()


def drawn(link: str) -> str:
    """A link as a QR code made of half blocks."""
    import segno

    out = io.StringIO()
    segno.make(link, error="l").terminal(out=out, compact=True)
    return out.getvalue()
