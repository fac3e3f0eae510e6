// What the page knows: a copy of the sandbox's state, kept up to date by events.

export const store = {
  bot: null,
  members: [],
  chats: new Map(),
  commands: {},
  market: false,
  memberId: 0,
  chatId: 0,
  typing: new Map(),
  waitingTaps: new Map(),
};

export function replaceState(state) {
  store.bot = state.bot;
  store.members = state.members;
  store.commands = state.commands;
  store.market = state.market;
  store.chats = new Map(
    state.chats.map((chat) => [chat.id, { ...chat, messages: new Map(chat.messages.map((m) => [m.message_id, m])) }]),
  );
}

// Changes the copy; answers what changed, or null where nothing shown did.
export function applyEvent(event) {
  if (event.type === "message" || event.type === "edited") {
    const chat = store.chats.get(event.message.chat.id);
    if (!chat) return null;
    chat.messages.set(event.message.message_id, event.message);
    if (event.type === "message" && isFromBot(event.message)) store.typing.delete(chat.id);
    return chat;
  }
  if (event.type === "deleted") {
    const chat = store.chats.get(event.chat_id);
    for (const id of event.message_ids) chat?.messages.delete(id);
    if (chat) chat.pinned = event.pinned;
    return chat;
  }
  if (event.type === "chat") {
    const known = store.chats.get(event.chat.id);
    const chat = { ...event.chat, messages: known?.messages ?? new Map() };
    store.chats.set(chat.id, chat);
    return chat;
  }
  return null;
}

export const currentChat = () => store.chats.get(store.chatId);
export const currentMember = () => store.members.find((member) => member.id === store.memberId);
export const isFromBot = (message) => message.from?.id === store.bot.id;
export const memberChats = (memberId) => [...store.chats.values()].filter((chat) => chat.members.includes(memberId));
export const lastMessage = (chat) => [...chat.messages.values()].at(-1);
export const titleOf = (chat) => (chat.type === "private" ? store.bot.name : chat.title);
export const toneId = (chat) => (chat.type === "private" ? 0 : chat.id);

export function unreadOf(chat, memberId) {
  const readUpTo = chat.read_up_to[memberId] ?? 0;
  let count = 0;
  for (const message of chat.messages.values()) {
    if (message.message_id > readUpTo && message.from?.id !== memberId && !message.pinned_message) count += 1;
  }
  return count;
}

export const unreadOfMember = (memberId) =>
  memberChats(memberId).reduce((sum, chat) => sum + unreadOf(chat, memberId), 0);

export function preview(message) {
  if (!message) return "";
  if (message.pinned_message) return "pinned a message";
  const text = message.text ?? message.caption ?? "";
  if (message.photo) return text ? `Photo · ${text}` : "Photo";
  if (message.document) return text || message.document.file_name;
  return text;
}
