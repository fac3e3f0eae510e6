// A message's text and entities to nodes. Offsets are UTF-16, as JavaScript's own are.

import { element } from "./dom.js";

const TAGS = {
  bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre", blockquote: "blockquote",
};
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);

// `actions` has command(text) and link(url), called when such a thing is clicked.
export function formatted(text, entities, actions) {
  const fragment = document.createDocumentFragment();
  append(fragment, text, 0, text.length, entities || [], actions);
  return fragment;
}

function append(parent, text, start, end, entities, actions) {
  let at = start;
  let index = 0;
  while (index < entities.length) {
    const entity = entities[index];
    const from = Math.max(entity.offset, at);
    const to = Math.min(entity.offset + entity.length, end);
    index += 1;
    if (from >= to) continue;
    const inner = [];
    while (index < entities.length && entities[index].offset < to) inner.push(entities[index++]);
    parent.append(text.slice(at, from));
    const node = nodeFor(entity, text.slice(from, to), actions);
    append(node, text, from, to, inner, actions);
    parent.append(node);
    // A block brings its own line break.
    at = BLOCKS.has(entity.type) && text[to] === "\n" ? to + 1 : to;
    if (BLOCKS.has(entity.type)) dropLineBreakBefore(node);
  }
  parent.append(text.slice(at, end));
}

function dropLineBreakBefore(node) {
  const before = node.previousSibling;
  if (before?.nodeType === Node.TEXT_NODE && before.data.endsWith("\n")) before.data = before.data.slice(0, -1);
}

function nodeFor(entity, covered, actions) {
  switch (entity.type) {
    case "url":
      return link(covered.includes("://") ? covered : `https://${covered}`, actions);
    case "text_link":
      return link(entity.url, actions);
    case "email":
      return element("span", { class: "as-link" });
    case "bot_command":
      return element("button", { type: "button", class: "as-link", onclick: () => actions.command(covered) });
    case "mention":
    case "text_mention":
      return element("span", { class: "as-link" });
    case "spoiler":
      return spoiler();
    case "expandable_blockquote":
      return folded();
    default:
      return element(TAGS[entity.type] || "span");
  }
}

function link(url, actions) {
  if (!/^(https?|tg):\/\//i.test(url)) return element("span");
  const anchor = element("a", { href: url, target: "_blank", rel: "noopener noreferrer", title: url });
  anchor.addEventListener("click", (event) => {
    if (actions.link(url)) event.preventDefault();
  });
  return anchor;
}

function spoiler() {
  const button = element("button", { type: "button", class: "spoiler", "aria-pressed": "false", "aria-label": "Hidden text" });
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", "true");
    button.removeAttribute("aria-label");
  });
  return button;
}

function folded() {
  const quote = element("blockquote", { class: "folded" });
  quote.addEventListener("click", () => quote.classList.toggle("folded"));
  return quote;
}

// The start code of a deep link to this bot, or null for any other address.
export function startCode(url, botUsername) {
  let address;
  try {
    address = new URL(url);
  } catch {
    return null;
  }
  const name = address.protocol === "tg:" ? address.searchParams.get("domain") : address.pathname.slice(1);
  const isTelegram = address.protocol === "tg:" || ["t.me", "telegram.me"].includes(address.hostname);
  if (!isTelegram || name?.toLowerCase() !== botUsername.toLowerCase()) return null;
  return address.searchParams.get("start") ?? "";
}
