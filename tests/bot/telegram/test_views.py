"""Status, targets, policy, people, history and notices, as people read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.html_entities import parse_html
from bot.telegram.html import CAPTION_LIMIT, TEXT_LIMIT, plain, shown_length, split_html
from bot.telegram.screen import Action, Screen
from bot.telegram.views import notices
from bot.telegram.views.help import help_screen
from bot.telegram.views.history import history_screen
from bot.telegram.views.members import members_screen
from bot.telegram.views.orders import orders_screen
from bot.telegram.views.parts import aligned, capped, choose_lines
from bot.telegram.views.policy import policy_changed_screen, policy_screen
from bot.telegram.views.status import status_screen
from bot.telegram.views.targets import targets_preview_screen, targets_screen
from core.application.choose_portfolio import Current
from core.application.list_proposals import History
from core.application.see_family import Family
from core.application.set_targets import TargetsPreview
from core.application.show_proposal import outcome_document
from core.application.show_status import Status
from core.domain.drift import OutsideLine
from core.domain.ids import CheckId, HouseholdId, PortfolioId, ProposalId, Symbol
from core.domain.invitation import Invitation, Joining, Offer
from core.domain.membership import Household, Membership, Role
from core.domain.order import OrderState
from core.domain.policy import Band, Policy
from core.domain.portfolio import Rung
from core.domain.proposal import DecisionKind, ProposalState
from core.domain.quote import PriceFault, PriceFaultKind
from core.domain.refusals import BrokerDown, EmptyAccount, NoTargets, PricesRefused, Refusal
from core.domain.session import DueCheck
from core.domain.targets import TargetAllocation, TargetLine
from core.ports.store import Change, CheckRecord
from tests.bot.telegram.scenes import (
    HOLDINGS,
    NOW,
    PRICED,
    TARGETS,
    decision,
    filled_orders,
    managed,
    many_lines,
    member,
    order,
    view,
)

D = Decimal
PLAN = view().proposal.revision.plan
ONE = PortfolioId(1)


def current(role: Role = Role.OWNER, **where: object) -> Current:
    return Current(managed(**where), role)  # type: ignore[arg-type]


def labels(screen: Screen) -> list[str]:
    return [button.label for row in screen.rows for button in row]


def actions(screen: Screen) -> list[Action]:
    return [b.action for row in screen.rows for b in row if b.action is not None]


def require_sendable(screen: Screen) -> None:
    assert parse_html(screen.text).text == plain(screen.text)
    assert 0 < shown_length(screen.text) <= TEXT_LIMIT


def status(**changes: object) -> Status:
    at_rest = Status(
        managed=managed(),
        role=Role.OWNER,
        holdings=HOLDINGS,
        drift=PLAN.before,
        refusal=None,
        prices_at=PRICED,
        source="yahoo",
        market_now=NOW,
        is_open=True,
        next_check_at=NOW + timedelta(days=1),
        last_check=None,
        open_proposals=(),
    )
    return replace(at_rest, **changes)  # type: ignore[arg-type]


# --- status --------------------------------------------------------------------------------------


def test_status_is_a_picture_with_a_whole_caption() -> None:
    screen = status_screen(status(open_proposals=(view().proposal,)))
    assert screen.photo is not None
    assert screen.photo.startswith(b"\x89PNG")
    assert plain(screen.text) == (
        "Family · SIMULATED\n"
        "\n"
        "      now target drift\n"
        "VTI  66.6   60.0 +6.6▲\n"
        "BND  28.0   35.0 −7.0▼\n"
        "CASH  5.4    5.0 +0.4\n"
        "▲▼ beyond the band\n"
        "\n"
        "Value $48,296.79 · cash $2,625.99\n"
        "Drift 7.0: BND and VTI are beyond their bands\n"
        "\n"
        "Prices 10:02 ET (3 min old), from Yahoo\n"
        "The exchange is open. Next check Wed 10:05 ET.\n"
        "Proposal 42: open, to Thu 16:00 ET"
    )
    assert actions(screen)[0] == Action("show", (42,))
    assert shown_length(screen.text) <= CAPTION_LIMIT


def test_status_says_that_money_held_back_for_orders_is_not_in_its_value() -> None:
    at_work = status(open_proposals=(view(ProposalState.EXECUTING).proposal,))
    words = "Proposal 42: being carried out; what its orders still hold back is not counted above"
    assert words in plain(status_screen(at_work).text)


def test_status_gives_an_approved_proposal_no_date_until_which_it_would_be_open() -> None:
    approved = status(open_proposals=(view(ProposalState.APPROVED).proposal,))
    assert plain(status_screen(approved).text).endswith("Proposal 42: approved")


def test_status_for_screen_readers() -> None:
    text = status_screen(status(), layout="list").text
    assert "<pre>" not in text
    assert "VTI: 66.6 percent, target 60.0, 6.6 over, beyond its band of 5." in text


@pytest.mark.parametrize("number", [12, 20, 49])
@pytest.mark.parametrize("layout", ["table", "list"])
def test_status_of_many_lines_fits(number: int, layout: str) -> None:
    where, shot = many_lines(number)
    drift = view(where=where, shot=shot).proposal.revision.plan.before
    screen = status_screen(status(managed=where, drift=drift), layout=layout)
    require_sendable(screen)
    assert "Drift" in screen.text
    assert "Value" in screen.text


def test_status_names_positions_that_are_not_counted() -> None:
    outside = (
        OutsideLine(Symbol("TSLA"), D(3), D(200), D(600)),
        OutsideLine(Symbol("OLD"), D(1), None, None),
    )
    screen = status_screen(status(drift=replace(PLAN.before, outside=outside)))
    assert "Not counted (no target): TSLA 3 ($600.00), OLD 1" in plain(screen.text)


def test_status_when_closed_and_paused() -> None:
    paused = managed(is_paused=True)
    screen = status_screen(status(is_open=False, managed=paused, next_check_at=None))
    assert "The exchange is closed." in screen.text
    assert "Paused: nothing is sent" in screen.text
    assert Action("resume", (1,)) in actions(screen)
    viewer = status_screen(status(managed=paused, role=Role.VIEWER))
    assert [action.verb for action in actions(viewer)] == ["status"]


def test_status_says_what_the_last_check_came_to() -> None:
    due = DueCheck(CheckId(1), ONE, NOW.date(), "11:00", datetime(2026, 3, 9, 15, tzinfo=UTC))
    record = CheckRecord(due, "on_target", "{}", NOW)
    assert (
        "Last check Mon 9 Mar 11:00 ET: on target" in status_screen(status(last_check=record)).text
    )


def test_status_without_targets_says_how_to_set_them() -> None:
    screen = status_screen(status(managed=managed(None), drift=None, refusal=NoTargets()))
    assert "No targets yet" in screen.text
    assert "/targets VTI 60 BND 40" in screen.text
    assert actions(screen) == [Action("setup", (1,))]
    assert screen.photo is None


def test_status_of_an_empty_account_says_how_to_deposit() -> None:
    screen = status_screen(status(drift=None, refusal=EmptyAccount()))
    assert "/deposit 10000" in screen.text
    assert labels(screen) == ["Deposit $1,000", "Deposit $10,000"]
    assert actions(screen)[0] == Action("deposit", (1_000, 1))
    viewer = status_screen(status(drift=None, refusal=EmptyAccount(), role=Role.VIEWER))
    assert [action.verb for action in actions(viewer)] == ["status"]
    real = status(drift=None, refusal=EmptyAccount(), managed=managed(rung=Rung.LIVE))
    assert "/deposit" not in status_screen(real).text
    assert "Money that comes to the broker is seen by the next check." in status_screen(real).text


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (
            PricesRefused(
                (
                    PriceFault(Symbol("VTI"), PriceFaultKind.STALE, D(280), 7_200),
                    PriceFault(Symbol("BND"), PriceFaultKind.MISSING),
                )
            ),
            ["VTI", "2 h", "BND"],
        ),
        (BrokerDown("simulated", "<no answer>"), ["broker"]),
    ],
)
def test_status_without_prices_says_which_and_why(refusal: Refusal, words: list[str]) -> None:
    screen = status_screen(status(drift=None, refusal=refusal))
    text = plain(screen.text)
    assert all(word in text for word in words)
    assert "Cash $2,625.99" in text
    require_sendable(screen)


# --- targets and policy ----------------------------------------------------------------------------


def test_targets_with_bands_and_substitutes() -> None:
    lines = (
        TargetLine(Symbol("VTI"), D(60), substitutes=(Symbol("ITOT"),)),
        TargetLine(Symbol("BND"), D(40)),
    )
    policy = Policy(band=Band(None, None), bands={Symbol("VTI"): Band(D(3), None)})
    text = plain(
        targets_screen(Current(managed(TargetAllocation(lines), policy=policy), Role.OWNER)).text
    )
    assert "VTI     60   ±3" in text
    assert "BND     40  off" in text
    assert "VTI may be replaced by ITOT" in text


def test_only_an_owner_is_shown_how_to_change_targets_and_policy() -> None:
    assert actions(targets_screen(current())) == [Action("setup", (1,))]
    viewer = targets_screen(current(Role.APPROVER))
    assert viewer.rows == ()
    assert "Only an owner" in viewer.text
    assert "Only an owner" in policy_screen(current(Role.VIEWER)).text


def test_no_targets_yet() -> None:
    assert "There are no targets yet." in targets_screen(Current(managed(None), Role.OWNER)).text


def test_a_preview_says_that_nothing_is_set_yet_and_what_would_trade() -> None:
    preview = TargetsPreview(None, TARGETS, PLAN, None)
    screen = targets_preview_screen(preview, portfolio_id=ONE, token="0123456789")
    text = plain(screen.text)
    assert "not set yet" in text
    assert "A check would now propose 2 trades:" in text
    assert "1. Sell 11 VTI ≈ $3,158.54" in text
    assert actions(screen) == [
        Action("tg_use", (1, "0123456789")),
        Action("tg_cancel", (1, "0123456789")),
    ]


def test_a_preview_puts_old_beside_new() -> None:
    after = TargetAllocation.of({"VTI": 50, "VXUS": 15, "CASH": 35})
    preview = TargetsPreview(TARGETS, after, None, EmptyAccount())
    text = plain(targets_preview_screen(preview, portfolio_id=ONE, token="x").text)
    assert "     before new change" in text
    assert "VTI      60  50  −10.0" in text
    assert "VXUS      0  15  +15.0" in text
    assert "BND      35   0  −35.0" in text
    assert "cannot be shown now" in text


def test_a_changed_policy_says_only_what_is_different() -> None:
    before, after = Policy(), Policy(cool_down=9)
    text = plain(policy_changed_screen(before, Current(managed(policy=after), Role.OWNER), ()).text)
    assert "cooldown 9 sessions" in text
    assert "(it was 5)" in text
    assert "reserve" not in text
    same = policy_changed_screen(after, Current(managed(policy=after), Role.OWNER), ())
    assert "Nothing is different" in same.text


def test_policy_puts_what_was_changed_first() -> None:
    policy = Policy(cool_down=9, bands={Symbol("VTI"): Band(D(3), None)})
    text = plain(policy_screen(Current(managed(policy=policy), Role.OWNER)).text)
    assert text.index("cooldown 9 sessions") < text.index("As by default") < text.index("band 5")
    assert "VTI: 3 points, off" in text
    assert "min 25 USD" in text


def test_status_counts_the_money_that_open_purchases_hold_back() -> None:
    at_work = status(
        open_proposals=(view(ProposalState.EXECUTING).proposal,),
        holdings=replace(HOLDINGS, cash=D("2000.00"), bound=D("625.99")),
    )
    text = plain(status_screen(at_work).text)
    assert "cash $2,625.99, of it $625.99 in open purchases" in text
    assert "Proposal 42: being carried out" in text
    assert "not counted" not in text


# --- people, history, orders -----------------------------------------------------------------------

OLDER = Action("older", (1, 5))
ANNA, BEN = member(), member(2, "Ben")
FAMILY = (Membership(ONE, ANNA, Role.OWNER), Membership(ONE, BEN, Role.VIEWER))


INVITATION = Invitation(
    "ab" * 32, HouseholdId(1), ONE, Role.PROPOSER, ANNA.id, NOW + timedelta(days=1), uses=3, used=1
)


def family(*memberships: Membership) -> Family:
    return Family(Household(HouseholdId(1), "Home"), memberships)


def test_members_and_what_roles_may_do() -> None:
    screen = members_screen(current(), family(*FAMILY))
    text = plain(screen.text)
    assert "Anna: owner · 1001" in text
    assert "approver: may also approve and reject proposals" in text
    assert Action("role", (1, 1002)) in actions(screen)
    assert Action("remove", (1, 1002)) in actions(screen)
    assert members_screen(current(Role.VIEWER), family(*FAMILY)).rows == ()


def test_owners_see_open_invitations_and_who_came_by_them() -> None:
    joined = Joining(INVITATION.mark, BEN, Role.PROPOSER, None, NOW)
    open_ = replace(family(*FAMILY), invitations=(INVITATION,), joined=(joined,))
    screen = members_screen(current(), open_)
    text = plain(screen.text)
    assert "proposer: open to 2 people until" in text
    assert "from Anna; joined: Ben" in text
    assert "Ben: viewer · 1002 · by a link, " in text
    assert "Private: of the household Home, only those above see it." in text
    assert Action("uninvite", (1, "abababab")) in actions(screen)
    assert Action("own_give", (1,)) in actions(screen)
    assert Action("share", (1, 1)) in actions(screen)


def test_an_offer_of_ownership_is_shown_and_can_be_taken_back() -> None:
    offered = replace(family(*FAMILY), offer=Offer(ONE, ANNA.id, BEN.id, NOW))
    screen = members_screen(current(), offered)
    assert "Offered to Ben" in plain(screen.text)
    assert Action("own_back", (1,)) in actions(screen)
    assert Action("own_give", (1,)) not in actions(screen)


def test_who_cannot_be_reached_is_marked() -> None:
    lost = replace(BEN, is_reachable=False)
    screen = members_screen(current(), family(Membership(ONE, lost, Role.APPROVER)))
    assert "messages do not reach them" in screen.text


def test_history_says_who_decided_what_when() -> None:
    done = view(ProposalState.DONE, decisions=(decision(ANNA), decision(BEN, DecisionKind.LATER)))
    change = Change(NOW, "Anna", "targets", "VTI 60 BND 40")
    screen = history_screen(current(), History((done.proposal,), (change,)))
    text = plain(screen.text)
    assert "42 done · Tue 10 Mar 10:05 ET (scheduled check, drift 7.0)" in text
    assert "sell 11 VTI and buy 46 BND" in text
    assert "Anna approved 42, Tue 10 Mar 10:05 ET" in text
    assert "Anna set the targets to VTI 60 BND 40" in text
    assert actions(screen) == [Action("audit", (42,))]
    assert "Nothing happened yet" in history_screen(current(), History((), ())).text


def test_history_says_that_a_plan_sold_and_when_it_buys() -> None:
    partial = view(ProposalState.PARTIAL, decisions=(decision(ANNA),)).proposal
    sold = replace(partial, outcome=outcome_document(None, date(2026, 3, 11)))
    text = plain(history_screen(current(), History((sold,), ())).text)
    assert "42 sold, buys planned for 11 Mar 2026 · Tue 10 Mar 10:05 ET" in text


def test_a_history_has_six_buttons_and_the_last_leads_to_what_is_older() -> None:
    proposals = tuple(replace(view().proposal, id=ProposalId(n)) for n in (9, 8, 7, 6, 5))
    screen = history_screen(current(), History(proposals, (), has_older=True))
    assert actions(screen) == [*(Action("audit", (n,)) for n in (9, 8, 7, 6, 5)), OLDER]
    assert Action("older", (1, 5)) == OLDER
    assert OLDER not in actions(history_screen(current(), History(proposals, ())))


def test_a_long_history_says_what_is_left_out() -> None:
    where, shot = many_lines(49)
    proposals = tuple(
        replace(
            view(where=where, shot=shot).proposal,
            decisions=tuple(decision(ANNA, DecisionKind.LATER) for _ in range(8)),
        )
        for _ in range(10)
    )
    screen = history_screen(current(), History(proposals, ()))
    require_sendable(screen)
    assert "more proposals" in screen.text
    assert "more trades" in screen.text


def test_orders_with_fills_and_refusals() -> None:
    trades = PLAN.trades
    orders = (
        order(1, trades[0]),
        order(2, trades[1], filled=D(30), state=OrderState.CANCELLED),
        order(2, trades[1], filled=D(0), state=OrderState.REJECTED, detail="<halted>"),
        order(2, trades[1], filled=D(23), state=OrderState.PARTIALLY_FILLED),
    )
    text = plain(orders_screen(current(), orders).text)
    assert "Proposal 42: Sell 11 VTI: filled at $287.14, Tue 10 Mar 10:05 ET" in text
    assert (
        "Buy 46 BND: 30 of 46 filled at $73.43, Tue 10 Mar 10:05 ET; the rest cancelled unfilled"
        in text
    )
    assert "23 of 46 filled at $73.43, Tue 10 Mar 10:05 ET; the rest still at the broker" in text
    assert "refused by the broker (<halted>)" in text
    assert "No order was made yet." in orders_screen(current(), ()).text


def test_long_lists_can_be_split() -> None:
    orders = filled_orders(view()) * 100
    parts = split_html(orders_screen(current(), orders).text)
    assert len(parts) > 1
    assert all(parse_html(part) for part in parts)


# --- notices ---------------------------------------------------------------------------------------


def test_a_refused_check_names_the_symbols_and_says_that_nothing_was_traded() -> None:
    symbols = tuple(f"SYM{number}" for number in range(12))
    text = plain(notices.check_refused(managed(), "PricesRefused", symbols).text)
    assert "some prices are missing, too old, or not believable" in text
    assert "SYM9 and 2 more" in text
    assert "Nothing was traded." in text
    assert (
        "something that a plan needs is missing" in notices.check_refused(managed(), "New", ()).text
    )


def test_a_refused_check_says_what_helps_where_trying_again_does_not() -> None:
    ends = {
        "PricesRefused": "The next check tries again; /status shows what is known now.",
        "HoldingsOld": "Checks go on once somebody has said what it holds.",
        "CannotRaise": "It goes on once less is to be taken out: /status shows what waits.",
    }
    for code, words in ends.items():
        text = plain(notices.check_refused(managed(), code, ()).text)
        assert text.endswith(f"Nothing was traded. {words}")


def test_a_check_whose_prices_are_refused_says_which_and_when_it_is_tried_again() -> None:
    apart = PriceFault(
        Symbol("QUAL"),
        PriceFaultKind.DISAGREE,
        Decimal(98),
        1,
        Decimal(104),
        "yahoo",
        source="alpaca",
    )
    missing = PriceFault(Symbol("X<Y"), PriceFaultKind.MISSING)
    again = datetime(2026, 3, 10, 15, 10, tzinfo=UTC)

    def said(*faults: PriceFault, more: tuple[str, ...] = ()) -> str:
        symbols = (*(fault.symbol for fault in faults), *more)
        return plain(notices.check_refused(managed(), "PricesRefused", symbols, faults, again).text)

    assert said(apart) == (
        "Family · check · SIMULATED\n\n"
        "⚠ The scheduled check made no plan: two sources of prices do not agree.\n\n"
        "QUAL costs 98.00 at Alpaca, but 104.00 at Yahoo (5.8% apart).\n\n"
        "Nothing was traded. Trying again Tue 10 Mar 11:10 ET, and on until the exchange closes; for the same"
        " reason you are not told again that day. /status shows what is known now."
    )
    usual = "some prices are missing, too old, or not believable"
    assert f"{usual} (OTHER)" in said(apart, more=("OTHER",))
    assert f"{usual}.\n" in said(apart, missing)
    assert "X<Y has no price." in said(apart, missing)


def test_small_notices() -> None:
    joined = plain(notices.member_joined(managed(), "Ben", Role.PROPOSER, 1002, "01234567").text)
    assert "Ben has joined as proposer: may look and ask for a plan." in joined
    crashed = notices.kept_crashing(managed())
    require_sendable(crashed)
    assert "Nothing is sent until you resume." in plain(crashed.text)


def test_the_notice_of_a_lock_says_what_to_do() -> None:
    until = datetime.fromisoformat("2020-03-12T20:00:00+00:00")
    screen = notices.codes_locked(managed(), "Anna", until)
    require_sendable(screen)
    text = plain(screen.text)
    assert "Anna: five wrong one-time codes" in text
    assert "until Thu 12 Mar 16:00 ET" in text
    assert [button.label for row in screen.rows for button in row] == ["⏸ Pause", "👪 Members"]
    assert "A member: five" in plain(notices.codes_locked(managed(), "", until).text)


def test_help_shows_examples_that_can_be_typed() -> None:
    screen = help_screen()
    require_sendable(screen)
    for example in ("/status", "/targets VTI 60 BND 40", "/deposit 500", "/settings layout list"):
        assert example in plain(screen.text)


# --- parts -----------------------------------------------------------------------------------------


def test_tables_align_at_the_right() -> None:
    assert aligned(("", "n"), [("AB", "1"), ("C", "22")]) == ["    n", "AB  1", "C  22"]


def test_long_tables_keep_what_matters() -> None:
    where, shot = many_lines(49)
    every = view(where=where, shot=shot).proposal.revision.plan.before.lines
    shown, hidden = choose_lines(every, (), 10)
    assert len(shown) == 10
    assert len(shown) + hidden == len(every)
    assert [line for line in every if line in shown] == list(shown)
    assert choose_lines(every[:5], (), 10) == (every[:5], 0)


def test_what_is_cut_is_counted() -> None:
    assert capped(["aaaa", "bbbb", "cccc"], 100, "more") == "aaaa\nbbbb\ncccc"
    assert capped(["aaaa", "bbbb", "cccc"], 13, "more") == "… and 3 more"
    assert capped(["a" * 20] * 3, 45, "more") == f"{'a' * 20}\n… and 2 more"


names = st.text(st.characters(blacklist_categories=()), max_size=200) | st.sampled_from(
    ["<b>", "</pre>", "&", "\u202ex", "a\nb", "'; DROP", "../../x", "=cmd()"]
)


@pytest.mark.fault(56)
@settings(max_examples=40)
@given(names, names)
def test_any_name_gives_valid_markup_everywhere(portfolio: str, person: str) -> None:
    someone = member(7, person)
    here = current(name=portfolio)
    proposal = view(ProposalState.DONE, decisions=(decision(someone),)).proposal
    change = Change(NOW, person, "policy", person)
    outside = status(
        managed=managed(name=portfolio), drift=None, refusal=BrokerDown(person, person)
    )
    for screen in (
        members_screen(here, family(Membership(ONE, someone, Role.OWNER))),
        history_screen(here, History((proposal,), (change,))),
        orders_screen(here, (order(1, PLAN.trades[0], filled=D(0), detail=person),)),
        targets_screen(here),
        policy_screen(here),
        status_screen(outside),
        notices.member_joined(here.portfolio, person, Role.VIEWER, 7, "01234567"),
        notices.ownership_offered(here.portfolio, person, NOW),
        notices.handed_over(here.portfolio, person, person),
        notices.check_refused(here.portfolio, "X", (person,)),
    ):
        require_sendable(screen)
        assert "\u202e" not in screen.text
        assert all(label.strip() for label in labels(screen))
