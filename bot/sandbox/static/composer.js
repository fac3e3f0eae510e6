// Writing: the text, the command menu, replies, files, and the Start button.

import { byId, element } from "./dom.js";
import { currentChat, preview, store } from "./store.js";

let replyTo = null;
let chosen = -1;

const text = () => byId("text");

export function startComposer(actions) {
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    submit(actions);
  });
  text().addEventListener("input", () => {
    grow();
    drawCommands(actions);
  });
  text().addEventListener("keydown", (event) => onKey(event, actions));
  byId("menu").addEventListener("click", () => toggleMenu(actions));
  byId("reply-off").addEventListener("click", () => setReply(null));
  byId("attach").addEventListener("click", () => byId("file").click());
  byId("file").addEventListener("change", () => sendFile(actions));
  byId("start").addEventListener("click", () => actions.say("/start"));
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#commands, #menu, #text")) closeCommands();
  });
}

export function drawComposer() {
  const chat = currentChat();
  const isBlocked = chat.type === "private" && chat.bot_status === "kicked";
  const needsStart = chat.type === "private" && (!chat.started || isBlocked);
  byId("start").hidden = !needsStart;
  byId("start").textContent = isBlocked ? "Restart" : "Start";
  byId("composer").hidden = needsStart;
  byId("menu").hidden = commandsHere().length === 0;
}

export function resetComposer() {
  text().value = "";
  setReply(null);
  closeCommands();
  grow();
}

export function setReply(message) {
  replyTo = message;
  byId("replying").hidden = !message;
  byId("replying-text").textContent = message ? preview(message).split("\n")[0] : "";
  if (message) text().focus();
}

async function submit(actions) {
  const words = text().value;
  if (!words.trim()) return;
  const reply = replyTo?.message_id ?? null;
  resetComposer();
  text().focus();
  if (!(await actions.say(words, reply))) {
    text().value = words;
    grow();
  }
}

async function sendFile(actions) {
  const [file] = byId("file").files;
  byId("file").value = "";
  if (!file) return;
  const caption = text().value;
  resetComposer();
  await actions.sendFile(file, caption);
}

function grow() {
  text().style.height = "auto";
  if (text().scrollHeight) text().style.height = `${text().scrollHeight}px`; // 0 while it is not shown
}

function onKey(event, actions) {
  const isOpen = !byId("commands").hidden;
  if (isOpen && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
  } else if (isOpen && event.key === "Escape") {
    closeCommands();
  } else if (isOpen && event.key === "Tab" && chosen >= 0) {
    event.preventDefault();
    text().value = `${options()[chosen].dataset.command} `;
    closeCommands();
  } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    if (isOpen && chosen >= 0) options()[chosen].click();
    else submit(actions);
  }
}

const commandsHere = () => store.commands[store.chatId]?.[store.memberId] ?? [];
const options = () => [...byId("commands").children];

function toggleMenu(actions) {
  if (!byId("commands").hidden) closeCommands();
  else showCommands(commandsHere(), actions);
}

function drawCommands(actions) {
  const typed = /^\/(\w*)$/.exec(text().value);
  if (!typed) closeCommands();
  else showCommands(commandsHere().filter((each) => each.command.startsWith(typed[1].toLowerCase())), actions);
}

function showCommands(commands, actions) {
  byId("commands").replaceChildren(...commands.map((each) => option(each, actions)));
  byId("commands").hidden = commands.length === 0;
  byId("menu").setAttribute("aria-expanded", String(commands.length > 0));
  choose(text().value.length > 1 ? 0 : -1);
}

function option(command, actions) {
  const words = `/${command.command}`;
  const send = () => {
    resetComposer();
    text().focus();
    actions.say(words);
  };
  return element(
    "button",
    { type: "button", role: "option", class: "command", "data-command": words, "aria-selected": "false", onclick: send },
    element("b", {}, words),
    element("span", {}, command.description),
  );
}

function choose(index) {
  const all = options();
  chosen = all.length && index >= 0 ? index % all.length : index === -1 ? -1 : all.length - 1;
  all.forEach((each, place) => each.setAttribute("aria-selected", String(place === chosen)));
  all[chosen]?.scrollIntoView({ block: "nearest" });
}

function closeCommands() {
  byId("commands").hidden = true;
  byId("menu").setAttribute("aria-expanded", "false");
  chosen = -1;
}
