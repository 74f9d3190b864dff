// Parts of a page that look again when something changed: unchanged ones cost a few bytes.
"use strict";

// A page left open after its reader was signed out asks rarely, because each request is a line in the log.
const RARELY_MILLISECONDS = 30000;
let signedOutAt = -Infinity;
document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr } = event.detail;
  if (xhr && xhr.status > 0) signedOutAt = xhr.status === 401 ? performance.now() : -Infinity;
});

document.addEventListener("htmx:configRequest", (event) => {
  const part = event.detail.elt;
  if (!part.matches("[data-live]")) return;
  // A part that is replaced as a whole must not change while a person types in it or has something open in it.
  const isReplaced = !(part.getAttribute("hx-swap") || "").startsWith("morph");
  const busy = isReplaced && part.querySelector("details[open], dialog[open], input:focus, textarea:focus, select:focus");
  const sleeps = document.hidden && !("liveHidden" in part.dataset);
  if (sleeps || busy || performance.now() - signedOutAt < RARELY_MILLISECONDS) {
    event.preventDefault();
    return;
  }
  if (part.dataset.tag) event.detail.headers["If-None-Match"] = part.dataset.tag;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { elt, xhr, target } = event.detail;
  // What was sent and accepted is the server's now.
  if (elt.matches("form") && xhr.status === 200) elt.reset();
  if (xhr.status === 304) {
    event.detail.shouldSwap = false;
    event.detail.isError = false;
  } else if (target.matches("[data-live]") && xhr.status === 200) {
    target.dataset.tag = xhr.getResponseHeader("ETag") || "";
    // The message about the last click may be outdated; the new part shows the current state.
    if (target.matches("[data-overtakes]")) document.querySelectorAll("main > .usa-alert--success, #work > .usa-alert--success").forEach((one) => one.remove());
  }
});

// What a person did stays when a part is morphed: opened, typed, ticked, or a form that is being sent.
const IS_KEPT = {
  open: (one) => one.matches("details, dialog"),
  value: (one) => "defaultValue" in one && one.value !== one.defaultValue,
  checked: (one) => one.checked !== one.defaultChecked,
  selected: (one) => one.selected !== one.defaultSelected,
  "data-sent": () => true,
  "aria-busy": () => true,
};
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, one) => !(name in IS_KEPT && IS_KEPT[name](one));
Idiomorph.defaults.callbacks.beforeNodeMorphed = (one, next) => {
  if (one.nodeType !== Node.ELEMENT_NODE || next.nodeType !== Node.ELEMENT_NODE) return true;
  // A form for something else starts anew.
  if (one.matches("form") && one.getAttribute("action") !== next.getAttribute("action")) one.reset();
  // A timer that counts up keeps its own text (desk.js).
  return !(one.dataset.since && one.dataset.since === next.dataset.since);
};
