from __future__ import annotations

import inspect
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot.words.proposal_refusals import _BARRIERS
from bot.words.refusals import refusal_sentence
from core.domain import refusals as r
from core.domain.ids import Symbol
from core.domain.ladder import Barrier
from core.domain.permissions import Act
from core.domain.quote import PriceFault, PriceFaultKind
from tests.bot.change_refusal_sentences import CHANGE_SENTENCES
from tests.bot.channel_refusal_sentences import CHANNEL_SENTENCES
from tests.bot.key_refusal_sentences import KEY_SENTENCES
from tests.bot.rule_refusal_sentences import RULE_SENTENCES

AT = datetime(2020, 3, 12, 20, 0, tzinfo=UTC)
VTI = Symbol("VTI")
STALE = PriceFault(VTI, PriceFaultKind.STALE, Decimal(130), 7200)
GONE = PriceFault(Symbol("BND"), PriceFaultKind.MISSING)

SENTENCES: list[tuple[r.Refusal, str]] = [
    (
        r.AccountNameTaken("IRA"),
        "There is an account named “IRA” already. Choose another name.",
    ),
    (r.TooManyAccounts(8), "A portfolio has at most 8 accounts."),
    (
        r.WhichAccount(("Family", "IRA")),
        "Which account do you mean? Add it as the last word: #family (Family) or #ira (IRA).",
    ),
    (
        r.UnknownAccount("irra", ("Family", "IRA")),
        "This portfolio has no account “irra”. It has Family and IRA. /accounts shows them.",
    ),
    (r.UnknownAccount("7"), "This portfolio has no account “7”. /accounts shows them."),
    (
        r.BadSymbol("V T"),
        "“V T” is not a symbol: up to 12 letters, digits, points and dashes, such as VTI or BRK.B.",
    ),
    (
        r.UnknownSymbol("VIT", ("VTI", "VT")),
        "The price source does not know VIT. Did you mean VTI or VT?",
    ),
    (r.UnknownSymbol("VIT"), "The price source does not know VIT. Check how it is spelled."),
    (
        r.CurrencyMismatch("VTI", "EUR", "USD"),
        "VTI is in EUR; this portfolio takes USD only.",
    ),
    (
        r.BadNumber("VTI", "60,5", "a number", "60.5"),
        "“60,5” is not right for VTI. Use a point as decimal sign, and no commas: 60.5",
    ),
    (
        r.BadNumber("amount", "lots", "an amount such as 500"),
        "“lots” is not right for amount: expected an amount such as 500.",
    ),
    (
        r.BadWeight("VTI", Decimal(-3)),
        "VTI −3: a target is a percentage from 0 to 100.",
    ),
    (
        r.BadAssetClass("b0nds!"),
        "b0nds! is no asset class. Write a word of up to 20 letters and _, such as bonds or stocks_us.",
    ),
    (
        r.DuplicateTarget("VTI"),
        "VTI is named twice. Name each symbol once, with its whole percentage.",
    ),
    (
        r.TargetsDoNotSum(Decimal("99.99"), Decimal("0.01")),
        "The targets add up to 99.99%, 0.01 short of 100. Example: /targets VTI 60 BND 40",
    ),
    (
        r.TargetsDoNotSum(Decimal("100.01"), Decimal("-0.01")),
        "The targets add up to 100.01%, 0.01 more than 100. Example: /targets VTI 60 BND 40",
    ),
    (r.NoTargets(), "There are no targets yet. Example: /targets VTI 60 BND 40"),
    (r.TooManyTargets(60, 50), "60 lines are too many: a portfolio has at most 50."),
    (
        r.UnknownPolicyName("bnad", ("band",)),
        "There is no setting “bnad”. Did you mean band? /policy shows them all.",
    ),
    (
        r.BadPolicyValue("destination", "2", "a number from 0 to 1"),
        "destination cannot be “2”: expected a number from 0 to 1.",
    ),
    (
        r.CannotRaise(Decimal("500.5"), Decimal(1500)),
        (
            "At most $1,500.00 can be taken out:"
            " the sales that your policy permits leave $500.50 missing."
        ),
    ),
    (
        r.CannotRaise(Decimal(2000), Decimal(0)),
        "No sale that your policy permits raises this money: $2,000.00 is missing.",
    ),
    (
        r.NegativeTotal(Decimal(0)),
        "The account is worth nothing yet. Put in some cash first (paper money: /deposit 1000).",
    ),
    (
        r.NegativeTotal(Decimal(-5)),
        (
            "The account is worth −$5.00, and percentages of that mean nothing."
            " Bring it above zero first."
        ),
    ),
    (
        r.NotAMember(77),
        (
            "Sorry, I only talk to invited people. Your id is 77: give it to the owner,"
            " and ask for an invitation."
        ),
    ),
    (
        r.NotAllowed("approver", "viewer", Act.REOPEN),
        "To reopen takes an approver; you are a viewer here. An owner can change your role.",
    ),
    (
        r.NotAllowed("owner", None, Act.MOVE_CASH),
        "Only an owner of this portfolio may move cash.",
    ),
    (
        r.UnknownPortfolio("kids", ("family", "own")),
        "You have no portfolio @kids. Yours: @family and @own.",
    ),
    (r.BadUses(11, 10), "An invitation lets in 1 to 10 people, not 11."),
    (
        r.InvitationOver(),
        "This invitation lets nobody in any more. /members shows those that do.",
    ),
    (
        r.JoiningOver(),
        (
            "This cannot be undone any more: their role has changed since. /members shows who is"
            " what."
        ),
    ),
    (
        r.NoOffer(),
        (
            "No portfolio is offered to you there: the offer was taken back, or was older than a"
            " day."
        ),
    ),
    (r.OwnerAlready("Ben"), "Ben is an owner already. To step down yourself: /members"),
    (
        r.UnknownHousehold(),
        "You do not belong to that household. /portfolio shows what you have.",
    ),
    (r.UnknownPortfolio(""), "You have no such portfolio."),
    (r.NoPortfolio(), "You have no portfolio yet. Make one: /new Family"),
    (
        r.NameTaken("Family"),
        "There is a portfolio named “Family” already. Choose another name.",
    ),
    (r.BadName("", 40), "A name is missing. Example: /new Family"),
    (
        r.BadName("x" * 40, 40),
        (
            "That name cannot be used: one line of at most 40 ordinary characters."
            " Example: /new Family"
        ),
    ),
    (
        r.UnknownRole("boss"),
        "“boss” is not a role. Roles: viewer, proposer, approver, owner. Example: /invite approver",
    ),
    (
        r.BadInvitation(),
        "This invitation was used already, taken back, or is too old. Ask an owner for a new one.",
    ),
    (
        r.UnknownMember("Bo"),
        "“Bo” is not a member of this portfolio. /members shows who is.",
    ),
    (
        r.LastOwner(),
        "A portfolio needs an owner. Make somebody else an owner first: /members",
    ),
    (
        r.PricesRefused((STALE, GONE)),
        (
            "No plan without good prices: VTI has a price that is too old (2 h);"
            " BND has no price. Try again later."
        ),
    ),
    (
        r.PriceSourceDown("yahoo", "429"),
        "No prices from Yahoo right now. Try again in a few minutes.",
    ),
    (
        r.PriceSourceDown("yahoo", "429", 30.2),
        "No prices from Yahoo right now. Try again in 30 seconds.",
    ),
    (
        r.MarketClosed(AT),
        "The exchange is closed until Thu 12 Mar 16:00 ET. Try again then.",
    ),
    (r.MarketClosed(None), "The exchange is closed. Try again when it is open."),
    (
        r.NotReplay(),
        "The date can only be moved in the demo, where the market is a replay.",
    ),
    (
        r.EndOfHistory(),
        "The replay has reached its last day. Start the demo again to go back.",
    ),
    (
        r.NotEnoughCash(Decimal(500), Decimal("12.5"), "USD"),
        "$500.00 is more than the cash in the account, which is $12.50.",
    ),
    (
        r.StillSetAside(Decimal(5000), "USD"),
        (
            "$5,000.00 is still set aside from the time before: say in /status that it is out,"
            " or that it stays invested, then ask again."
        ),
    ),
    (
        r.NothingSetAside(),
        "That money is not set aside any more: /status shows how things are.",
    ),
    (
        r.NoCashTransfers("alpaca"),
        (
            "Cash cannot be moved through Alpaca from here. Move it at the broker;"
            " the next check will see it."
        ),
    ),
    (
        r.EmptyAccount(),
        "The account is empty. Put in some cash first (paper money: /deposit 1000).",
    ),
    (
        r.BrokerDown("alpaca", "timeout"),
        "No answer from Alpaca right now. Try again in a few minutes.",
    ),
    (
        r.PricesRefused((replace(STALE, symbol=Symbol("VTSAX"), like=VTI),)),
        (
            "No plan without good prices: VTSAX, moved like VTI, has a price that is too old (2 h)."
            " Try again later. Or type its price: /holdings price VTSAX 12.34"
        ),
    ),
    (
        r.BadProxy("VTSAX", "BND", GONE),
        (
            "VTSAX cannot move like BND: BND has no price. Name a fund that is quoted every day,"
            " such as VTI, or leave the proxy out."
        ),
    ),
    (
        r.BadProxy("VTSAX", "FUND"),
        (
            "VTSAX cannot move like FUND, which has no quote of its own. Name a fund that is quoted"
            " every day, such as VTI, or leave the proxy out."
        ),
    ),
    (
        r.CodeNeeded(42),
        (
            "Approving proposal 42 takes the six digits of your authenticator app: tap Approve, and I"
            " ask for them."
        ),
    ),
    (
        r.BadCode(4),
        (
            "That is not the code of now. Look at your authenticator app again; its clock and mine"
            " must agree. 4 tries are left."
        ),
    ),
    (
        r.BadCode(1, was_used=True),
        ("That code was used already. Wait until your app shows the next one. 1 try is left."),
    ),
    (
        r.BadCode(None),
        (
            "That is not the code of now. Look at your authenticator app again; its clock and mine"
            " must agree."
        ),
    ),
    (
        r.CodesLocked(AT),
        ("Too many wrong codes: none is accepted until Thu 12 Mar 16:00 ET. Nothing was approved."),
    ),
    (
        r.CodesNeedKey(),
        (
            "One-time codes cannot be checked: EVENKEEL_SECRET_KEY is missing on the server, or is"
            " not the one they were stored with. Whoever runs the bot sees to it."
        ),
    ),
    (
        r.HoldingsOld(31),
        (
            "These holdings were typed or confirmed 31 days ago, too long ago for a plan."
            " Are they still right? /holdings shows them."
        ),
    ),
    (
        r.NotKeptByHand("simulated"),
        (
            "The simulated broker says itself what this account holds. You can type what shares"
            " of it have cost: /holdings VTI 12 @ 210.10 2021-03-04"
        ),
    ),
    (
        r.ChecklistOpen(1),
        (
            "1 order on your checklist has no answer yet. Answer there first, so that nothing is"
            " counted twice: /proposals"
        ),
    ),
    (
        r.ChecklistOpen(2),
        (
            "2 orders on your checklist have no answer yet. Answer there first, so that nothing is"
            " counted twice: /proposals"
        ),
    ),
    (
        r.ChecklistClosed(42),
        (
            "The checklist of proposal 42 is closed. If you traded after all, say what you hold now."
            " Example: /holdings VTI 112"
        ),
    ),
    (
        r.UnreadableFile(("Line 3: “abc” is no number of shares.", "Line 5: no symbol.")),
        (
            "This cannot be used, and nothing was changed."
            " Line 3: “abc” is no number of shares. Line 5: no symbol."
        ),
    ),
    (
        r.UnknownLot("VTI", "c", ("a", "b")),
        "VTI has no lot “c”. It has a and b.",
    ),
    (r.UnknownLot("VTI", "c"), "VTI has no lot “c”. It has none by name."),
    (
        r.LotsBeyondHeld("VTI", Decimal("12.5"), Decimal(1)),
        (
            "These lots of VTI come to 12.5, but the account holds 1 share. Type lots of at most what is"
            " held."
        ),
    ),
    (
        r.InTwoGroups("VTI"),
        "VTI stands in two groups of equal securities. Name each symbol in one group only.",
    ),
    (r.UnknownProposal(42), "There is no proposal 42. /proposals shows what is open."),
    (
        r.OldRevision(42, 1, 2),
        "Proposal 42 has changed since: look at the newer version (42.1) before you decide.",
    ),
    (
        r.ProposalNotOpen(42, "approved", "Anna", AT),
        (
            "Proposal 42 is no longer open: approved."
            " Last decision: Anna, Thu 12 Mar 16:00 ET. This tap changed nothing."
        ),
    ),
    (r.ProposalNotOpen(42, "superseded"), "Proposal 42 is no longer open: replaced."),
    (
        r.ClocksDisagree("alpaca", 95),
        (
            "The clock of Alpaca and this computer's are 95 seconds apart, so nothing is sent."
            " Whoever runs me must set this computer's clock."
        ),
    ),
    (
        r.ClosedUnexpectedly("alpaca", AT),
        (
            "Alpaca says that the exchange is closed, although it should be open."
            " It opens again Thu 12 Mar 16:00 ET."
        ),
    ),
    (
        r.NothingSold(42),
        "Proposal 42 did not end with purchases missing after its sales: there is nothing to decide.",
    ),
    (
        r.AfterSaleDecided(42, "Anna", AT, stays_in_cash=True),
        "Anna has decided this already (Thu 12 Mar 16:00 ET), and left the money in cash.",
    ),
    (
        r.AfterSaleDecided(42, "Anna", AT, stays_in_cash=False),
        (
            "Anna has decided this already (Thu 12 Mar 16:00 ET), and had the purchases planned"
            " again."
        ),
    ),
    (
        r.TooLateToCancel(42, "executing"),
        (
            "Too late: proposal 42 is being carried out, so its orders cannot be taken back."
            " /pause stops what has not been sent."
        ),
    ),
    (
        r.ProposalExpired(42, AT),
        "Proposal 42 expired Thu 12 Mar 16:00 ET. Ask for a new one: /rebalance",
    ),
    (
        r.EndsBeforeOpen(42, AT),
        (
            "Proposal 42 ends Thu 12 Mar 16:00 ET, before the exchange opens again. "
            "Approve it now, or let it end: the next check looks anew."
        ),
    ),
    (
        r.EndsBeforeSending(42, AT, AT + timedelta(hours=1)),
        (
            "Proposal 42 ends Thu 12 Mar 16:00 ET, and its orders could go only Thu 12 Mar 17:00 ET. "
            "Let it end, and ask for a new one then: /rebalance"
        ),
    ),
    (
        r.AlreadyApproved(42),
        "You have approved proposal 42 already. It waits for somebody else's approval.",
    ),
    (
        r.NotApproved(42),
        (
            "There is no approval of yours to take back: you have not approved proposal 42 "
            "as it is now."
        ),
    ),
    (r.UnknownLeg(42, 9), "Proposal 42 has no line 9. Look at it again: /proposals"),
    (
        r.CannotEnlarge(1, Decimal(11), Decimal(12)),
        "Line 1 can only shrink: 12 is more than the 11 proposed.",
    ),
    (
        r.LotsNotChosen("VTI"),
        "No lots can be chosen for this trade of VTI: its broker or the plan says which.",
    ),
    (
        r.NothingLeft(),
        "Without that line nothing would be traded. To trade nothing, tap Reject.",
    ),
    (
        r.NothingToBuyWith(),
        "Without sales there is not enough cash to buy anything. Put some in first (paper money: /deposit 500).",
    ),
    (
        r.MayNotTrade("mode_is_paper", "live"),
        (
            "This installation is set to paper (TRADING_MODE), so no real money is traded."
            " Only the operator can change that, on the server."
        ),
    ),
    (
        r.MayNotTrade("dry_run", "dry_run"),
        "This account is a dry run: no order is sent. /accounts shows what that means.",
    ),
    *((r.MayNotTrade(barrier, "live"), _BARRIERS[barrier]) for barrier in Barrier),
    (
        r.PrivateOnly("make an account more real"),
        "To make an account more real, write to me in a private chat: here others read along.",
    ),
    (
        r.NoRungAbove("broker_paper"),
        (
            "This account is play money and stays that. A real account is connected by the operator"
            " on the server (evenkeel connect) and starts as a dry run."
        ),
    ),
    (r.NoRungAbove("live"), "This account is on the last rung already: LIVE."),
    (
        r.NoRungAbove("dry_run"),
        "That is not the next step for this account. /accounts shows where it stands.",
    ),
    (
        r.DryRunFirst(0, 1),
        (
            "First 1 plan must be approved and carried out as a dry run (0 so far), so that you have"
            " seen what would be sent. /rebalance makes one."
        ),
    ),
    (
        r.WrongDigits(2),
        (
            "That is not the end of the account number at the broker. Nothing was changed;"
            " 2 tries are left."
        ),
    ),
    (
        r.WrongDigits(0),
        (
            "That is not the end of the account number at the broker. Nothing was changed, and I"
            " have stopped asking. /accounts starts again."
        ),
    ),
    (
        r.ClimbOver(),
        "The time for confirming is over (5 minutes). Nothing was changed. See /accounts",
    ),
    (
        r.PortfolioPaused("Family"),
        "Family is paused, so nothing is sent. /resume starts it again.",
    ),
    (
        r.AccountHeld(("keys_refused", "restricted")),
        (
            "Nothing is planned or sent for this account: the account cannot be used from here and the"
            " broker has restricted the account. /status shows what to do."
        ),
    ),
    (
        r.ForeignOrder(("BND", "VTI")),
        (
            "At the broker an order for BND and VTI is open that I did not send, so nothing is"
            " planned for it. Once it is filled, or cancelled in the broker's app: /rebalance"
        ),
    ),
    (
        r.OtherAccountNow("PA0001234", "PA0009876"),
        (
            "The broker's keys open the account …9876 by now, and not …1234, so nothing was changed."
            " Look at it again: /status"
        ),
    ),
    (
        r.OtherAccountNow("", "PA0009876"),
        (
            "The broker's keys open the account …9876, which you were not shown before, so nothing was"
            " changed. If it is the right one, accept it: /status"
        ),
    ),
    (
        r.AccountInUse("alpaca"),
        (
            "The Alpaca account belongs to another portfolio already, and can only belong to one."
            " For a portfolio kept by hand: /new Name by hand"
        ),
    ),
    (
        r.StillAtWork(42),
        (
            "Proposal 42 is being worked on right now, so nothing was changed."
            " Look at it again in a minute: /proposals"
        ),
    ),
    (
        r.NothingInDoubt(42),
        (
            "That order of proposal 42 is not in doubt any more, so nothing was changed."
            " /orders shows what became of it."
        ),
    ),
    (
        r.ClaimContradicted("VTI", is_there=True),
        "The broker has the VTI order after all, so its answer was taken over.",
    ),
    (
        r.ClaimBelied("VTI", Decimal(11), is_sale=True),
        (
            "The broker does not find the order, but the account holds 11 VTI fewer than it would"
            " without it: it seems to have been carried out. Nothing was changed."
        ),
    ),
    (
        r.ClaimBelied("BND", Decimal("4.5"), is_sale=False),
        (
            "The broker does not find the order, but the account holds 4.5 BND more than it would"
            " without it: it seems to have been carried out. Nothing was changed."
        ),
    ),
    (
        r.ClaimContradicted("VTI", is_there=False),
        (
            "The broker says that it does not have the VTI order, so nothing was changed."
            " If its app shows the order, check again in a minute."
        ),
    ),
    (
        r.RiskLimit(
            "money in one order",
            Decimal("512.30"),
            Decimal(500),
            leg="2. buy BND",
            setting="LIVE_CAP_ORDER",
        ),
        (
            "This is beyond a safety limit: money in one order would be 512.3, and at most 500"
            " is allowed (order 2. buy BND). The limit (the setting LIVE_CAP_ORDER) cannot be raised in chat."
        ),
    ),
    (
        r.RiskLimit("turnover in percent", Decimal("61.24"), Decimal(50)),
        (
            "This is beyond a safety limit: turnover in percent would be 61.24, and at most 50 is allowed."
            " The limit cannot be raised in chat."
        ),
    ),
    (
        r.IllegalMove("order", "filled", "void"),
        (
            "This order cannot go from filled to void."
            " Somebody may have been quicker: look at it again."
        ),
    ),
    (
        r.PlanFailed(),
        "The plan could not be calculated. Nothing was traded; the bot's log says why.",
    ),
    (r.NotBuiltYet("tax"), "Tax is not built yet."),
    *CHANGE_SENTENCES,
    *CHANNEL_SENTENCES,
    *KEY_SENTENCES,
    *RULE_SENTENCES,
]


