// The callback list by keyboard, and a note that is checked while it is typed. Everything works without this.
"use strict";

(() => {
  const OFF = "console.keys.off";
  const sheet = document.getElementById("keys");
  const opener = document.querySelector("[data-opens-keys]");

  if (sheet && opener) {
    opener.hidden = false;
    opener.addEventListener("click", () => sheet.showModal());
    const choice = sheet.querySelector("[data-keys-on]");
    choice.checked = localStorage.getItem(OFF) !== "1";
    choice.addEventListener("change", () => localStorage.setItem(OFF, choice.checked ? "0" : "1"));
    sheet.querySelector("[data-closes]").addEventListener("click", () => sheet.close());
  }

  const step = (by) => {
    const links = [...document.querySelectorAll("[data-row]")];
    if (!links.length) return;
    const at = links.indexOf(document.activeElement);
    links[at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + by))].focus();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.target.closest("input, textarea, select, [contenteditable]") || (sheet && sheet.open)) return;
    if (event.key === "?") {
      if (sheet) sheet.showModal();
      event.preventDefault();
      return;
    }
    if (localStorage.getItem(OFF) === "1") return;
    if (event.key === "j" || event.key === "k") {
      step(event.key === "j" ? 1 : -1);
      event.preventDefault();
      return;
    }
    const wanted = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!wanted || wanted.disabled) return;
    event.preventDefault();
    if (wanted.matches("summary")) {
      wanted.parentElement.open = true;
      const field = wanted.parentElement.querySelector("input:not([type=hidden]), textarea, select");
      if (field) field.focus();
    } else if (wanted.matches("textarea, input, select")) {
      wanted.focus();
    } else {
      wanted.click();
    }
  });

  // Every other button reloads the page. The unfinished note is kept for the next load, only in this tab, and is
  // restored only for its author.
  const WAITING = "callback-note";
  const waiting = JSON.parse(sessionStorage.getItem(WAITING) || "{}");
  sessionStorage.removeItem(WAITING);
  const note = document.querySelector("[data-note-patterns]");
  if (!note) return;
  if (waiting.of === note.dataset.noteOf) note.value = waiting.text;
  const waits = () => {
    if (note.value === note.defaultValue) return;
    sessionStorage.setItem(WAITING, JSON.stringify({ of: note.dataset.noteOf, text: note.value }));
  };
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented && event.target !== note.form && event.target.closest("main")) waits();
  });
  const words = document.querySelector("a[data-key='w']");
  if (words) words.addEventListener("click", waits);

  // The same expressions as on the server, which checks again.
  const said = document.getElementById("note-live");
  const left = document.getElementById("note-left");
  const patterns = JSON.parse(note.dataset.notePatterns).map(([why, source, inWords]) => [why, new RegExp(source, "i"), inWords]);
  const [spelling, digits] = JSON.parse(note.dataset.noteSpelling);
  const numberWords = new RegExp(spelling, "gi");
  const inDigits = (_found, ten, unit, alone) =>
    ten ? digits[ten.toLowerCase()][0] + digits[unit.toLowerCase()] : digits[alone.toLowerCase()];
  const sentences = JSON.parse(note.dataset.noteSentences);
  const most = Number(note.dataset.noteMost);
  const plain = (text) => text.normalize("NFKC").replace(/[\u0130\u0131]/g, "i");
  const look = () => {
    const text = plain(note.value);
    const spelled = text.replace(numberWords, inDigits);
    const first = patterns.find(([, one, inWords]) => one.test(inWords ? spelled : text));
    const found = text.length > most ? "too_long" : first ? first[0] : null;
    const sentence = found ? sentences[found] : "";
    if (said.textContent !== sentence) said.textContent = sentence;
    note.setAttribute("aria-invalid", found ? "true" : "false");
    left.textContent = left.dataset.text.replace("{left}", String(most - text.length));
  };
  // The server's refusal is already next to the field, until the text changes.
  const refused = document.getElementById("note-error");
  note.addEventListener("input", () => {
    if (refused) refused.textContent = "";
    look();
  });
  look();
  if (refused) said.textContent = "";
})();
