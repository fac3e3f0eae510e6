"""Which account is meant, where a portfolio has several: the one named by ``#ira``, or the only one that fits."""

from __future__ import annotations

from collections.abc import Callable

from core.application.access import named_account
from core.domain.portfolio import Account, ManagedAccount, ManagedPortfolio
from core.domain.refusals import WhichAccount


def meant_account(
    managed: ManagedPortfolio, name: str | None, fits: Callable[[Account], bool]
) -> ManagedAccount:
    """The account that a command is about; without a name, the only one that ``fits``.

    Where none fits it is the first, so that what is done with it says what is wrong. Raises UnknownAccount, or
    WhichAccount where several fit.
    """
    if name is not None:
        return named_account(managed, name)
    fitting = [each for each in managed.parts if fits(each.account)]
    if len(fitting) > 1:
        raise WhichAccount(tuple(each.account.name for each in fitting))
    return fitting[0] if fitting else managed.parts[0]
