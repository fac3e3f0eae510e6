"""Methods that fetch what happened and answer taps."""

from __future__ import annotations

from bot.sandbox.messenger import Messenger
from bot.sandbox.methods.params import Params
from bot.sandbox.methods.registry import bot_method
from bot.sandbox.model import JsonObject


@bot_method("getUpdates")
async def get_updates(messenger: Messenger, params: Params) -> list[JsonObject]:
    """The updates not confirmed yet, by long polling."""
    allowed = params.json("allowed_updates", "allowed updates")
    return await messenger.updates.poll(
        offset=params.integer("offset"),
        limit=params.integer("limit", 100),
        wait=params.integer("timeout"),
        allowed=[str(each) for each in allowed] if isinstance(allowed, list) else None,
    )


@bot_method("answerCallbackQuery")
async def answer_callback_query(messenger: Messenger, params: Params) -> bool:
    """Answer a tap on a button."""
    answer = messenger.callbacks.answer(
        params.text("callback_query_id"),
        params.text("text"),
        show_alert=params.boolean("show_alert"),
    )
    messenger.answered(answer)
    return True


@bot_method("getWebhookInfo")
async def get_webhook_info(messenger: Messenger, _params: Params) -> JsonObject:
    """There is no webhook: updates are fetched."""
    return {
        "url": "",
        "has_custom_certificate": False,
        "pending_update_count": messenger.updates.pending_count,
    }


@bot_method("deleteWebhook")
async def delete_webhook(messenger: Messenger, params: Params) -> bool:
    """Nothing to delete, but the waiting updates may be dropped."""
    if params.boolean("drop_pending_updates"):
        messenger.updates.drop_all()
    return True


@bot_method("logOut")
async def log_out(_messenger: Messenger, _params: Params) -> bool:
    """Leave this server; here it changes nothing."""
    return True


@bot_method("close")
async def close(_messenger: Messenger, _params: Params) -> bool:
    """Close the bot's instance; here it changes nothing."""
    return True
