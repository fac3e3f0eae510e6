// The right side: one conversation.

import { bubble } from "./bubbles.js";
import { avatarInto, byId, dayOf, element } from "./dom.js";
import { currentChat, isFromBot, preview, store, titleOf, toneId } from "./store.js";

const NEAR_END = 140;
const ACTION_WORDS = { typing: "typing…", upload_photo: "sending a photo…", upload_document: "sending a file…" };
let unseen = 0;

const scroller = () => byId("scroller");
export const isAtEnd = () => {
  const box = scroller();
  return box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
};

export function toEnd() {
  scroller().scrollTop = scroller().scrollHeight;
  unseen = 0;
  drawToEnd();
}

export function drawToEnd() {
  if (isAtEnd()) unseen = 0;
  byId("to-end").hidden = isAtEnd();
  byId("to-end-count").textContent = unseen ? String(unseen) : "";
}

export function drawConversation(actions) {
  const chat = currentChat();
  const messages = [...chat.messages.values()];
  const nodes = [];
  messages.forEach((message, index) => {
    const before = messages[index - 1];
    if (startsDay(message, before)) nodes.push(element("div", { class: "day" }, dayOf(message.date)));
    nodes.push(bubble(message, chat, startsGroup(message, before), actions));
  });
  if (!messages.length) nodes.push(emptyWords(chat));
  if (store.typing.has(chat.id)) nodes.push(typingDots());
  byId("messages").replaceChildren(...nodes);
  drawHead();
  drawPinned();
  toEnd();
}

// Puts one new or changed message in its place and keeps the reader's place.
export function drawMessage(message, isNew, actions) {
  const chat = currentChat();
  const list = byId("messages");
  const wasAtEnd = isAtEnd();
  const messages = [...chat.messages.values()];
  const index = messages.findIndex((each) => each.message_id === message.message_id);
  const before = messages[index - 1];
  const made = bubble(message, chat, startsGroup(message, before), actions);
  const old = elementOf(message.message_id);
  if (old) replaceKeepingFocus(old, made);
  else {
    list.querySelector(".empty")?.remove();
    list.querySelector(".typing")?.remove();
    if (startsDay(message, before)) list.append(element("div", { class: "day" }, dayOf(message.date)));
    made.classList.add("new");
    list.append(made);
    drawTyping();
  }
  const isOwn = message.from?.id === store.memberId;
  if (wasAtEnd || (isNew && isOwn)) toEnd();
  else if (isNew) {
    unseen += 1;
    drawToEnd();
  }
}

function replaceKeepingFocus(old, made) {
  const focused = old.contains(document.activeElement) ? document.activeElement.dataset.callback : undefined;
  old.replaceWith(made);
  if (focused !== undefined) made.querySelector(`[data-callback="${CSS.escape(focused)}"]`)?.focus();
}

export const elementOf = (id) => byId("messages").querySelector(`[data-message-id="${id}"]`);

export function jumpTo(id) {
  const target = elementOf(id);
  if (!target) return;
  target.scrollIntoView({ block: "center", behavior: "smooth" });
  target.classList.remove("flash");
  void target.offsetWidth;
  target.classList.add("flash");
}

const startsDay = (message, before) => !before || dayOf(message.date) !== dayOf(before.date);
const startsGroup = (message, before) =>
  !before || before.from?.id !== message.from?.id || Boolean(before.pinned_message) || message.date - before.date > 600;

export function drawHead() {
  const chat = currentChat();
  avatarInto(byId("head-avatar"), titleOf(chat), toneId(chat));
  byId("head-title").textContent = titleOf(chat);
  const action = store.typing.get(chat.id);
  byId("head-status").className = action ? "active" : "";
  const words = action && (ACTION_WORDS[action] || "at work…");
  byId("head-status").textContent = words || (chat.type === "private" ? "bot" : membersOf(chat));
}

function membersOf(chat) {
  const names = store.members.filter((member) => chat.members.includes(member.id)).map((member) => member.name);
  if (["member", "administrator"].includes(chat.bot_status)) names.push(store.bot.name);
  return names.join(", ");
}

export function drawPinned() {
  const chat = currentChat();
  const message = chat.messages.get(chat.pinned.at(-1));
  byId("pinned").hidden = !message;
  byId("pinned-text").textContent = preview(message).split("\n").filter(Boolean).join(" · ");
}

export function drawTyping() {
  const list = byId("messages");
  list.querySelector(".typing")?.remove();
  if (!store.typing.has(store.chatId)) return;
  const wasAtEnd = isAtEnd();
  list.append(typingDots());
  if (wasAtEnd) toEnd();
}

const typingDots = () =>
  element("div", { class: "typing", "aria-label": `${store.bot.name} is typing` }, element("i"), element("i"), element("i"));

function emptyWords(chat) {
  if (chat.type !== "private") return element("div", { class: "empty" }, "No messages yet.");
  const words = store.bot.description || `Press Start to talk to ${store.bot.name}.`;
  return element("div", { class: "empty" }, element("b", {}, "What can this bot do?"), words);
}

export const lastFromBot = (chat) => [...chat.messages.values()].filter(isFromBot).at(-1);
