// Talks to the sandbox: the state, the members' actions, and the stream of events.

const HEADERS = { "X-Sandbox-Page": "1" };

async function answerOf(response) {
  const body = await response.json().catch(() => ({ error: "the sandbox answered nonsense" }));
  if (!response.ok || body.error) {
    const error = new Error(body.error || `the sandbox answered ${response.status}`);
    error.status = response.status;
    throw error;
  }
  return body;
}

export async function getState() {
  return answerOf(await fetch("/page/state"));
}

export async function act(action, body) {
  const response = await fetch(`/page/do/${action}`, {
    method: "POST",
    headers: { ...HEADERS, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return (await answerOf(response)).result;
}

export async function upload(userId, chatId, file, caption) {
  const form = new FormData();
  form.set("user_id", userId);
  form.set("chat_id", chatId);
  form.set("caption", caption);
  form.set("file", file);
  const response = await fetch("/page/upload", { method: "POST", headers: HEADERS, body: form });
  return (await answerOf(response)).result;
}

export async function getMarket() {
  return answerOf(await fetch("/page/market"));
}

export async function moveMarket(move, body = {}) {
  const response = await fetch(`/page/market/${move}`, {
    method: "POST",
    headers: { ...HEADERS, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return answerOf(response);
}

// Calls onOpen at every (re)connection, so that nothing missed meanwhile stays missing.
export function listen(onEvent, onOpen, onLost) {
  const source = new EventSource("/page/events");
  source.addEventListener("open", onOpen);
  source.addEventListener("error", onLost);
  source.addEventListener("message", (event) => onEvent(JSON.parse(event.data)));
}
