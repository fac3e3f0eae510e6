"""What a solver of planning answers: units by cell, and what is proven about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.plan import Method


@dataclass(frozen=True, slots=True)
class Solution:
    """Units to trade by cell (sales negative), their objective, and what no plan can be below.

    ``objective`` and ``bound`` are in the objective's unit (points, trades, money); the rest as in ``Certificate``.
    """

    units: NDArray[np.int64]
    objective: float
    bound: float
    method: Method = Method.CONSTRUCTIVE
    work: int = 0
    timed_out: bool = False
