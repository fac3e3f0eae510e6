"""What people read about held accounts and about what others did at the broker."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.telegram.buttons import VERBS
from bot.telegram.html import plain
from bot.telegram.screen import Screen
from bot.telegram.views.standing import (
    changes_notice,
    foreign_notice,
    held_line,
    held_notice,
    hold_over_notice,
)
from bot.telegram.views.status import status_screen
from bot.words.holds import HOLD_REASONS, hint
from core.domain.access_fault import AccessFault
from core.domain.hold import MORE, UNKNOWN, Hold, HoldReason, strange
from core.domain.ids import AccountId, ClientOrderId, Symbol
from core.domain.look import ChangeKind, HeldChange
from core.domain.membership import Role
from core.domain.policy import Outside, Policy
from core.domain.refusals import BrokerDown
from tests.bot.telegram.scenes import NOW, managed
from tests.bot.telegram.test_views import status
from tests.bot.telegram.test_views_proposal import actions, require_sendable

R = HoldReason
K = ChangeKind
IDS = [ClientOrderId("rb-abcd1234-42-1-1"), ClientOrderId("rb-abcd1234-43-2-1")]


def hold(reason: HoldReason, detail: str = "") -> Hold:
    return Hold(AccountId(1), reason, detail, NOW)


def labels(screen: Screen) -> list[str]:
    return [button.label for row in screen.rows for button in row]


HOLDS = [
    hold(R.ACCOUNT_REPLACED, "PA0009876"),
    hold(R.ACCOUNT_REPLACED, "A1"),
    hold(R.ACCOUNT_REPLACED, ""),
    *(hold(R.KEYS_REFUSED, fault.value) for fault in AccessFault),
    hold(R.KEYS_REFUSED, "unheard of"),
    hold(R.RESTRICTED),
    hold(R.STRANGE_FILL, strange(MORE, IDS[:1])),
    hold(R.STRANGE_FILL, strange(UNKNOWN, IDS)),
    hold(R.STRANGE_FILL, strange(UNKNOWN, [ClientOrderId(f"rb-x-{n}-1-1") for n in range(500)])),
]


@pytest.mark.parametrize("one", HOLDS, ids=lambda one: f"{one.reason} {one.detail[:12]}")
def test_every_hold_says_what_is_certain_where_the_money_is_and_what_ends_it(one: Hold) -> None:
    notice = held_notice(managed().parts[0], [one])
    require_sendable(notice)
    text = plain(notice.text)
    assert f"Nothing is planned or sent for this account: {HOLD_REASONS[one.reason]}." in text
    assert "oney" in text
    assert "It goes on" in text
    assert "🔎 Check again" in labels(notice)
    assert all(action.verb in VERBS for action in actions(notice))


def test_every_reason_is_worded() -> None:
    assert set(HOLD_REASONS) == set(R) == {one.reason for one in HOLDS}


@pytest.mark.fault(32)
def test_another_account_can_be_accepted_by_its_last_four_characters() -> None:
    notice = held_notice(managed().parts[0], [HOLDS[0]])
    assert "The keys open the account …9876; this portfolio is about …A1." in notice.text
    assert "PA0009876" not in notice.text
    assert "Use …9876 from now on" in labels(notice)
    assert labels(held_notice(managed().parts[0], [HOLDS[2]])) == ["🔎 Check again", "📊 Status"]


@pytest.mark.fault(30)
def test_refused_keys_say_what_the_operator_does() -> None:
    notice = held_notice(managed().parts[0], [hold(R.KEYS_REFUSED, "refused")])
    assert "evenkeel connect" in notice.text
    assert "It goes on by itself" in notice.text


@pytest.mark.fault(28, 62)
def test_trades_that_cannot_be_explained_name_their_orders() -> None:
    notice = held_notice(managed().parts[0], [hold(R.STRANGE_FILL, strange(UNKNOWN, IDS))])
    assert "rb-abcd1234-42-1-1 and rb-abcd1234-43-2-1" in notice.text
    assert "after a restore" in notice.text
    assert "I have looked: go on" in labels(notice)
    more = held_notice(managed().parts[0], [hold(R.STRANGE_FILL, strange(MORE, IDS[:1]))])
    assert "More was carried out than was ordered: rb-abcd1234-42-1-1" in more.text


def test_all_holds_of_an_account_stand_in_one_notice() -> None:
    notice = held_notice(managed().parts[0], [HOLDS[0], HOLDS[-2]])
    require_sendable(notice)
    assert {"Use …9876 from now on", "I have looked: go on"} < set(labels(notice))


@pytest.mark.parametrize("reason", [*R, None])
@pytest.mark.parametrize("left", [[], [hold(R.RESTRICTED)]])
def test_what_is_over_says_whether_it_goes_on(reason: HoldReason | None, left: list[Hold]) -> None:
    notice = hold_over_notice(managed().parts[0], reason, left)
    require_sendable(notice)
    assert ("go on" in notice.text) == (not left)


def test_the_status_of_a_held_account_says_so_and_has_the_owner_s_buttons() -> None:
    held = status(holds=(HOLDS[0],))
    screen = status_screen(held)
    assert "⛔ Nothing is sent" in screen.text
    assert {"Use …9876 from now on", "🔎 Check again"} < set(labels(screen))
    viewer = status_screen(replace(held, role=Role.VIEWER))
    assert "🔎 Check again" not in labels(viewer)
    unread = replace(held, drift=None, holdings=None, refusal=BrokerDown("alpaca", "401"))
    assert "⛔ Nothing is sent" in status_screen(unread).text
    assert "⛔" not in status_screen(status()).text


def change(
    kind: ChangeKind, symbol: str, before: int, after: int, was: str | None = None
) -> HeldChange:
    old = None if was is None else Symbol(was)
    return HeldChange(kind, Symbol(symbol), Decimal(before), Decimal(after), old)


@pytest.mark.fault(10)
def test_a_trade_by_somebody_reads_as_it_was_designed() -> None:
    notice = changes_notice(managed().parts[0], [change(K.TRADED, "VTI", 112, 100)], 0, ["42"])
    require_sendable(notice)
    top, what, who, then = plain(notice.text).split("\n\n")
    assert top == "Family · at the broker · SIMULATED"
    assert what == "Somebody traded at the broker\nVTI 112 → 100"
    assert who.startswith("The numbers are the broker's own. Who did it cannot be known from here")
    assert then.splitlines() == [
        "Targets are checked with what is there now.",
        "Proposal 42 was made from the holdings of before and has ended; nothing of it was sent.",
    ]
    assert labels(notice) == ["📊 Status", "⚖️ Check now"]


@pytest.mark.fault(37, 38, 39)
def test_splits_names_and_what_is_new_are_called_so() -> None:
    kinds = [
        change(K.SPLIT, "VTI", 112, 1120),
        change(K.RENAMED, "META", 30, 30, "FB"),
        change(K.APPEARED, "NEWCO", 0, 20),
    ]
    notice = changes_notice(managed().parts[0], kinds, 3, ["42", "43"])
    require_sendable(notice)
    assert "VTI 112 → 1,120: looks like a split" in notice.text
    assert "FB is called META now: the same 30. Targets follow it" in notice.text
    assert "NEWCO 0 → 20: new, outside of your targets, and left alone" in notice.text
    assert "… and 3 more changes" in notice.text
    assert "Proposals 42 and 43" in notice.text
    assert "A split at the broker" in changes_notice(managed().parts[0], kinds[:1], 0, []).text
    assert "A new name at the broker" in changes_notice(managed().parts[0], kinds[1:2], 0, []).text
    for at_broker, is_asked in ((kinds, True), (kinds[:2], False)):
        told = changes_notice(managed().parts[0], at_broker, 0, []).text
        assert ("Who did it" in told) is is_asked
    sells = managed(policy=Policy(outside=Outside.SELL))
    assert (
        "your policy sells what has none" in changes_notice(sells.parts[0], kinds[2:], 0, []).text
    )


@pytest.mark.fault(29)
def test_somebody_else_s_open_order_says_until_when_nothing_is_planned() -> None:
    notice = foreign_notice(managed().parts[0], ["BND", "VTI"])
    require_sendable(notice)
    assert "an order for BND and VTI is open that I did not send" in notice.text
    assert "cancelled in the broker's app" in notice.text


def test_many_and_hostile_names_still_make_a_message() -> None:
    changes = [change(K.TRADED, f"<b>{n}", 10**9, n) for n in range(20)]
    require_sendable(changes_notice(managed().parts[0], changes, 480, [str(n) for n in range(20)]))
    require_sendable(foreign_notice(managed().parts[0], [f"<i>{n}" for n in range(100)]))


def test_a_hold_that_is_over_names_the_account_that_counts_now() -> None:
    over = hold_over_notice(managed().parts[0], R.ACCOUNT_REPLACED)
    assert hint(managed().accounts[0].broker_account_id) in over.text
    assert "Checks and orders go on" in over.text


@pytest.mark.parametrize("fault", AccessFault)
def test_who_cannot_open_an_account_blames_the_broker_only_where_it_refused(
    fault: AccessFault,
) -> None:
    text = plain(held_notice(managed().parts[0], [hold(R.KEYS_REFUSED, fault.value)]).text)
    assert "the account cannot be used from here." in text
    assert "It goes on by itself once that is mended; you will be told." in text
    assert ("The broker refuses the keys" in text) is (fault is AccessFault.REFUSED)


def test_a_restriction_is_not_said_twice_in_a_line() -> None:
    line = held_line(managed().parts[0], [hold(R.RESTRICTED)])
    assert line.count("restricted") == 1
