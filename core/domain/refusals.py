"""Refusals: what a person asked for that cannot be done, each with its data.

The core raises them; the people's words for each are made in ``bot.words``, whose tests hold every
class here against a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.domain.access_fault import AccessFault


class Refusal(Exception):
    """Something asked for that cannot be done; subclasses carry what is needed to say why."""

    def __str__(self) -> str:
        """Name the refusal and its data, for logs; people get the sentence of ``bot.words``."""
        data = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({data})"


# --- targets, symbols, amounts -------------------------------------------------------------------


@dataclass(eq=False)
class BadSymbol(Refusal):
    """A text that cannot be a symbol."""

    text: str


@dataclass(eq=False)
class UnknownSymbol(Refusal):
    """A symbol that the price source does not know."""

    symbol: str
    suggestions: tuple[str, ...] = ()


@dataclass(eq=False)
class CurrencyMismatch(Refusal):
    """An amount or instrument in another currency than the portfolio's."""

    subject: str
    currency: str
    expected: str


@dataclass(eq=False)
class BadNumber(Refusal):
    """A text that is not the number expected; ``correction`` is the text that would be right, if known."""

    field: str
    text: str
    expected: str
    correction: str | None = None


@dataclass(eq=False)
class BadWeight(Refusal):
    """A target weight outside 0 to 100 percent."""

    symbol: str
    weight: Decimal


@dataclass(eq=False)
class DuplicateTarget(Refusal):
    """The same symbol named twice in one allocation."""

    symbol: str


@dataclass(eq=False)
class TargetsDoNotSum(Refusal):
    """Weights that do not sum to exactly 100 percent; ``difference`` is 100 − sum, in points."""

    total: Decimal
    difference: Decimal


@dataclass(eq=False)
class NoTargets(Refusal):
    """An allocation without a line, or a portfolio that has no targets yet."""


@dataclass(eq=False)
class TooManyTargets(Refusal):
    """More lines than a portfolio may have."""

    count: int
    limit: int


@dataclass(eq=False)
class UnknownPolicyName(Refusal):
    """A policy name that does not exist; ``suggestions`` are the nearest ones."""

    name: str
    suggestions: tuple[str, ...] = ()


@dataclass(eq=False)
class BadPolicyValue(Refusal):
    """A value that a policy field does not take."""

    name: str
    value: str
    expected: str


@dataclass(eq=False)
class ObjectiveNotBuilt(Refusal):
    """An objective that planning does not offer yet."""

    objective: str


@dataclass(eq=False)
class NegativeTotal(Refusal):
    """Holdings whose managed value is not above zero, so that no weight exists."""

    total: Decimal


# --- people and permission -----------------------------------------------------------------------


@dataclass(eq=False)
class NotAMember(Refusal):
    """A person whom nobody has let in."""

    user_id: int


@dataclass(eq=False)
class NotAllowed(Refusal):
    """A member whose role does not permit what was asked."""

    needed: str
    role: str | None
    action: str


@dataclass(eq=False)
class UnknownPortfolio(Refusal):
    """A portfolio name that this member does not have."""

    slug: str
    known: tuple[str, ...] = ()


@dataclass(eq=False)
class NoPortfolio(Refusal):
    """A member who has no portfolio yet."""


@dataclass(eq=False)
class NameTaken(Refusal):
    """A portfolio name that the household already uses."""

    name: str


@dataclass(eq=False)
class BadName(Refusal):
    """A name that is empty, too long, or made of characters that cannot be shown safely."""

    text: str
    limit: int


@dataclass(eq=False)
class UnknownRole(Refusal):
    """A word that is not a role."""

    text: str


@dataclass(eq=False)
class BadInvitation(Refusal):
    """An invitation or claim that is unknown, used, or too old."""


@dataclass(eq=False)
class UnknownMember(Refusal):
    """A person who is not a member of this portfolio."""

    text: str


@dataclass(eq=False)
class LastOwner(Refusal):
    """A change that would leave a portfolio without an owner."""


# --- market and prices ---------------------------------------------------------------------------


@dataclass(eq=False)
class PricesRefused(Refusal):
    """Prices that no plan may be made from; ``faults`` names each symbol and what is wrong with it."""

    faults: tuple[object, ...]


@dataclass(eq=False)
class PriceSourceDown(Refusal):
    """A price source that did not answer usably."""

    source: str
    detail: str
    retry_after: float | None = None


@dataclass(eq=False)
class MarketClosed(Refusal):
    """Something that needs an open exchange, asked while it is closed."""

    opens_at: datetime | None


@dataclass(eq=False)
class ClocksDisagree(Refusal):
    """The broker's clock and ours are too far apart, so that nothing is sent; ``seconds`` says how far."""

    broker: str
    seconds: int


@dataclass(eq=False)
class ClosedUnexpectedly(Refusal):
    """The broker says that the exchange is closed, although by the calendar it is open."""

    broker: str
    opens_at: datetime


@dataclass(eq=False)
class NotReplay(Refusal):
    """Moving the market's clock where the market is not a replay."""


