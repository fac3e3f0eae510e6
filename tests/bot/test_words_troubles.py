"""What a visitor of the demo reads about the broker's troubles."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest

from bot.words.troubles import CHOICES, trouble_note
from core.domain.ids import ClientOrderId, Symbol
from core.domain.plan import Side
from core.ports.broker import OrderRequest
from core.ports.troubles import Struck, Trouble

SALE = OrderRequest(ClientOrderId("o"), Symbol("QUAL"), Side.SELL, Decimal("2.5"), None)


@dataclass
class Shown:
    """Troubles as a test sets them."""

    chosen: Trouble | None = None
    struck: Struck | None = None

    def choose(self, trouble: Trouble | None) -> None:
        self.chosen = trouble


def test_every_trouble_can_be_chosen_by_a_name_that_says_whose_it_is() -> None:
    assert list(CHOICES) == list(Trouble)
    assert all(words.startswith("Broker ") for words in CHOICES.values())
    assert len(set(CHOICES.values())) == len(Trouble)


@pytest.mark.parametrize("trouble", Trouble)
def test_it_says_in_a_line_what_will_happen(trouble: Trouble) -> None:
    note = trouble_note(Shown(trouble))
    assert note.endswith(".")
    assert len(note) < 95


@pytest.mark.parametrize("trouble", sorted(set(Trouble) - {Trouble.DOWN}))
def test_it_says_in_a_line_what_has_happened(trouble: Trouble) -> None:
    note = trouble_note(Shown(None, Struck(trouble, SALE)))
    assert note.startswith("“Sell 2.5 QUAL” ")
    assert note.endswith(".")


def test_where_all_is_well_there_is_nothing_to_say() -> None:
    assert trouble_note(Shown()) == ""
