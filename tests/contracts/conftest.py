"""Here what is held to one contract is tried, on the driver as it is."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def prompt_sqlite() -> None:
    """Leave the driver its thread."""
