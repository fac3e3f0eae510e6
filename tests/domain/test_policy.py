from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.policy import FILE_DEFAULTS, Band, Fractional, Outside, Policy, Reserve

VTI = Symbol("VTI")


@pytest.mark.parametrize(
    ("target", "width"), [("60", "5"), ("20", "5"), ("10", "2.5"), ("4", "1"), ("0", "5")]
)
def test_the_tighter_part_of_5_25_counts(target: str, width: str) -> None:
    """the lesser of 5 points and 25 % of the target"""
    assert Band().width(VTI, Decimal(target)) == Decimal(width)


def test_the_relative_part_is_not_for_cash() -> None:
    assert Band().width(CASH, Decimal(4)) == 5


def test_a_band_that_is_off_never_breaches() -> None:
    assert Band(None, None).width(VTI, Decimal(60)) is None
    assert Band(None, Decimal(25)).width(VTI, Decimal(0)) is None
    assert Band(None, Decimal(25)).width(CASH, Decimal(10)) is None
    assert Band(None, Decimal(25)).width(VTI, Decimal(60)) == 15


def test_a_line_has_its_own_band() -> None:
    policy = Policy(bands={VTI: Band(Decimal(2), None)})
    assert policy.band_of(VTI).absolute == 2
    assert policy.band_of(Symbol("BND")) == policy.band


def test_a_reserve_is_money_or_part_of_the_total() -> None:
    assert Reserve(Decimal(500)).of(Decimal(10_000)) == 500
    assert Reserve(Decimal("0.5"), is_percent=True).of(Decimal(10_000)) == 50


def test_a_new_portfolio_and_a_file_differ_in_four_defaults() -> None:
    chat = Policy()
    assert (chat.fractional, FILE_DEFAULTS.fractional) == (Fractional.AUTO, Fractional.OFF)
    assert (chat.outside, FILE_DEFAULTS.outside) == (Outside.KEEP, Outside.SELL)
    assert chat.min_trade == 25
    assert FILE_DEFAULTS.min_trade == 0
    assert (chat.cash_reserve, FILE_DEFAULTS.cash_reserve) == (
        Reserve(Decimal("0.5"), is_percent=True),
        Reserve(),
    )


def test_widened_bands_are_all_so_many_times_as_wide_and_what_is_off_stays_off() -> None:
    own = Band(Decimal(2), None)
    policy = replace(Policy(), bands={VTI: own}, portfolio_band=Decimal(4))
    wide = policy.widened(Decimal("1.5"))
    assert wide.band == Band(Decimal("7.5"), Decimal("37.5"))
    assert wide.bands == {VTI: Band(Decimal(3), None)}
    assert wide.portfolio_band == Decimal(6)
    assert replace(wide, band=policy.band, bands=policy.bands, portfolio_band=Decimal(4)) == policy
    assert Policy().widened(Decimal(2)).portfolio_band is None
