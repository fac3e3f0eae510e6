"""The limits on orders: the operator's settings, and nobody else's."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.load_settings import SettingsError, load_settings
from bot.settings import Settings
from core.domain.risk import Limits


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def faults() -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        load_settings(None)
    return refused.value.faults


def test_without_settings_the_limits_are_those_of_the_code() -> None:
    assert load_settings(None).limits == Limits()


def test_each_limit_has_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "LIMIT_ORDER_VALUE": "2500",
        "LIMIT_ORDERS": "12",
        "LIMIT_TURNOVER": "50.5",
        "LIMIT_COLLAR": "1",
        "LIVE_CAP_ORDER": "100",
        "LIVE_CAP_DAY": "300.50",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert load_settings(None).limits == Limits(
        max_legs=12,
        max_turnover=Decimal("50.5"),
        max_order_value=Decimal(2500),
        max_collar=Decimal(1),
        live_cap_order=Decimal(100),
        live_cap_day=Decimal("300.50"),
    )


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        (
            "LIMIT_ORDER_VALUE",
            "lots",
            "LIMIT_ORDER_VALUE must be an amount of money above 0, or nothing for no limit, not “",
        ),
        ("LIMIT_ORDER_VALUE", "NaN", "LIMIT_ORDER_VALUE must be an amount of money above 0"),
        ("LIMIT_ORDERS", "0", "LIMIT_ORDERS must be a whole number of orders from 1 to 1000"),
        ("LIMIT_TURNOVER", "-1", "LIMIT_TURNOVER must be a percentage above 0 and up to 1000"),
        ("LIMIT_COLLAR", "50", "LIMIT_COLLAR must be a percentage above 0 and up to 10"),
        ("LIVE_CAP_ORDER", "Infinity", "LIVE_CAP_ORDER must be an amount of money above 0"),
        ("LIVE_CAP_DAY", "0", "LIVE_CAP_DAY must be an amount of money above 0"),
        ("LIVE_CAP_DAY", "400", "LIVE_CAP_ORDER is more than LIVE_CAP_DAY"),
    ],
)
def test_a_limit_that_is_none_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, fault: str
) -> None:
    monkeypatch.setenv(name, value)
    (found,) = faults()
    assert found.startswith(fault)


def test_a_misspelt_limit_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVE_CAP_DAYS", "300")
    monkeypatch.setenv("LIVE_CAP_ORDER", "x")
    assert any("did you mean LIVE_CAP_DAY?" in fault for fault in faults())
