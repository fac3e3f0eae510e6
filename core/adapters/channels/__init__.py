"""Channels through Apprise: mail, text messages, push and web addresses."""

from __future__ import annotations

from core.adapters.channels.apprise import AppriseChannel

__all__ = ["AppriseChannel"]
