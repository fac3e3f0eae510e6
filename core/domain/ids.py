"""Identifiers that must not be mixed up, as distinct types."""

from __future__ import annotations

from typing import NewType

HouseholdId = NewType("HouseholdId", int)
MemberId = NewType("MemberId", int)
PortfolioId = NewType("PortfolioId", int)
AccountId = NewType("AccountId", int)
InstrumentId = NewType("InstrumentId", int)
ProposalId = NewType("ProposalId", int)
OrderId = NewType("OrderId", int)
CheckId = NewType("CheckId", int)
CredentialId = NewType("CredentialId", int)
OutboxId = NewType("OutboxId", int)
RuleId = NewType("RuleId", int)
EarmarkId = NewType("EarmarkId", int)
ChannelId = NewType("ChannelId", int)
ChangeId = NewType("ChangeId", int)

UserId = NewType("UserId", int)
"""A person's numeric Telegram user id: the only thing that identifies a member."""

ChatId = NewType("ChatId", int)
"""A chat's numeric Telegram id; for a private chat it equals the user's id."""

TopicId = NewType("TopicId", int)
"""A topic's number in its group, which Telegram calls a message thread."""

Symbol = NewType("Symbol", str)
"""An instrument's symbol in canonical form, such as ``BRK.B``; ``CASH`` is a legal line."""

ClientOrderId = NewType("ClientOrderId", str)
"""Our own name for one order at a broker: ``rb-{install}-{proposal}-{leg}-{attempt}``."""