@dataclass(eq=False)
class EndOfHistory(Refusal):
    """The replay has reached its last day."""


# --- cash and holdings ---------------------------------------------------------------------------


@dataclass(eq=False)
class NotEnoughCash(Refusal):
    """More money asked for than the account holds as cash."""

    asked: Decimal
    available: Decimal
    currency: str


@dataclass(eq=False)
class NoCashTransfers(Refusal):
    """A broker through which no money can be moved."""

    broker: str


@dataclass(eq=False)
class AccountInUse(Refusal):
    """A broker's account that belongs to a portfolio already."""

    broker: str


@dataclass(eq=False)
class EmptyAccount(Refusal):
    """An account that holds nothing to plan with."""


@dataclass(eq=False)
class BrokerDown(Refusal):
    """A broker that did not answer usably."""

    broker: str
    detail: str


@dataclass(eq=False)
class HoldingsOld(Refusal):
    """Typed holdings that nobody has confirmed for too long; the age is in whole days."""

    age_days: int


@dataclass(eq=False)
class NotKeptByHand(Refusal):
    """Typing holdings, prices or fills of an account whose broker tells them itself."""

    broker: str


@dataclass(eq=False)
class BadProxy(Refusal):
    """A symbol that another's price cannot move with: ``fault`` says what is wrong with its own price.

    Without a fault it is no other symbol, or has no price of a source's own.
    """

    symbol: str
    proxy: str
    fault: object | None = None


@dataclass(eq=False)
class ChecklistOpen(Refusal):
    """Typing holdings while orders of a checklist have no answer yet: they would be counted twice."""

    count: int


@dataclass(eq=False)
class ChecklistClosed(Refusal):
    """An answer to a line of a checklist whose time is over."""

    proposal: int


@dataclass(eq=False)
class UnreadableFile(Refusal):
    """A file of holdings that cannot be used; ``faults`` names each line and what is wrong with it."""

    faults: tuple[str, ...]


@dataclass(eq=False)
class UnknownAssets(Refusal):
    """Symbols that the account's broker does not trade."""

    symbols: tuple[str, ...]


# --- proposals -----------------------------------------------------------------------------------


@dataclass(eq=False)
class UnknownProposal(Refusal):
    """A proposal that does not exist or belongs to somebody else."""

    number: int


@dataclass(eq=False)
class OldRevision(Refusal):
    """A button of a revision that has been replaced by a newer one."""

    proposal: int
    revision: int
    current: int


@dataclass(eq=False)
class ProposalNotOpen(Refusal):
    """A decision on a proposal that no longer takes one; ``state`` says what became of it."""

    proposal: int
    state: str
    decided_by: str | None = None
    decided_at: datetime | None = None


@dataclass(eq=False)
class NothingSold(Refusal):
    """A decision about the money of a proposal's sales, where none is to be made."""

    proposal: int


@dataclass(eq=False)
class AfterSaleDecided(Refusal):
    """A second decision about the money of a proposal's sales; says who made the first, and which."""

    proposal: int
    decided_by: str
    decided_at: datetime
    stays_in_cash: bool


@dataclass(eq=False)
class TooLateToCancel(Refusal):
    """Taking an approval back after the first order has gone; ``state`` says how far it is."""

    proposal: int
    state: str


@dataclass(eq=False)
class ProposalExpired(Refusal):
    """A decision on a proposal after its time."""

    proposal: int
    expired_at: datetime


@dataclass(eq=False)
class AlreadyApproved(Refusal):
    """A second approval by the same person."""

    proposal: int


@dataclass(eq=False)
class UnknownLeg(Refusal):
    """An edit of a line that the proposal does not have."""

    proposal: int
    leg: int


@dataclass(eq=False)
class CannotEnlarge(Refusal):
    """An edit that would trade more than was proposed."""

    leg: int
    proposed: Decimal
    asked: Decimal


@dataclass(eq=False)
class NothingLeft(Refusal):
    """An edit after which no trade would remain."""


@dataclass(eq=False)
class NothingToBuyWith(Refusal):
    """Purchases only were asked for, and the cash that is there without sales buys nothing that would help."""


@dataclass(eq=False)
class ClaimContradicted(Refusal):
    """What a person says of an order, and the broker contradicts; ``is_there``: the broker has the order."""

    symbol: str
    is_there: bool


@dataclass(eq=False)
class PortfolioPaused(Refusal):
    """Something that would send orders, asked while the portfolio is paused."""

    slug: str


@dataclass(eq=False)
class MayNotTrade(Refusal):
    """An account for which nothing may be sent now; the reason is a barrier of the ladder, or ``dry_run``."""

    reason: str
    rung: str


@dataclass(eq=False)
class CodeNeeded(Refusal):
    """An approval of real money by a member with one-time codes, without a code."""

    proposal: int


@dataclass(eq=False)
class BadCode(Refusal):
    """A one-time code that is wrong, or ``was_used`` before; None attempts left: they are not counted here."""

    attempts_left: int | None
    was_used: bool = False


