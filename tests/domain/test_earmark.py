"""Cash that is set aside: how much of it counts, and what sales have brought."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from core.domain.earmark import Earmark
from core.domain.ids import AccountId, EarmarkId, MemberId


@pytest.mark.parametrize(
    ("cash", "kept"),
    [("7000", "5000"), ("5000", "5000"), ("4990.5", "4990.5"), ("4500", "4500"), ("4499", "0")],
)
def test_what_is_there_is_kept_and_what_is_gone_was_taken_out(cash: str, kept: str) -> None:
    now = datetime(2020, 3, 9, 15, tzinfo=UTC)
    earmark = Earmark(
        EarmarkId(1), AccountId(1), Decimal(5000), now, date(2020, 3, 23), MemberId(1)
    )
    assert earmark.kept(Decimal(cash)) == Decimal(kept)
