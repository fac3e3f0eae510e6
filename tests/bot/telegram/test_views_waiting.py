"""What a person reads while an approved plan waits for its broker."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from bot.telegram.html import plain
from bot.telegram.letters.scene import Scene
from bot.telegram.letters.writing import write_letter
from bot.telegram.views.waiting import waiting_notice
from core.application.show_proposal import ProposalView
from core.domain.ids import ChatId
from core.domain.order import Order, OrderState
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.proposal import ProposalState
from tests.bot.telegram.scenes import NOW, order, view

S = ProposalState
TRADES = view().proposal.revision.plan.trades
UNTIL = datetime(2026, 3, 10, 14, 20, tzinfo=UTC)


def words(shown: ProposalView, code: str = "BrokerDown") -> str:
    return plain(waiting_notice(shown, shown.accounts[0], code, UNTIL, NOW).text)


def labels(shown: ProposalView) -> list[str]:
    rows = waiting_notice(shown, shown.accounts[0], "BrokerDown", UNTIL, NOW).rows
    return [button.label for row in rows for button in row]


def unsent(state: OrderState, detail: str = "") -> Order:
    return order(2, TRADES[1], filled=Decimal(0), state=state, detail=detail)


def test_before_the_first_order_nothing_has_happened_and_nobody_has_to_do_anything() -> None:
    shown = view(S.APPROVED)
    text = words(shown)
    assert "Nothing has been sent yet: the simulated broker does not answer." in text
    assert "Your money and holdings are as they were." in text
    assert "Your approval is good until 10:20 ET. After that I ask you again" in text
    assert labels(shown) == ["✖ Take back"]


def test_missing_prices_are_no_fault_of_the_broker() -> None:
    assert "there are no good prices right now" in words(view(S.APPROVED), "PricesRefused")


@pytest.mark.parametrize(
    ("state", "detail", "expected", "absent"),
    [
        (
            OrderState.INTENDED,
            "the broker does not answer",
            "What is not sent yet leaves your money as it is.",
            "no order goes out twice",
        ),
        (
            OrderState.UNKNOWN,
            "the answer was lost",
            "looked up before anything else is sent: no order goes out twice.",
            "not sent yet leaves",
        ),
        (
            OrderState.SUBMITTED,
            "",
            "What is at the broker may be carried out by now.",
            "no order goes out twice",
        ),
    ],
)
def test_in_the_middle_it_says_what_is_certain_and_what_is_not(
    state: OrderState, detail: str, expected: str, absent: str
) -> None:
    text = words(view(S.EXECUTING, orders=(order(1, TRADES[0]), unsent(state, detail))))
    assert "Not finished yet: the simulated broker does not answer." in text
    assert "1. Sold 11 VTI at $287.14" in text
    assert "What is carried out is certain." in text
    assert expected in text
    assert absent not in text
    assert "What has not been sent by 10:20 ET is not sent any more" in text
    assert "do not place these orders at the broker yourself" in text


@pytest.mark.parametrize("state", [S.DONE, S.FROZEN, S.OPEN, S.CANCELLED])
def test_what_waits_no_more_is_not_said_to_wait(state: ProposalState) -> None:
    shown = view(state)
    item = OutboxItem(
        MessageKind.WAITING,
        ChatId(1001),
        "w",
        shown.managed.portfolio.id,
        shown.proposal.id,
        data={"code": "BrokerDown", "until": UNTIL.isoformat()},
    )
    scene = Scene(shown, shown.managed, (), "table")
    assert write_letter(item, scene, NOW) is None
    waiting = replace(scene, view=view(S.APPROVED))
    assert write_letter(item, waiting, NOW) is not None