@pytest.mark.parametrize(("refusal", "sentence"), SENTENCES, ids=lambda case: type(case).__name__)
def test_each_refusal_says_what_was_wrong_and_what_to_do(refusal: r.Refusal, sentence: str) -> None:
    assert refusal_sentence(refusal) == sentence


def test_no_refusal_is_without_a_sentence() -> None:
    known = {
        member
        for member in vars(r).values()
        if inspect.isclass(member) and issubclass(member, r.Refusal) and member is not r.Refusal
    }
    assert {type(refusal) for refusal, _ in SENTENCES} == known
    assert known <= set(refusal_sentence.registry)


def test_an_unforeseen_refusal_still_gets_a_sentence() -> None:
    class Unforeseen(r.Refusal):
        pass

    assert refusal_sentence(Unforeseen()) == "That is not possible (Unforeseen)."


@pytest.mark.parametrize("refusal", [refusal for refusal, _ in SENTENCES])
def test_a_refusal_names_itself_and_its_data_in_logs(refusal: r.Refusal) -> None:
    assert str(refusal).startswith(type(refusal).__name__ + "(")


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (GONE, "BND has no price"),
        (PriceFault(VTI, PriceFaultKind.NOT_A_NUMBER), "VTI came without a number for its price"),
        (
            PriceFault(VTI, PriceFaultKind.NOT_POSITIVE, Decimal(0)),
            "VTI has the price 0.00, which cannot be",
        ),
        (STALE, "VTI has a price that is too old (2 h)"),
        (
            PriceFault(VTI, PriceFaultKind.JUMP, Decimal(60), 1, Decimal(130)),
            "VTI went from 130.00 to 60.00, too far to believe unseen",
        ),
        (
            PriceFault(VTI, PriceFaultKind.JUMP, Decimal(33), 1, Decimal(130), "4:1"),
            (
                "VTI went from 130.00 to 33.00, which looks like a split (4 for 1)"
                " that the holdings do not show yet"
            ),
        ),
        (
            PriceFault(
                VTI,
                PriceFaultKind.DISAGREE,
                Decimal("60.004"),
                1,
                Decimal(65),
                "yahoo",
                source="alpaca",
            ),
            "VTI costs 60.00 at Alpaca, but 65.00 at Yahoo (7.7% apart)",
        ),
        (
            PriceFault(VTI, PriceFaultKind.DISAGREE, Decimal("0.5004"), 1, None, "other"),
            "VTI costs 0.5004 at the first source, but ? at other",
        ),
        (
            PriceFault(VTI, PriceFaultKind.CURRENCY, Decimal(60), 1, detail="CAD"),
            "VTI is priced in another currency (CAD)",
        ),
        (
            PriceFault(VTI, PriceFaultKind.SOURCE, detail="delisted"),
            "VTI got no price from the source (delisted)",
        ),
    ],
)
def test_each_price_fault_is_named(fault: PriceFault, sentence: str) -> None:
    said = refusal_sentence(r.PricesRefused((fault,)))
    assert said == f"No plan without good prices: {sentence}. Try again later."


def test_every_kind_of_price_fault_has_words() -> None:
    for kind in PriceFaultKind:
        said = refusal_sentence(r.PricesRefused((PriceFault(VTI, kind),)))
        assert said.startswith("No plan without good prices: VTI ")
