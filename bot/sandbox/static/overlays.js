// What comes before the conversation: passing notes, alerts, a photo in full.

import { byId, element } from "./dom.js";

export function toast(text, seconds = 3.5) {
  const note = element("div", { class: "toast" }, text);
  byId("toasts").append(note);
  setTimeout(() => note.remove(), seconds * 1000);
}

export function alertBox(text) {
  byId("alert-text").textContent = text;
  byId("alert").showModal();
}

export function showPhoto(message) {
  byId("viewer-photo").src = message.file_url;
  byId("viewer-photo").alt = message.caption || "Photo";
  byId("viewer-caption").textContent = message.caption || "";
  byId("viewer").showModal();
}

export function startOverlays() {
  for (const id of ["viewer", "alert"]) {
    byId(id).addEventListener("click", (event) => {
      if (event.target === byId(id) || event.target === byId("viewer-photo")) byId(id).close();
    });
  }
}
