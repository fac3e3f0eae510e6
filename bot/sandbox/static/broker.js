// The choice in the strip: what goes wrong at the rehearsal's broker.

import { moveMarket } from "./api.js";
import { byId } from "./dom.js";

let isChanging = false;

export function startBroker(onAnswer, onFault) {
  byId("broker").addEventListener("change", async () => {
    isChanging = true;
    try {
      const answer = await moveMarket("broker", { trouble: byId("broker").value });
      isChanging = false;
      onAnswer(answer);
    } catch (error) {
      isChanging = false;
      onFault(error);
    }
  });
}

// `broker` is what the bot says of it; nothing while the bot is away or has no such broker.
export function drawBroker(broker) {
  const select = byId("broker");
  select.disabled = !broker;
  if (!broker || isChanging) return;
  byId("broker-choice").hidden = false;
  const known = [...select.options].map((each) => [each.value, each.text]);
  if (JSON.stringify(known) !== JSON.stringify(broker.choices)) {
    select.replaceChildren(...broker.choices.map(([value, words]) => new Option(words, value)));
  }
  if (select.value !== broker.trouble) select.value = broker.trouble;
  byId("broker-choice").dataset.trouble = broker.trouble;
  const note = byId("broker-note");
  if (note.textContent !== broker.note) note.textContent = broker.note;
}
