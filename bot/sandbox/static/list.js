// The left side: who you are, and your conversations.

import { avatarInto, byId, dayOf, element, timeOf } from "./dom.js";
import { isFromBot, lastMessage, memberChats, preview, store, titleOf, toneId, unreadOf, unreadOfMember } from "./store.js";

export function drawMembers(choose) {
  byId("members").replaceChildren(
    ...store.members.map((member) => {
      const unread = member.id === store.memberId ? 0 : unreadOfMember(member.id);
      return element(
        "button",
        { type: "button", "data-user-id": member.id, "aria-pressed": String(member.id === store.memberId), onclick: () => choose(member.id) },
        member.name,
        unread ? element("span", { class: "badge tiny", "aria-label": `${unread} unread` }, String(unread)) : null,
      );
    }),
  );
}

export function drawChats(open) {
  const chats = memberChats(store.memberId).sort((one, other) => lastDate(other) - lastDate(one));
  byId("chats").replaceChildren(...chats.map((chat) => item(chat, open)));
  const unread = unreadOfMember(store.memberId);
  document.title = unread ? `(${unread}) ${store.bot.name}` : store.bot.name;
}

const lastDate = (chat) => lastMessage(chat)?.date ?? (chat.type === "private" ? 1 : 0);

function item(chat, open) {
  const last = lastMessage(chat);
  const unread = unreadOf(chat, store.memberId);
  return element(
    "button",
    {
      type: "button",
      class: "chat-item",
      "data-chat-id": chat.id,
      "aria-current": String(chat.id === store.chatId),
      onclick: () => open(chat.id),
    },
    avatarInto(element("span", { "aria-hidden": "true" }), titleOf(chat), toneId(chat)),
    element("span", { class: "chat-words" }, element("span", { class: "chat-title" }, titleOf(chat)), element("span", { class: "chat-last" }, lastWords(chat, last))),
    element(
      "span",
      { class: "chat-side" },
      element("span", { class: "chat-time" }, last ? shortTime(last.date) : ""),
      unread ? element("span", { class: "badge", "aria-label": `${unread} unread` }, String(unread)) : null,
    ),
  );
}

function lastWords(chat, last) {
  if (store.typing.has(chat.id)) return "typing…";
  if (!last) return chat.type === "private" ? store.bot.short_description || "Not started yet" : "No messages yet";
  const words = preview(last).split("\n")[0];
  if (last.from?.id === store.memberId) return `You: ${words}`;
  return chat.type === "private" && isFromBot(last) ? words : `${last.from?.first_name}: ${words}`;
}

const shortTime = (seconds) => (dayOf(seconds) === "Today" ? timeOf(seconds) : dayOf(seconds));
