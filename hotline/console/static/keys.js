// The desk by keyboard: every key presses a button or follows a link of the page.
"use strict";

(() => {
  const OFF = "console.keys.off";
  const sheet = document.getElementById("keys");
  const choice = sheet.querySelector("[data-keys-on]");
  choice.checked = localStorage.getItem(OFF) !== "1";
  choice.addEventListener("change", () => localStorage.setItem(OFF, choice.checked ? "0" : "1"));
  sheet.querySelector("[data-closes]").addEventListener("click", () => sheet.close());
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-opens-keys]")) sheet.showModal();
  });

  const links = () => [...document.querySelectorAll("[data-row]")];
  const step = (by) => {
    const all = links();
    if (!all.length) return;
    const at = all.findIndex((one) => one === document.activeElement || one.closest("li").contains(document.activeElement));
    all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))].focus();
  };
  // In one column the list of an open callback is hidden, and a link leads back to it.
  const toList = () => {
    const row = document.querySelector("[data-row][aria-current]") || links()[0];
    const back = document.getElementById("back-to-list");
    if (row && row.checkVisibility()) row.focus();
    else if (back) back.click();
  };
  // In a row these keys mean that row, even where it offers nothing; elsewhere the open callback.
  const OF_ROW = ["t", "c"];
  const wantedBy = (key) => {
    const row = document.activeElement.closest("li:has([data-row]:not([aria-current]))");
    if (row && OF_ROW.includes(key)) return row.querySelector(`[data-row-key="${key}"]`);
    return document.querySelector(`[data-key="${key}"]`);
  };

  // Somebody who types goes on for a moment after a change took their field away. Those letters are no keys.
  const PAUSE_MILLISECONDS = 1500;
  let typesUntil = -Infinity;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (performance.now() < typesUntil) {
      typesUntil = performance.now() + PAUSE_MILLISECONDS;
      return;
    }
    if (event.target.closest("input, textarea, select, [contenteditable]") || sheet.open) return;
    if (event.key === "?") {
      sheet.showModal();
      event.preventDefault();
      return;
    }
    // It is open already, and its pane comes after all rows.
    if (event.key === "Enter" && event.target.matches("[data-row][aria-current]")) {
      document.getElementById("work-title").focus();
      event.preventDefault();
      return;
    }
    if (localStorage.getItem(OFF) === "1") return;
    if (event.key === "j" || event.key === "k") {
      step(event.key === "j" ? 1 : -1);
      event.preventDefault();
      return;
    }
    if (event.key === "l") {
      toList();
      event.preventDefault();
      return;
    }
    const wanted = wantedBy(CSS.escape(event.key));
    if (!wanted || wanted.disabled) return;
    event.preventDefault();
    if (wanted.matches("summary")) {
      wanted.parentElement.open = true;
      const field = wanted.parentElement.querySelector("input:not([type=hidden]), textarea, select");
      if (field) field.focus();
    } else if (wanted.matches("textarea, input, select, [tabindex='-1']")) {
      wanted.focus();
    } else {
      // As with the mouse: when it is gone, the focus goes to what follows from it.
      if (wanted.closest("#work")) wanted.focus();
      wanted.click();
    }
  });

  // What had the focus may be gone after a change, or hidden. The row in its place has it then, or in the same callback
  // what follows from the last click, else the heading. There or in the bar it waits during a call, and goes on to the
  // outcome after.
  let held = null;
  let heldAt = -1;
  const opened = () => (document.getElementById("work-in") || { dataset: {} }).dataset.of || "";
  const isOver = () => Boolean(document.querySelector("#work [data-outcomes] [data-next]"));
  let shown = opened();
  let wasOver = isOver();
  document.addEventListener("htmx:beforeSwap", (event) => {
    const focused = document.activeElement;
    // Of two swaps at once the first may have taken the focus away.
    if (!event.detail.shouldSwap || !focused || focused === document.body) return;
    held = focused;
    heldAt = held.closest("li") ? links().findIndex((one) => held.closest("li").contains(one)) : -1;
  });
  document.addEventListener("htmx:afterSettle", () => {
    const lost = held;
    held = null;
    const isSame = opened() === shown;
    const endedNow = isSame && !wasOver && isOver();
    wasOver = isOver();
    // Another callback is read from its beginning.
    if (!isSame) ["work", "case"].forEach((id) => { document.getElementById(id).scrollTop = 0; });
    // The focus stays in the list, so a screen reader has to be told what is open beside it.
    if (!isSame && opened() && lost && lost.matches("[data-row]")) {
      document.dispatchEvent(new CustomEvent("desk:say", { detail: document.getElementById("work-title").textContent }));
    }
    shown = opened();
    if (!lost) return;
    window.requestAnimationFrame(() => {
      // Another part may have taken the field away since this one was settled.
      const typed = !lost.isConnected && lost.matches("textarea, input:not([type=radio], [type=checkbox])");
      if (typed) typesUntil = performance.now() + PAUSE_MILLISECONDS;
      const focused = document.activeElement;
      const waits = endedNow && focused && focused.matches("#work-title, #said-title, #bar [data-next]");
      if (!waits && focused && focused !== document.body && focused.checkVisibility()) return;
      // What it was asked for has come in its place.
      const follows = lost.id && document.querySelector(`[data-follows="${CSS.escape(lost.id)}"]`);
      if (follows) {
        follows.focus();
        return;
      }
      const rows = links().filter((one) => one.checkVisibility());
      const next = heldAt < 0 ? isSame && !typed && document.querySelector("#work [data-next]") : rows[Math.min(heldAt, rows.length - 1)];
      (next || document.getElementById(opened() ? "work-title" : "list-title")).focus();
    });
  });
})();
