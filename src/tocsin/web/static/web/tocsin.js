// The console's few wits: fetch the board again, keep what the reader had open, tick the clock, lead keys to buttons.
// Everything works without this file; nothing here decides anything.
"use strict";

const EVERY_MS = 4000;

const board = () => document.getElementById("board");

// --- the clock: runs at the speed of the process's clock between two fetches
let shown = null;
function setClock(source) {
  shown = { at: Number(source.dataset.now) * 1000, speed: Number(source.dataset.speed), seen: Date.now() };
}
const brussels = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Europe/Brussels", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
});
function tick() {
  const face = document.querySelector("[data-clock]");
  if (!face || !shown) return;
  const at = new Date(shown.at + (Date.now() - shown.seen) * shown.speed);
  face.textContent = brussels.format(at);
}

// --- the board
function isBusy() {
  const active = document.activeElement;
  const isTyping = active && active.matches("input, textarea, select");
  const isReading = document.querySelector("dialog[open]");
  const isSelecting = String(document.getSelection()) !== "";
  return document.hidden || isTyping || isReading || isSelecting;
}
function refresh() {
  if (board() && window.htmx) window.htmx.trigger(board(), "refresh");
}

let kept = null;
function keep() {
  const active = document.activeElement;
  const inside = board().contains(active);
  const scroll = board().querySelector(".scroll");
  const closedByHand = {};
  board().querySelectorAll("details[id]").forEach((item) => { closedByHand[item.id] = item.open; });
  kept = {
    details: closedByHand,
    focus: !inside ? null : active.id ? `#${CSS.escape(active.id)}`
      : active.hasAttribute("href") ? `a[href="${CSS.escape(active.getAttribute("href"))}"]`
      : active.matches("summary") ? `#${CSS.escape(active.parentElement.id)} > summary`
      : active.matches(".scroll") ? ".scroll" : null,
    left: scroll ? scroll.scrollLeft : 0,
  };
}
function giveBack() {
  if (!kept || !board()) return;
  Object.entries(kept.details).forEach(([id, open]) => {
    const item = document.getElementById(id);
    if (item) item.open = open;
  });
  const scroll = board().querySelector(".scroll");
  if (scroll) scroll.scrollLeft = kept.left;
  const focused = kept.focus && board().querySelector(kept.focus);
  if (focused) focused.focus({ preventScroll: true });
  kept = null;
}
function announce() {
  const line = document.getElementById("announce");
  const said = board() && board().querySelector("[data-announce]");
  if (!line || !said) return;
  const words = said.textContent.replace(/\s+/g, " ").trim();
  if (line.textContent !== words) line.textContent = words;
}

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id === "board" && board()) keep();
  // Logged out meanwhile: the answer is the login page, which belongs to the whole window.
  if (event.detail.xhr.responseURL && new URL(event.detail.xhr.responseURL).pathname.startsWith("/login")) {
    event.detail.shouldSwap = false;
    window.location.assign("/login/?next=/console/");
  }
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id === "reader-text") {
    const reader = document.getElementById("reader");
    if (!reader.open) reader.showModal();
    return;
  }
  if (board()) {
    giveBack();
    setClock(board());
    announce();
  }
});

// --- keys: they lead to a place or a button, Enter presses it
const OFF = "tocsin-keys-off";
function isOff() {
  try { return window.localStorage.getItem(OFF) === "1"; } catch { return false; }
}
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isOff()) return;
  if (event.target.matches("input, textarea, select") || document.querySelector("dialog[open]")) return;
  if (event.key === "r" && board()) { refresh(); return; }
  const key = CSS.escape(event.key);
  const place = document.querySelector(`[data-focus="${key}"]`);
  if (place) {
    const folded = place.closest("details:not([open])");
    if (folded) folded.open = true;
    place.focus();
    event.preventDefault();
    return;
  }
  const link = document.querySelector(`a[data-key="${key}"]`);
  if (link) link.click();
}
document.addEventListener("keydown", onKey);

function wireSwitch() {
  const control = document.querySelector("[data-shortcuts]");
  if (!control) return;
  const label = () => { control.textContent = isOff() ? control.dataset.off : control.dataset.on; };
  control.hidden = false;
  label();
  control.addEventListener("click", () => {
    try { window.localStorage.setItem(OFF, isOff() ? "0" : "1"); } catch { /* nothing to remember it in */ }
    label();
  });
}

document.addEventListener("DOMContentLoaded", () => {
  const face = document.querySelector("[data-clock]");
  if (face) setClock(face);
  wireSwitch();
  window.setInterval(tick, 250);
  window.setInterval(() => { if (!isBusy()) refresh(); }, EVERY_MS);
});
