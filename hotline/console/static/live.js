// Parts of a page that ask for themselves: unchanged ones cost a few bytes, and a page that nobody looks at is quiet.
"use strict";

document.addEventListener("htmx:configRequest", (event) => {
  const part = event.detail.elt;
  if (!part.matches("[data-live]")) return;
  // Whoever types, or has something open in it, must not have it changed under their hands.
  const busy = part.querySelector("details[open], dialog[open]") || part.querySelector("input:focus, textarea:focus, select:focus");
  if (document.hidden || busy) {
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
  }
});
