// The form of a talk: the note is checked while it is typed and its draft is kept, and outcomes have keys. It works
// without this too, since the server checks again.
"use strict";

(() => {
  // A draft is kept in this tab alone, per person and talk, until it is saved or they sign out (console.js).
  const DRAFT = "note:";
  const field = () => document.querySelector("[data-note]");
  const keyOf = (note) => DRAFT + note.dataset.note;

  // A form that came back refused has what was typed as its own value, and what is stored beside it.
  const stored = (note) => note.form.elements["was-note"].value;

  // The same expressions as on the server.
  const rules = document.getElementById("note-rules").dataset;
  const patterns = JSON.parse(rules.patterns).map(([why, source, inWords]) => [why, new RegExp(source, "gi"), inWords]);
  const [spelling, digits] = JSON.parse(rules.spelling);
  const numberWords = new RegExp(spelling, "gi");
  const sentences = JSON.parse(rules.sentences);
  const most = Number(rules.most);
  const inDigits = (_found, ten, unit, alone) =>
    ten ? digits[ten.toLowerCase()][0] + digits[unit.toLowerCase()] : digits[alone.toLowerCase()];
  const plain = (text) => text.normalize("NFKC").replace(/[\u0130\u0131]/g, "i");
  const spell = (text) => text.replace(numberWords, inDigits);
  const whyRefused = (typed) => {
    let text = plain(typed);
    if (text.length > most) return ["too_long"];
    let spelled = spell(text);
    const found = new Set();
    patterns.forEach(([why, one, inWords]) => {
      const read = inWords ? spelled : text;
      if (read.search(one) < 0) return;
      found.add(why);
      text = read.replace(one, " ");
      spelled = spell(text);
    });
    return [...found];
  };

  const count = (note) => {
    const left = document.getElementById("note-left");
    left.textContent = left.dataset.text.replace("{left}", String(most - plain(note.value).length));
  };
  // Kept here, since each change of the page empties the refusal beside the field, and it is heard once.
  let heard = "";
  const show = (note) => {
    const said = document.getElementById("note-live");
    const why = whyRefused(note.value);
    const sentence = why.map((one) => sentences[one]).join(" ");
    if (said.textContent !== sentence) said.textContent = sentence;
    const refused = sentence && `${keyOf(note)} ${sentence}`;
    if (refused && refused !== heard) document.dispatchEvent(new CustomEvent("desk:say", { detail: sentence }));
    heard = refused;
    note.setAttribute("aria-invalid", why.length ? "true" : "false");
    count(note);
    return why;
  };
  // The server's refusal is already next to the field, until the text changes.
  const refusal = () => document.getElementById("note-error");

  document.addEventListener("input", (event) => {
    const note = event.target;
    if (!note.matches("[data-note]")) return;
    if (refusal()) refusal().textContent = "";
    if (show(note).length || note.value === stored(note)) sessionStorage.removeItem(keyOf(note));
    else sessionStorage.setItem(keyOf(note), note.value);
  });

  const begin = () => {
    const note = field();
    if (!note) return;
    if (refusal() && refusal().textContent) {
      sessionStorage.removeItem(keyOf(note));
      count(note);
      return;
    }
    const draft = sessionStorage.getItem(keyOf(note));
    if (draft === stored(note)) sessionStorage.removeItem(keyOf(note));
    else if (draft !== null && note.value === note.defaultValue) note.value = draft;
    show(note);
  };
  document.addEventListener("htmx:afterSettle", begin);
  begin();

  // An act after which the note has no field takes along what was typed in it, for the colleague who reads it.
  // The form of a hand-over has the note itself.
  const LEAVES = /\/(release|reschedule|cancel)$/;
  let taken = "";
  document.addEventListener("htmx:configRequest", (event) => {
    const { elt, path, parameters } = event.detail;
    const note = field();
    if (!note || !elt.closest("#work-in") || !LEAVES.test(path) || note.value === stored(note)) return;
    parameters.note = note.value;
    parameters["was-note"] = stored(note);
    taken = keyOf(note);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!taken || !LEAVES.test(event.detail.requestConfig.path)) return;
    if (document.querySelector("#work > .usa-alert--success, #desk-says > .usa-alert--success")) sessionStorage.removeItem(taken);
    taken = "";
  });

  // A form that was refused has no errors any more. What was chosen beside a saved note is still not saved.
  const accept = (form) => {
    if (!("typed" in form.dataset)) return;
    delete form.dataset.typed;
    [...form.elements].forEach((one) => {
      if (one.matches(":checked")) {
        one.checked = true;
        one.defaultChecked = false;
      } else if (one.matches("[type=date], [type=time]")) {
        one.value = one.value;
        one.defaultValue = "";
      }
    });
  };
  // A saved draft is no draft any more. A refused form keeps what was typed.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig, shouldSwap } = event.detail;
    const form = requestConfig.elt;
    // What somebody had typed before they signed in again is sent now, or left: that it was not sent is over (base.html).
    if (shouldSwap && form.closest("#desk") && !form.matches("[data-live]")) {
      document.querySelectorAll("#main > .usa-alert").forEach((one) => one.remove());
    }
    if (form.matches("[data-finish]") && xhr.status === 200) {
      sessionStorage.removeItem(keyOf(form.querySelector("[data-note]")));
      accept(form);
      // The bar above still asks for the outcome.
      queueMicrotask(() => document.body.dispatchEvent(new CustomEvent("desk:told")));
    }
    // What followed another callback by itself comes too late once the reader has opened this one.
    if (!form.matches(".work-live")) return;
    if (!document.contains(form)) event.detail.shouldSwap = false;
    // The message about the last click may be outdated; the panes show the current state.
    else if (event.detail.shouldSwap) document.querySelectorAll("#work > .usa-alert--success").forEach((one) => one.remove());
  });

  // Somebody who only looks at a callback when their phone rings for another call must not read its wishes to that
  // person: the desk without an address of its own shows the call that rings. What is begun or typed stays.
  const showRing = () => {
    const rings = document.querySelector("#bar-news > [data-tokens$=':rings']");
    const back = document.getElementById("back-to-list");
    const isBegun = document.querySelector("#work-in :is([data-outcomes], #does-release, details[open])");
    const note = field();
    if (!rings || !back || back.matches(".htmx-request") || isBegun || (note && note.value !== stored(note))) return;
    const { of } = document.getElementById("work-in").dataset;
    if (rings.dataset.tokens !== `call:callback-${of}:rings`) back.click();
  };
  document.body.addEventListener("desk:call", showRing);
  // It may have rung while the outcome was being saved, before the next callback was shown.
  document.addEventListener("htmx:afterSettle", (event) => { if (event.detail.requestConfig?.elt.matches("[data-finish]")) showRing(); });

  // Keys in the form, where the keys of the page are letters.
  const OFF = "console.keys.off";
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = target.closest("[data-finish]") || document.querySelector("#work [data-finish]");
      const saves = form && form.querySelector("[data-saves]");
      if (!saves) return;
      event.preventDefault();
      // A click, since htmx reads the address of the note only from a button that was clicked.
      saves.click();
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey || localStorage.getItem(OFF) === "1") return;
    const outcomes = target.closest("[data-outcomes]");
    if (!outcomes) return;
    const chosen = [...outcomes.querySelectorAll("input")].find((one) => one.dataset.number === key);
    const wanted = ["n", "h", "e"].includes(key) && document.querySelector(`[data-key="${key}"]`);
    if (!chosen && !wanted) return;
    event.preventDefault();
    if (chosen) chosen.checked = true;
    (chosen || wanted).focus();
    if (wanted && !wanted.matches("textarea")) wanted.click();
  });
})();
