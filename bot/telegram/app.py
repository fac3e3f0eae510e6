"""The application: python-telegram-bot put together, started, and stopped cleanly.

Nothing is kept in its memory or in files of its own: no job queue, no persistence; what must last is in the store.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any

from telegram import BotCommand, Update
from telegram.constants import UpdateType
from telegram.error import Conflict, Forbidden, InvalidToken, NetworkError, TelegramError
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    ChatMemberHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

from bot.incidents import new_incident
from bot.runtime import Runtime
from bot.telegram.chats import Chats
from bot.telegram.client import TimedRequest
from bot.telegram.commands import MENU, command_named
from bot.telegram.commands.notes import code, note
from bot.telegram.commands.start import NOBODY_ELSE, PURPOSE, SHORT_PURPOSE
from bot.telegram.html import escape
from bot.telegram.identity import place_of
from bot.telegram.replies import send_screen
from bot.telegram.talk import Talk
from bot.telegram.taps import Taps
from core.ports.store_errors import StoreBusy, StoreDamaged, StoreFull

LOG = logging.getLogger(__name__)

AnyApplication = Application[Any, Any, Any, Any, Any, Any]

ALLOWED_UPDATES = (UpdateType.MESSAGE, UpdateType.CALLBACK_QUERY, UpdateType.MY_CHAT_MEMBER)
"""The kinds of update that Telegram shall send; edited messages and channel posts are none of them."""

AT_ONCE = 64
"""How many updates are served side by side, so that a hanging broker holds up nobody else."""

SERVED = "served"
"""Where the application keeps the tasks of its handlers."""

POLL = timedelta(seconds=20)
STOP_STEP = 3.0
"""Seconds that each of the three steps of stopping may take."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between attempts to reach Telegram at the start: doubled each time, up to the longest."""


def build_application(runtime: Runtime) -> AnyApplication:
    """Make the application with all its handlers; ValueError without a token."""
    token = runtime.settings.telegram_bot_token
    if token is None:
        raise ValueError("TELEGRAM_BOT_TOKEN is not set")
    origin, metrics = runtime.settings.telegram_api_base_url, runtime.pulse.metrics
    application = (
        ApplicationBuilder()
        .token(token.get_secret_value())
        .base_url(f"{origin}/bot")
        .base_file_url(f"{origin}/file/bot")
        .request(TimedRequest(metrics))
        .get_updates_request(TimedRequest(metrics, connections=1))
        .concurrent_updates(AT_ONCE)
        .job_queue(None)
        .build()
    )
    _register(application, runtime)
    return application


def _register(application: AnyApplication, runtime: Runtime) -> None:
    talk, taps, chats = Talk(runtime), Taps(runtime), Chats(runtime)
    served = _Served(application)
    fresh = filters.UpdateType.MESSAGE
    application.add_handler(
        MessageHandler(fresh & filters.StatusUpdate.MIGRATE, served(chats.on_migration))
    )
    application.add_handler(
        MessageHandler(fresh & ~filters.StatusUpdate.ALL, served(talk.on_message))
    )
    application.add_handler(CallbackQueryHandler(served(taps.on_tap)))
    application.add_handler(
        ChatMemberHandler(served(chats.on_my_membership), ChatMemberHandler.MY_CHAT_MEMBER)
    )
    application.add_error_handler(Trouble(runtime).on_error)


Handler = Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]


