"""A search for cycles that is put off and taken up again."""

from __future__ import annotations

import gc

import pytest

from core.application.collect_later import collected_later


def test_cycles_are_searched_for_again_whatever_happens() -> None:
    def fail() -> None:
        with collected_later():
            with collected_later():
                pass
            assert not gc.isenabled()
            raise ZeroDivisionError

    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError):
        fail()
    assert gc.isenabled()
