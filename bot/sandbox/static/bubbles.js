// One message as an element.

import { element, fullTimeOf, icon, sizeOf, timeOf, tone } from "./dom.js";
import { formatted, startCode } from "./entities.js";
import { isFromBot, preview, store } from "./store.js";

// `actions`: command(text), link(url), press(message, data, key), photo(message), reply(message),
// jump(messageId), openAs(member, code), copied(text).
export function bubble(message, chat, isFirst, actions) {
  if (message.pinned_message) return service(message, actions);
  const isOut = message.from?.id === store.memberId;
  const outer = element("article", {
    class: ["message", isOut && "out", isFirst && "first", message.photo && "with-photo"].filter(Boolean).join(" "),
    "data-message-id": message.message_id,
    "aria-label": `${message.from?.first_name ?? ""}, ${timeOf(message.date)}`,
  });
  outer.append(body(message, chat, isFirst && !isOut, actions));
  const keyboard = message.reply_markup?.inline_keyboard;
  if (keyboard) outer.append(keys(message, keyboard, actions));
  outer.append(...invitations(message, actions));
  outer.append(element("button", { type: "button", class: "reply-button", "aria-label": "Reply", title: "Reply", onclick: () => actions.reply(message) }, icon("reply")));
  return outer;
}

function body(message, chat, withSender, actions) {
  const text = message.text ?? message.caption ?? "";
  const isBare = message.photo && !text;
  const box = element("div", { class: isBare ? "bubble bare" : "bubble" });
  if (withSender && chat.type !== "private") {
    box.append(element("span", { class: `sender ${tone(isFromBot(message) ? 0 : message.from.id)}` }, message.from.first_name));
  }
  if (message.reply_to_message) box.append(quote(message.reply_to_message, actions));
  if (message.photo) box.append(photo(message, actions));
  if (message.document) box.append(documentLink(message));
  if (text) {
    const words = element("div", { class: "words" });
    words.append(formatted(text, message.entities ?? message.caption_entities, actions));
    words.append(meta(message));
    box.append(words);
  } else box.append(meta(message));
  if (message.reactions.length) {
    box.append(element("div", { class: "reactions" }, ...message.reactions.map((each) => element("span", {}, each))));
  }
  return box;
}

function meta(message) {
  const edited = message.edit_date ? "edited " : "";
  return element("span", { class: "meta", title: fullTimeOf(message.edit_date ?? message.date) }, edited + timeOf(message.date));
}

function quote(replied, actions) {
  return element(
    "button",
    { type: "button", class: "quote", onclick: () => actions.jump(replied.message_id) },
    element("b", {}, replied.from?.first_name ?? "Message"),
    element("span", {}, preview(replied)),
  );
}

function photo(message, actions) {
  const size = message.photo.at(-1);
  const image = element("img", {
    src: message.file_url,
    width: size.width,
    height: size.height,
    alt: message.caption ? `Photo: ${message.caption}` : "Photo",
  });
  return element("button", { type: "button", class: "photo", title: "Enlarge", onclick: () => actions.photo(message) }, image);
}

function documentLink(message) {
  const file = message.document;
  return element(
    "a",
    { class: "document", href: message.file_url, download: file.file_name },
    element("span", { class: "disc" }, icon("file")),
    element("span", {}, element("b", {}, file.file_name), element("small", {}, sizeOf(file.file_size))),
  );
}

function keys(message, rows, actions) {
  const made = rows.map((row) => element("div", { class: "keys" }, ...row.map((cell) => key(message, cell, actions))));
  return element("div", { class: "keyboard", role: "group", "aria-label": "Buttons" }, ...made);
}

function key(message, cell, actions) {
  const style = ["success", "danger", "primary"].includes(cell.style) ? ` ${cell.style}` : "";
  const made = element("button", { type: "button", class: `key${style}` }, cell.text);
  if (cell.callback_data !== undefined) {
    made.dataset.callback = cell.callback_data;
    if (store.waitingTaps.has(tapKey(message, cell.callback_data))) made.setAttribute("aria-busy", "true");
    made.addEventListener("click", () => actions.press(message, cell.callback_data, made));
  } else if (cell.url) {
    made.append(icon("link"));
    made.addEventListener("click", () => {
      if (!actions.link(cell.url)) window.open(cell.url, "_blank", "noopener,noreferrer");
    });
  } else if (cell.copy_text) {
    made.addEventListener("click", () => actions.copied(cell.copy_text.text));
  }
  return made;
}

export const tapKey = (message, data) => `${message.chat.id}/${message.message_id}/${data}`;

// A link meant for somebody else: here, one person plays the whole family.
function invitations(message, actions) {
  const codes = new Set();
  const text = message.text ?? message.caption ?? "";
  for (const entity of message.entities ?? message.caption_entities ?? []) {
    const covered = text.substr(entity.offset, entity.length);
    const url = entity.type === "text_link" ? entity.url : ["url", "code"].includes(entity.type) ? covered : "";
    const code = url && startCode(url.includes("://") ? url : `https://${url}`, store.bot.username);
    if (code) codes.add(code);
  }
  const others = store.members.filter((member) => member.id !== store.memberId);
  return [...codes].flatMap((code) =>
    others.map((member) =>
      element("button", { type: "button", class: "open-as", onclick: () => actions.openAs(member, code) }, `Open the link as ${member.name}`),
    ),
  );
}

function service(message, actions) {
  const words = `${message.from?.first_name} pinned “${preview(message.pinned_message).slice(0, 60) || "a message"}”`;
  return element(
    "button",
    { type: "button", class: "service", "data-message-id": message.message_id, onclick: () => actions.jump(message.pinned_message.message_id) },
    words,
  );
}