class _Served:
    """Knows what is being served, so that the end can cut short what takes too long."""

    def __init__(self, application: AnyApplication) -> None:
        self._tasks: set[asyncio.Task[Any]] = application.bot_data.setdefault(SERVED, set())

    def __call__(self, handler: Handler) -> Handler:
        """The same handler, known while it works."""

        async def serve(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
            task = asyncio.current_task()
            if task is None:
                raise RuntimeError("a handler runs in a task")
            self._tasks.add(task)
            try:
                await handler(update, context)
            finally:
                self._tasks.discard(task)

        return serve


async def start(application: AnyApplication) -> None:
    """Begin to listen; waits, and tries again, for as long as Telegram cannot be reached.

    Raises InvalidToken where Telegram does not know the token.
    """
    await _reach(application)
    await set_menu(application)
    await application.start()
    updater = application.updater
    if updater is None:
        raise RuntimeError("the application was built without an updater")
    await updater.start_polling(
        timeout=POLL,
        allowed_updates=list(ALLOWED_UPDATES),
        bootstrap_retries=-1,
        error_callback=_polling_trouble,
    )


async def _reach(application: AnyApplication) -> None:
    pause = FIRST_PAUSE
    while True:
        try:
            await application.initialize()
        except InvalidToken:
            raise
        except NetworkError as error:
            # The class alone: the text of some of these errors holds the bot's token.
            name = type(error).__name__
            LOG.warning("Telegram cannot be reached (%s): trying again in %.0f s", name, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        else:
            return


async def set_menu(application: AnyApplication) -> None:
    """Set the menu of commands and what strangers read about the bot; what fails is tried at the next start."""
    commands = [command_named(name) for name in MENU]
    menu = [BotCommand(command.name, command.summary) for command in commands if command]
    try:
        await application.bot.set_my_commands(menu)
        await application.bot.set_my_description(f"{PURPOSE} {NOBODY_ELSE}")
        await application.bot.set_my_short_description(SHORT_PURPOSE)
    except TelegramError as error:
        LOG.warning("The menu and the description could not be set: %s", error)


async def stop(application: AnyApplication) -> None:
    """Stop listening, let what is being served come to its end, and close; at most about ten seconds."""
    updater = application.updater
    if updater is not None and updater.running:
        await _within(updater.stop(), "polling")
    if application.running:
        await _within(application.stop(), "what is being served")
        await _cut_short(application)
    await _within(application.shutdown(), "the connections")


async def _cut_short(application: AnyApplication) -> None:
    tasks = set(application.bot_data.get(SERVED, ()))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _within(step: Any, what: str) -> None:
    try:
        async with asyncio.timeout(STOP_STEP):
            await step
    except TimeoutError:
        LOG.warning("Stopping %s took too long; going on without", what)
    except TelegramError as error:
        LOG.warning("Stopping %s: %s", what, error)


def _polling_trouble(error: TelegramError) -> None:
    """Say in one line that updates could not be fetched; the library tries again by itself."""
    if isinstance(error, Conflict):
        LOG.error("Another process fetches this bot's updates: stop one of the two")
    else:
        LOG.warning("Updates could not be fetched (%s)", type(error).__name__)


def _words_for(error: Exception | None, incident: str) -> str:
    """What a person hears of an accident: a store that has no room, or is busy or broken, says so itself."""
    if isinstance(error, StoreBusy | StoreFull | StoreDamaged):
        return escape(str(error))
    return (
        "Sorry, something went wrong on my side, so what you asked may not have been done: "
        f"/status shows how things are. The log has the details under incident {code(incident)}."
    )


class Trouble:
    """What nobody expected: the person gets one sentence with a number, the log gets everything."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def on_error(self, update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Log an error of a handler, and say so to the person whom it concerns."""
        error = context.error
        if isinstance(error, Forbidden):
            LOG.info("A message was not taken: %s", error)
            return
        incident = new_incident()
        LOG.error("Incident %s", incident, exc_info=error, extra={"incident": incident})
        if isinstance(update, Update) and not isinstance(error, NetworkError):
            await self._apologise(update, context, _words_for(error, incident))

    async def _apologise(
        self, update: Update, context: ContextTypes.DEFAULT_TYPE, words: str
    ) -> None:
        message = update.effective_message
        if update.callback_query is not None:
            with suppress(TelegramError):
                await update.callback_query.answer()
        if message is not None:
            place, key = place_of(message.chat, message), self._runtime.signing_key
            with suppress(TelegramError):
                await send_screen(context.bot, place.id, note(words), key, topic_id=place.topic_id)