@dataclass(eq=False)
class CodesLocked(Refusal):
    """A code after too many wrong ones; none is accepted until then."""

    until: datetime


@dataclass(eq=False)
class CodesNeedKey(Refusal):
    """One-time codes that cannot be kept or checked: the installation's key is missing, or is another one."""


@dataclass(eq=False)
class PrivateOnly(Refusal):
    """Something that is done only where nobody else reads along."""

    action: str


@dataclass(eq=False)
class NoRungAbove(Refusal):
    """A step on the ladder that an account does not have."""

    rung: str


@dataclass(eq=False)
class DryRunFirst(Refusal):
    """Going live before enough plans were carried out as dry runs."""

    done: int
    needed: int


@dataclass(eq=False)
class WrongDigits(Refusal):
    """A typed confirmation that is not the end of the broker's account number; ``left`` tries remain."""

    left: int


@dataclass(eq=False)
class ClimbOver(Refusal):
    """A typed confirmation without a question, or after its time."""


@dataclass(eq=False)
class RiskLimit(Refusal):
    """What breaks a limit which chat cannot raise; the ``setting`` that says so, and the ``leg``, if it is one."""

    limit: str
    value: Decimal
    allowed: Decimal
    leg: str = ""
    setting: str = ""


# --- brokers' keys -------------------------------------------------------------------------------


@dataclass(eq=False)
class MasterKeyMissing(Refusal):
    """Sealing or opening secrets without a master key; ``sealed`` is how many are in the store."""

    sealed: int = 0


@dataclass(eq=False)
class MasterKeyWrong(Refusal):
    """Secrets in the store that were sealed with another master key than those given."""

    locked: int
    sealed: int


@dataclass(eq=False)
class SealsBroken(Refusal):
    """Secrets that were changed or exchanged in the store: accounts as (broker, last four), and one-time codes."""

    accounts: tuple[tuple[str, str], ...]
    codes: int = 0


@dataclass(eq=False)
class AccountLocked(BrokerDown):
    """An account that cannot be reached with the keys that there are; ``account`` is its last four, if known."""

    account: str
    why: AccessFault


@dataclass(eq=False)
class KeysUnreadable(Refusal):
    """A text that cannot be a broker's key: the ``field`` is the key id, the secret, or the file of both."""

    broker: str
    field: str


@dataclass(eq=False)
class KeysNotAccepted(Refusal):
    """Keys that a broker's service refuses; ``resemble_live`` says for which of its services they look made."""

    broker: str
    origin: str
    is_live: bool
    resemble_live: bool | None = None


@dataclass(eq=False)
class BrokerNotThere(Refusal):
    """An address at which no broker answers as it should."""

    broker: str
    origin: str
    detail: str


@dataclass(eq=False)
class AccountRestricted(Refusal):
    """An account in which its broker permits no trade: blocked, or not active yet."""

    broker: str
    account: str


@dataclass(eq=False)
class AnotherAccount(Refusal):
    """Keys that open another account than the portfolio's; both by their last four."""

    broker: str
    expected: str
    found: str


@dataclass(eq=False)
class OrdersUnderWay(Refusal):
    """A change that has to wait until nothing of a portfolio is being carried out."""

    slug: str


@dataclass(eq=False)
class WhichOwner(Refusal):
    """Keys that must belong to one owner of a portfolio; ``owners`` are its owners as (user id, name)."""

    slug: str
    owners: tuple[tuple[int, str], ...]


@dataclass(eq=False)
class LiveNotAllowed(Refusal):
    """Real money in an installation for paper."""

    broker: str


@dataclass(eq=False)
class ForeignPrices(Refusal):
    """A broker whose orders are priced by its own quotes, where prices come from elsewhere."""

    broker: str
    source: str


@dataclass(eq=False)
class NoKeysKept(Refusal):
    """A portfolio whose account has no keys in the store."""

    slug: str


@dataclass(eq=False)
class PriceKeysMissing(Refusal):
    """A price source that needs keys, where there are none."""

    source: str


@dataclass(eq=False)
class AccountHeld(Refusal):
    """Something that would send orders, asked while holds stand on the account; ``reasons`` are theirs."""

    reasons: tuple[str, ...]


@dataclass(eq=False)
class ForeignOrder(Refusal):
    """A plan for symbols on which somebody else has an order open at the broker."""

    symbols: tuple[str, ...]


@dataclass(eq=False)
class OtherAccountNow(Refusal):
    """An account that an owner accepts, when the broker's keys open yet another one by now."""

    shown: str
    opened: str


# --- state machines and the host -----------------------------------------------------------------


@dataclass(eq=False)
class IllegalMove(Refusal):
    """A state change that the diagram does not have."""

    machine: str
    from_state: str
    to_state: str


class PlanFailed(Refusal):
    """Planning came to no answer, which is a fault of ours; the log has its traces."""


@dataclass(eq=False)
class NotBuiltYet(Refusal):
    """A capability that this version does not have; named so that nobody waits for it."""

    what: str
