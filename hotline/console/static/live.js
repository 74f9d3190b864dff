// Parts of a page that poll: unchanged ones cost a few bytes, and a page in a hidden tab does not poll.
"use strict";

// A page left open after its reader was signed out polls rarely, because each poll is a line in the log.
const RARELY_MILLISECONDS = 30000;
let signedOutAt = -Infinity;
document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr } = event.detail;
  if (xhr && xhr.status > 0) signedOutAt = xhr.status === 401 ? performance.now() : -Infinity;
});

document.addEventListener("htmx:configRequest", (event) => {
  const part = event.detail.elt;
  if (!part.matches("[data-live]")) return;
  // The part must not change while a person types in it or has something open in it.
  const busy = part.querySelector("details[open], dialog[open]") || part.querySelector("input:focus, textarea:focus, select:focus");
  if (document.hidden || busy || performance.now() - signedOutAt < RARELY_MILLISECONDS) {
    event.preventDefault();
    return;
  }
  if (part.dataset.tag) event.detail.headers["If-None-Match"] = part.dataset.tag;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  if (xhr.status === 304) {
    event.detail.shouldSwap = false;
    event.detail.isError = false;
  } else if (target.matches("[data-live]") && xhr.status === 200) {
    target.dataset.tag = xhr.getResponseHeader("ETag") || "";
    // The message about the last click may be outdated; the new part shows the current state.
    if (target.matches("[data-overtakes]")) document.querySelectorAll("main > .usa-alert--success, #work > .usa-alert--success").forEach((one) => one.remove());
  }
});
