"""People's words for the core's typed reasons, refusals, states and numbers; English for now.

For chat, terminal and mail alike: plain text, which each front end escapes in its own way. Another
language is another set of these catalogues.
"""

from __future__ import annotations

from bot.words import (
    change_refusals,
    channel_refusals,
    holdings_refusals,
    key_refusals,
    market_refusals,
    people_refusals,
    proposal_refusals,
    rule_refusals,
    target_refusals,
)

__all__ = [
    "change_refusals",
    "channel_refusals",
    "holdings_refusals",
    "key_refusals",
    "market_refusals",
    "people_refusals",
    "proposal_refusals",
    "rule_refusals",
    "target_refusals",
]
