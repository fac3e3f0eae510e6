"""What a bot's message says: text, caption, files; checked as Telegram checks them."""

from __future__ import annotations

from bot.sandbox.api_errors import BadRequest
from bot.sandbox.api_objects import user_object
from bot.sandbox.formatted import FormattedText, in_order, trimmed, with_found_entities
from bot.sandbox.html_entities import parse_html
from bot.sandbox.messenger import Messenger
from bot.sandbox.methods.params import Params
from bot.sandbox.model import Attachment, AttachmentKind, JsonObject, Upload
from bot.sandbox.state import State

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024


def message_text(messenger: Messenger, params: Params) -> FormattedText:
    """The `text` of a message, parsed; lengths count UTF-16 code units."""
    if not params.text("text"):
        raise BadRequest("message text is empty")
    content = _formatted(messenger.state, params, "text", "entities")
    if not content.text:
        raise BadRequest("text must be non-empty")
    if content.length > LONGEST_TEXT:
        raise BadRequest("message is too long")
    return content


def caption(messenger: Messenger, params: Params) -> FormattedText:
    """The `caption`, which may be missing."""
    content = _formatted(messenger.state, params, "caption", "caption_entities")
    if content.length > LONGEST_CAPTION:
        raise BadRequest("message caption is too long")
    return content


def _formatted(state: State, params: Params, name: str, entities_name: str) -> FormattedText:
    text, mode = params.text(name), params.text("parse_mode").lower()
    given = params.json(entities_name, "entities")
    if given and not mode:
        content = FormattedText(text, in_order([dict(each) for each in given]))
    elif mode in {"", "none"}:
        content = FormattedText(text)
    elif mode == "html":
        content = parse_html(text)
    else:
        raise BadRequest("unsupported parse_mode")
    return _with_members(state, with_found_entities(trimmed(content)))


def _with_members(state: State, content: FormattedText) -> FormattedText:
    """Mentions by id name a member the bot can know; others are dropped, as on Telegram."""
    entities: list[JsonObject] = []
    for entity in content.entities:
        if "user_id" not in entity:
            entities.append(entity)
        elif user := state.user(entity["user_id"]):
            known = {key: value for key, value in entity.items() if key != "user_id"}
            entities.append(known | {"user": user_object(user)})
    return FormattedText(content.text, tuple(entities))


def sent_file(messenger: Messenger, params: Params, kind: AttachmentKind) -> Attachment:
    """The file under the parameter named like its kind."""
    value = params.text(kind)
    upload = params.files.get(value.removeprefix("attach://") if value else kind)
    return _attachment(messenger, kind, value, upload)


def media_file(messenger: Messenger, params: Params, media: JsonObject) -> Attachment:
    """The file of an `InputMedia`."""
    kind: AttachmentKind
    if media.get("type") == "photo":
        kind = "photo"
    elif media.get("type") == "document":
        kind = "document"
    else:
        raise BadRequest("can't parse InputMedia: type must be photo or document")
    value = str(media.get("media", ""))
    return _attachment(messenger, kind, value, params.files.get(value.removeprefix("attach://")))


def _attachment(
    messenger: Messenger, kind: AttachmentKind, value: str, upload: Upload | None
) -> Attachment:
    if upload is not None:
        stored = messenger.store_upload(kind, upload)
        return Attachment(kind, stored)
    if not value:
        raise BadRequest(f"there is no {kind} in the request")
    known = messenger.state.files.get(value)
    if known is None:
        raise BadRequest("wrong file identifier/HTTP URL specified")
    if kind == "photo" and not known.width:
        raise BadRequest("can't use file of type Document as Photo")
    return Attachment(kind, known)
