// Starts the page and connects its parts.

import { act, getState, listen, upload } from "./api.js";
import { tapKey } from "./bubbles.js";
import { drawConversation, drawHead, drawMessage, drawPinned, drawToEnd, drawTyping, elementOf, isAtEnd, jumpTo, toEnd } from "./chat.js";
import { drawComposer, resetComposer, setReply, startComposer } from "./composer.js";
import { byId } from "./dom.js";
import { startCode } from "./entities.js";
import { drawChats, drawMembers } from "./list.js";
import { startMarket } from "./market.js";
import { alertBox, showPhoto, startOverlays, toast } from "./overlays.js";
import { applyEvent, currentChat, lastMessage, memberChats, replaceState, store } from "./store.js";

const TYPING_SHOWN = 5000;
const ANSWER_WITHIN = 15000;
const isNarrow = matchMedia("(max-width: 760px)");
const typingTimers = new Map();

const actions = {
  say: (text, replyTo = null, userId = store.memberId, chatId = store.chatId) =>
    tried(act("send_text", { user_id: userId, chat_id: chatId, text, reply_to: replyTo })),
  sendFile: (file, caption) => tried(upload(store.memberId, store.chatId, file, caption)),
  command: (text) => actions.say(text),
  photo: showPhoto,
  reply: setReply,
  jump: jumpTo,
  press,
  link(url) {
    const code = startCode(url, store.bot.username);
    if (code === null) return false;
    openStart(store.memberId, code);
    return true;
  },
  openAs(member, code) {
    chooseMember(member.id);
    openStart(member.id, code);
  },
  async copied(text) {
    await navigator.clipboard.writeText(text);
    toast("Copied");
  },
};

// True when it worked; says why when it did not.
async function tried(doing) {
  try {
    await doing;
    return true;
  } catch (error) {
    toast(error.message);
    return false;
  }
}

function openStart(userId, code) {
  openChat(userId);
  actions.say(code ? `/start ${code}` : "/start", null, userId, userId);
}

async function press(message, data, key) {
  const waiting = tapKey(message, data);
  if (store.waitingTaps.has(waiting)) return;
  store.waitingTaps.set(waiting, null);
  key.setAttribute("aria-busy", "true");
  try {
    const query = await act("press", { user_id: store.memberId, chat_id: message.chat.id, message_id: message.message_id, callback_data: data });
    if (store.waitingTaps.has(waiting)) store.waitingTaps.set(waiting, query);
  } catch (error) {
    toast(error.message);
    endTap(waiting);
  }
  setTimeout(() => endTap(waiting), ANSWER_WITHIN);
}

function endTap(waiting) {
  store.waitingTaps.delete(waiting);
  const [, id, ...data] = waiting.split("/");
  elementOf(id)?.querySelector(`[data-callback="${CSS.escape(data.join("/"))}"]`)?.removeAttribute("aria-busy");
}

function onAnswer(event) {
  const { tap } = event;
  endTap(`${tap.chat_id}/${tap.message_id}/${tap.data}`);
  if (tap.user_id !== store.memberId || !event.text) return;
  if (event.show_alert) alertBox(event.text);
  else toast(event.text);
}

function onAction(event) {
  store.typing.set(event.chat_id, event.action);
  clearTimeout(typingTimers.get(event.chat_id));
  typingTimers.set(event.chat_id, setTimeout(() => endTyping(event.chat_id), TYPING_SHOWN));
  drawList();
  if (event.chat_id === store.chatId) showTyping();
}

function endTyping(chatId) {
  store.typing.delete(chatId);
  drawList();
  if (chatId === store.chatId) showTyping();
}

function showTyping() {
  drawHead();
  drawTyping();
}

async function onEvent(event) {
  if (event.type === "answer") onAnswer(event);
  else if (event.type === "action") onAction(event);
  else if (event.type === "profile") await refreshQuietly();
  else if (["message", "edited", "deleted", "chat"].includes(event.type)) onChange(event);
}

