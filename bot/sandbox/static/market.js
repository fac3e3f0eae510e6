// The strip on top: the replayed market's clock, and the buttons that move it.

import { getMarket, moveMarket } from "./api.js";
import { drawBroker, startBroker } from "./broker.js";
import { byId, icon } from "./dom.js";

const CRASH = "2020-03-16";
const LOOK_EVERY = 1000;
let market = null;
let isWalking = false;
let keepNoteUntil = 0;
let timer = 0;
let wasThere = false;
const openedAt = Date.now();
const STARTING = 8000; // milliseconds that a bot which was not seen yet gets to start

export function startMarket() {
  byId("market").hidden = false;
  byId("market-day").addEventListener("click", () => move("advance", { by: "session" }));
  byId("market-month").addEventListener("click", () => move("advance", { by: "month" }));
  byId("market-crash").addEventListener("click", () => move("advance", { until: CRASH }));
  byId("market-play").addEventListener("click", () => (market?.playing ? move("pause") : play()));
  byId("market-speed").addEventListener("change", () => market?.playing && play());
  startBroker(show, complain);
  document.addEventListener("visibilitychange", () => !document.hidden && look());
  look();
}

const play = () => move("play", { sessions_per_minute: Number(byId("market-speed").value) });

async function look() {
  clearTimeout(timer);
  if (!document.hidden) {
    try {
      show(await getMarket());
    } catch (error) {
      showFault(error);
    }
  }
  timer = setTimeout(look, LOOK_EVERY);
}

async function move(what, body) {
  if (isWalking) return;
  isWalking = true;
  draw();
  try {
    market = await moveMarket(what, body);
    keepNoteUntil = 0;
  } catch (error) {
    complain(error);
  }
  isWalking = false;
  draw();
}

function complain(error) {
  if (error.status === 503) market = null;
  setNote(sentence(error.message));
  keepNoteUntil = Date.now() + 5000;
  draw();
}

function show(answer) {
  market = answer;
  wasThere = true;
  draw();
}

function showFault(error) {
  if (isWalking) return;
  market = null;
  const isStarting = error.status === 503 && !wasThere && Date.now() - openedAt < STARTING;
  setNote(isStarting ? "The bot is starting…" : sentence(error.message));
  draw();
}

function draw() {
  const strip = byId("market");
  strip.dataset.state = stateWord();
  for (const id of ["market-play", "market-day", "market-month"]) byId(id).disabled = !market || isWalking;
  byId("market-crash").disabled = !market || isWalking || market.session >= CRASH;
  byId("market-speed").disabled = !market;
  drawBroker(market?.broker);
  if (!market) {
    byId("market-time").textContent = "Market";
    return;
  }
  byId("market-time").textContent = market.exchange_time;
  drawPlay();
  drawLine();
  if (Date.now() > keepNoteUntil) setNote(noteFor());
}

function stateWord() {
  if (!market) return "down";
  if (isWalking) return "walking";
  if (market.playing) return "playing";
  return market.stopped_for || "still";
}

function noteFor() {
  if (isWalking) return "Walking…";
  if (market.playing) return "";
  if (market.stopped_for === "push") return "It stopped here: the bot wrote";
  if (market.stopped_for === "end") return "The history ends here";
  return "";
}

function drawPlay() {
  const word = market.playing ? "Pause" : "Play";
  const button = byId("market-play");
  if (button.querySelector("span").textContent === word) return;
  button.replaceChildren(icon(market.playing ? "pause" : "play"), Object.assign(document.createElement("span"), { textContent: word }));
}

function drawLine() {
  const share = (date) => {
    const [first, last, at] = [market.first, market.last, date].map((each) => Date.parse(each));
    return `${Math.min(100, Math.max(0, (100 * (at - first)) / (last - first || 1)))}%`;
  };
  byId("market-first").textContent = market.first.slice(0, 4);
  byId("market-last").textContent = market.last.slice(0, 4);
  byId("market-done").style.width = share(market.session);
  byId("market-mark").style.left = share(CRASH);
  byId("market-mark").hidden = false;
}

function setNote(words) {
  const note = byId("market-note");
  if (note.textContent !== words) note.textContent = words;
  note.title = words;
}

const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1);
