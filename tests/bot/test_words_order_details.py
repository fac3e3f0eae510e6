"""Why an order is where it is, in words."""

from __future__ import annotations

import pytest

from bot.words.order_details import order_detail
from core.application.send_order import NOT_THERE
from core.domain.report import WhyNot
from core.ports.broker import OrderRefused


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("insufficient_cash", "not enough cash: 40.00 needed, 12.00 free"),
        ("insufficient_shares", "not enough shares: 40.00 needed, 12.00 free"),
        ("market_closed", "the exchange is closed: 40.00 needed, 12.00 free"),
        ("not_tradable", "it cannot be traded there: 40.00 needed, 12.00 free"),
        ("not_fractionable", "no parts of a share: 40.00 needed, 12.00 free"),
        ("too_small", "too small: 40.00 needed, 12.00 free"),
        ("other", "40.00 needed, 12.00 free"),
    ],
)
def test_a_refusal_says_our_reason_and_the_brokers_words(code: str, words: str) -> None:
    assert order_detail(str(OrderRefused(code, "40.00 needed, 12.00 free"))) == words


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        (NOT_THERE, "it did not arrive, and goes again as it was"),
        (WhyNot.PAUSED, "the portfolio was paused"),
        ("halted: pending news", "halted: pending news"),
        ("", ""),
    ],
)
def test_codes_of_ours_are_told_and_other_words_are_left(detail: str, words: str) -> None:
    assert order_detail(detail) == words
