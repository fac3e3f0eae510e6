"""The tables of the store, as the objects that statements are written with."""

from __future__ import annotations

from core.adapters.store.tables.base import Base, table_of
from core.adapters.store.tables.changes import ChangeAnswerRow, ChangeRow
from core.adapters.store.tables.channels import ChannelRow
from core.adapters.store.tables.conversation import (
    ChatRow,
    DialogueRow,
    OutboxRow,
    SeenUpdateRow,
    ShownAmountsRow,
    TopicRow,
)
from core.adapters.store.tables.earmarks import EarmarkRow
from core.adapters.store.tables.harvests import SwitchRow
from core.adapters.store.tables.instruments import (
    CorporateActionRow,
    InstrumentAliasRow,
    InstrumentRow,
    LastCloseRow,
    MarketClockRow,
)
from core.adapters.store.tables.operations import AuditEventRow, InstallationRow, LeaseRow
from core.adapters.store.tables.people import (
    CredentialRow,
    HouseholdMemberRow,
    HouseholdRow,
    InvitationRow,
    JoiningRow,
    MemberRow,
    MembershipRow,
    OfferRow,
    OneTimeCodeRow,
)
from core.adapters.store.tables.pinned import PinnedRow
from core.adapters.store.tables.portfolios import (
    AccountHoldRow,
    AccountRow,
    AccountSnapshotRow,
    LiveConfirmationRow,
    LotRow,
    PolicyRow,
    PortfolioRow,
    TargetLineRow,
    TargetsRow,
    TargetSubstituteRow,
)
from core.adapters.store.tables.proposals import (
    DecisionRow,
    DeliveryRow,
    DueCheckRow,
    FillRow,
    OrderRow,
    ProposalRow,
    RevisionRow,
    SnoozeRow,
)
from core.adapters.store.tables.rules import RuleRow
from core.adapters.store.tables.taxes import EquivalentRow, RealisedRow, TaxProfileRow, TaxYearRow

METADATA = Base.metadata
"""Every table, for migrations."""

ACCOUNT_HOLDS = table_of(AccountHoldRow)
ACCOUNT_SNAPSHOTS = table_of(AccountSnapshotRow)
ACCOUNTS = table_of(AccountRow)
AUDIT_EVENTS = table_of(AuditEventRow)
CHANGE_ANSWERS = table_of(ChangeAnswerRow)
CHANGES = table_of(ChangeRow)
CHANNELS = table_of(ChannelRow)
CHATS = table_of(ChatRow)
CORPORATE_ACTIONS = table_of(CorporateActionRow)
CREDENTIALS = table_of(CredentialRow)
DECISIONS = table_of(DecisionRow)
DELIVERIES = table_of(DeliveryRow)
DIALOGUES = table_of(DialogueRow)
DUE_CHECKS = table_of(DueCheckRow)
EARMARKS = table_of(EarmarkRow)
FILLS = table_of(FillRow)
EQUIVALENTS = table_of(EquivalentRow)
HOUSEHOLD_MEMBERS = table_of(HouseholdMemberRow)
HOUSEHOLDS = table_of(HouseholdRow)
INSTRUMENT_ALIASES = table_of(InstrumentAliasRow)
INSTALLATION = table_of(InstallationRow)
INSTRUMENTS = table_of(InstrumentRow)
INVITATIONS = table_of(InvitationRow)
JOININGS = table_of(JoiningRow)
LAST_CLOSES = table_of(LastCloseRow)
LEASES = table_of(LeaseRow)
LIVE_CONFIRMATIONS = table_of(LiveConfirmationRow)
LOTS = table_of(LotRow)
MARKET_CLOCK = table_of(MarketClockRow)
MEMBERS = table_of(MemberRow)
MEMBERSHIPS = table_of(MembershipRow)
OFFERS = table_of(OfferRow)
ONE_TIME_CODES = table_of(OneTimeCodeRow)
ORDERS = table_of(OrderRow)
OUTBOX = table_of(OutboxRow)
PINNED = table_of(PinnedRow)
POLICIES = table_of(PolicyRow)
PORTFOLIOS = table_of(PortfolioRow)
PROPOSALS = table_of(ProposalRow)
REALISED = table_of(RealisedRow)
REVISIONS = table_of(RevisionRow)
RULES = table_of(RuleRow)
SEEN_UPDATES = table_of(SeenUpdateRow)
SHOWN_AMOUNTS = table_of(ShownAmountsRow)
SNOOZES = table_of(SnoozeRow)
SUBSTITUTES = table_of(TargetSubstituteRow)
SWITCHES = table_of(SwitchRow)
TARGET_LINES = table_of(TargetLineRow)
TARGETS = table_of(TargetsRow)
TAX_PROFILES = table_of(TaxProfileRow)
TAX_YEARS = table_of(TaxYearRow)
TOPICS = table_of(TopicRow)

__all__ = [name for name in dir() if name.isupper()]
