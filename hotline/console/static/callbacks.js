// A note that is checked while it is typed. It works without this too, since the server checks again.
"use strict";

(() => {
  // The buttons beside the note reload the page. The unfinished note is kept for the next load, only in this tab,
  // and is restored only for its author.
  const WAITING = "callback-note";
  const waiting = JSON.parse(sessionStorage.getItem(WAITING) || "{}");
  sessionStorage.removeItem(WAITING);
  const field = () => document.querySelector("[data-note-patterns]");
  const waits = () => {
    const note = field();
    if (!note || note.value === note.defaultValue) return;
    sessionStorage.setItem(WAITING, JSON.stringify({ of: note.dataset.noteOf, text: note.value }));
  };
  document.addEventListener("submit", (event) => {
    const note = field();
    if (note && !event.defaultPrevented && event.target !== note.form && event.target.closest("#work, #case")) waits();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("a[data-key='w']")) waits();
  });

  // The same expressions as on the server, which checks again.
  const watch = (note) => {
    const patterns = JSON.parse(note.dataset.notePatterns).map(([why, source, inWords]) => [why, new RegExp(source, "i"), inWords]);
    const [spelling, digits] = JSON.parse(note.dataset.noteSpelling);
    const numberWords = new RegExp(spelling, "gi");
    const inDigits = (_found, ten, unit, alone) =>
      ten ? digits[ten.toLowerCase()][0] + digits[unit.toLowerCase()] : digits[alone.toLowerCase()];
    const sentences = JSON.parse(note.dataset.noteSentences);
    const most = Number(note.dataset.noteMost);
    const plain = (text) => text.normalize("NFKC").replace(/[\u0130\u0131]/g, "i");
    const look = () => {
      const said = document.getElementById("note-live");
      const left = document.getElementById("note-left");
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
    const refused = () => document.getElementById("note-error");
    note.addEventListener("input", () => {
      if (refused()) refused().textContent = "";
      look();
    });
    look();
    if (refused()) document.getElementById("note-live").textContent = "";
  };

  const watched = new WeakSet();
  const begin = () => {
    const note = field();
    if (!note || watched.has(note)) return;
    watched.add(note);
    if (waiting.of === note.dataset.noteOf) note.value = waiting.text;
    watch(note);
  };
  document.addEventListener("htmx:afterSettle", begin);
  begin();
})();
