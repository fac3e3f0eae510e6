"""A test's docstring is its case."""

from __future__ import annotations

import pytest

from tests.planning.cases import Case, read_case


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """The case that the test's docstring tells."""
    return read_case(request.function.__doc__)
