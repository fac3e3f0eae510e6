"""The first portfolio: made under a name that is free, for somebody who has none yet."""

from __future__ import annotations

import logging

from bot.telegram.context import Turn
from core.application.choose_portfolio import Current
from core.application.create_portfolio import create_portfolio
from core.domain.refusals import NameTaken, NoPortfolio

LOG = logging.getLogger(__name__)

DEFAULT_NAME = "Family"


async def current_or_new(turn: Turn, slug: str | None) -> Current:
    """The portfolio that is meant; somebody who has none yet gets their first one, ready for targets and money."""
    try:
        return await turn.current(slug)
    except NoPortfolio:
        if slug is not None:
            raise
        return await first_portfolio(turn)


async def first_portfolio(turn: Turn, broker: str | None = None) -> Current:
    """Make the portfolio, at the operator's broker or another one, under the first of a few names that is free."""
    runtime = turn.runtime
    first_name = (turn.member.name.split() or ["My"])[0][:20]
    names = (DEFAULT_NAME, f"{first_name}’s portfolio", f"{DEFAULT_NAME} {turn.member.id}")
    for name in names:
        try:
            return await create_portfolio(
                runtime.store,
                runtime.brokers,
                runtime.clock,
                member=turn.member,
                name=name,
                chat=turn.chat,
                broker=broker or runtime.settings.broker,
            )
        except NameTaken:
            LOG.info("The name %s is taken", name)
    raise NameTaken(names[0])