function onChange(event) {
  const chat = applyEvent(event);
  if (!chat) return;
  if (chat.id === store.chatId) {
    if (event.type === "deleted") event.message_ids.forEach((id) => elementOf(id)?.remove());
    else if (event.message) drawMessage(event.message, event.type === "message", actions);
    if (event.type === "message" && event.message.force_reply) setReply(event.message);
    drawHead();
    drawPinned();
    drawComposer();
    markRead();
  }
  drawList();
}

function drawList() {
  drawMembers(chooseMember);
  drawChats(openChat);
}

function markRead() {
  const chat = currentChat();
  const isShown = !document.hidden && (!isNarrow.matches || document.body.dataset.view === "chat");
  const last = lastMessage(chat)?.message_id ?? 0;
  if (!isShown || !isAtEnd() || last <= (chat.read_up_to[store.memberId] ?? 0)) return;
  chat.read_up_to[store.memberId] = last;
  act("read", { user_id: store.memberId, chat_id: chat.id, message_id: last }).catch(() => {});
}

function openChat(chatId) {
  store.chatId = chatId;
  document.body.dataset.view = "chat";
  resetComposer();
  drawAll();
  if (!isNarrow.matches) byId("text").focus();
}

function chooseMember(memberId) {
  store.memberId = memberId;
  const chats = memberChats(memberId);
  if (!chats.some((chat) => chat.id === store.chatId)) store.chatId = memberId;
  resetComposer();
  drawAll();
}

function drawAll() {
  drawConversation(actions);
  drawComposer();
  markRead();
  drawList();
  const place = `#${store.memberId}/${store.chatId}`;
  if (location.hash !== place) history.replaceState(null, "", place);
}

async function refresh() {
  const wasAtEnd = isAtEnd();
  const place = byId("scroller").scrollTop;
  replaceState(await getState());
  const [memberId, chatId] = location.hash.slice(1).split("/").map(Number);
  if (!store.memberId) {
    store.memberId = store.members.some((each) => each.id === memberId) ? memberId : store.members[0].id;
    const isTheirs = memberChats(store.memberId).some((chat) => chat.id === chatId);
    store.chatId = isTheirs ? chatId : store.memberId;
    if (isTheirs) document.body.dataset.view = "chat";
  }
  drawAll();
  if (!wasAtEnd) byId("scroller").scrollTop = place;
}

// A sandbox that goes away meanwhile is told of by the stream of events, which tries again.
const refreshQuietly = () => refresh().catch(() => {});

function startTheme() {
  const root = document.documentElement;
  const saved = localStorage.getItem("theme");
  if (saved) root.dataset.theme = saved;
  byId("theme").addEventListener("click", () => {
    const isDark = (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    root.dataset.theme = isDark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  });
}

async function start() {
  startTheme();
  startOverlays();
  startComposer(actions);
  byId("back").addEventListener("click", () => {
    document.body.dataset.view = "list";
    drawList();
  });
  byId("to-end").addEventListener("click", () => {
    toEnd();
    markRead();
  });
  byId("pinned").addEventListener("click", () => jumpTo(currentChat().pinned.at(-1)));
  byId("scroller").addEventListener("scroll", () => {
    drawToEnd();
    markRead();
  });
  document.addEventListener("visibilitychange", markRead);
  new ResizeObserver(() => wasAtEndBeforeResize && toEnd()).observe(byId("scroller"));
  await refresh();
  if (store.market) startMarket();
  let isLost = false;
  listen(
    onEvent,
    async () => {
      if (isLost) toast("The sandbox is back");
      isLost = false;
      await refreshQuietly();
    },
    () => {
      if (!isLost) toast("The sandbox does not answer; trying again");
      isLost = true;
    },
  );
}

// A keyboard that slides up, or a strip that grows, must not hide the newest message.
let wasAtEndBeforeResize = true;
byId("scroller").addEventListener("scroll", () => (wasAtEndBeforeResize = isAtEnd()));

start();
