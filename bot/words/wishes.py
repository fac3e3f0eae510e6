"""The names that people read for what they can set: kinds of message, how those come, number formats."""

from __future__ import annotations

from core.domain.notices import Loudness, NoticeKind
from core.domain.preferences import NumberFormat

NOTICE_KINDS: dict[NoticeKind, str] = {
    NoticeKind.DRIFT: "Drift alerts",
    NoticeKind.PROPOSALS: "Proposals",
    NoticeKind.APPROVALS: "Approvals needed",
    NoticeKind.ORDERS: "Orders and fills",
    NoticeKind.REPORTS: "Reports",
    NoticeKind.DIGESTS: "Digests",
    NoticeKind.WARNINGS: "Warnings",
}

LOUDNESS: dict[Loudness, str] = {
    Loudness.ON: "on",
    Loudness.SILENT: "silent",
    Loudness.OFF: "off",
}

NUMBER_FORMATS: dict[NumberFormat, str] = {
    NumberFormat.UK: "1,234.56 · 11 Mar",
    NumberFormat.US: "1,234.56 · Mar 11",
    NumberFormat.DE: "1.234,56 · 11. Mar",
    NumberFormat.FR: "1 234,56 · 11 Mar",
    NumberFormat.CH: "1’234.56 · 11. Mar",
}
"""What a number and a date look like in each format."""
