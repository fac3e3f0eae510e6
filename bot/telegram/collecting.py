"""Collecting: the taps and messages that wait at Telegram, taken by a process that does not stay to listen."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from telegram.error import Conflict, InvalidToken, TelegramError

from bot.telegram.app import ALLOWED_UPDATES, AnyApplication, set_menu

log = logging.getLogger(__name__)

AT_A_TIME = 100
"""Telegram gives so many updates at most in one answer."""


async def collect(application: AnyApplication, may_go_on: Callable[[], Awaitable[bool]]) -> int:
    """Serve what waits, in its order, until nothing does, and return how much that was.

    An update is told to Telegram as taken only after it was served: a crash between makes it come again, and everything
    that an update does can bear that. ``may_go_on`` is asked before each request: whether this process may still speak
    to Telegram. Raises InvalidToken; any other trouble with Telegram ends the collecting, and the next run goes on.
    """
    count = 0
    after: int | None = None
    try:
        await application.initialize()
        while await may_go_on():
            updates = await application.bot.get_updates(
                offset=after, limit=AT_A_TIME, timeout=0, allowed_updates=list(ALLOWED_UPDATES)
            )
            if not updates:
                break
            for update in updates:
                await application.process_update(update)
                count += 1
            after = updates[-1].update_id + 1
        if count:
            await set_menu(application)
    except InvalidToken:
        raise
    except Conflict:
        log.error("another process fetches this bot's updates: stop one of the two")  # noqa: TRY400
    except TelegramError as error:
        # The class alone: the text of some of these errors holds the bot's token.
        log.warning("what waits at Telegram could not be fetched (%s)", type(error).__name__)
    return count
