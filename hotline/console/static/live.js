// Parts of a page that look again when something changed: unchanged ones cost a few bytes.
"use strict";

// A page left open after its reader was signed out asks rarely, because each request is a line in the log.
const RARELY_MILLISECONDS = 30000;
let signedOutAt = -Infinity;
document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr } = event.detail;
  if (xhr && xhr.status > 0) signedOutAt = xhr.status === 401 ? performance.now() : -Infinity;
});
// Somebody has signed in in another tab (desk.js).
document.addEventListener("desk:in", () => {
  if (signedOutAt === -Infinity) return;
  signedOutAt = -Infinity;
  lookAgain();
});

const LOOKS = { "desk:told": "bar", "desk:parts": "parts" };
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
  // Nobody waits for it: pages that were told of the same change are answered together.
  const asks = event.detail.triggeringEvent;
  const looks = asks && !asks.detail?.isOwn && LOOKS[asks.type];
  if (looks) event.detail.headers["Looks-Again"] = looks;
});

// Answers may arrive in another order than they were asked for in. What a click has drawn shows more than a part
// that asked before it was drawn, and a later click counts more than an earlier one.
const order = new WeakMap();
const lastClick = new WeakMap();
let requests = 0;
let drawnByClick = 0;
let drawnByPart = 0;
let leftPage = 0;
// What left the page tells the document nothing, and the rest of its answer would still go into the page: the case of
// one callback beside another.
const keepOut = (event) => { if (!event.currentTarget.isConnected) event.detail.shouldSwap = false; };
document.addEventListener("htmx:beforeRequest", (event) => {
  requests += 1;
  order.set(event.detail.xhr, requests);
  event.detail.target.addEventListener("htmx:beforeSwap", keepOut);
});
document.addEventListener("htmx:historyCacheMiss", () => { leftPage = requests; });
const lookAgain = () => document.body.dispatchEvent(new CustomEvent("desk:changed"));
// Above the list, or in the pane of what is open.
const MESSAGES = "#desk-says > .usa-alert, #work > .usa-alert";
// What was done is done, so its message is shown although its page comes too late.
const showLateMessages = (page) => {
  const late = new DOMParser().parseFromString(page, "text/html").querySelectorAll(MESSAGES);
  (document.getElementById("desk-says") || document.getElementById("work"))?.prepend(...late);
};
const isTooLate = ({ requestConfig, xhr, target }) => {
  const number = order.get(xhr);
  if (requestConfig.elt.matches("[data-live]")) {
    if (number <= drawnByClick) return true;
    drawnByPart = number;
    return false;
  }
  if (number <= leftPage || number < (lastClick.get(target) || 0)) return true;
  lastClick.set(target, number);
  drawnByClick = requests;
  // A part may have shown what happened after this was read.
  if (drawnByPart > number) queueMicrotask(lookAgain);
  return false;
};

document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, xhr, target, shouldSwap } = event.detail;
  if (xhr.status === 304) {
    event.detail.shouldSwap = false;
    event.detail.isError = false;
  } else if (shouldSwap && isTooLate(event.detail)) {
    event.detail.shouldSwap = false;
    if (!requestConfig.elt.matches("[data-live]")) showLateMessages(xhr.response);
    lookAgain();
  } else if (target.matches("[data-live]") && xhr.status === 200) {
    target.dataset.tag = xhr.getResponseHeader("ETag") || "";
  }
});

// A refused form is rendered with what was typed as its own values ([data-typed]). A part that looks again has the
// stored values, and what was typed would be gone. Such a form keeps its values and errors until it is sent again.
const refused = new WeakSet();
const isRefused = (one) => refused.has(one.form || one.closest("form"));
const hold = (form) => {
  refused.add(form);
  // A value that a script or a person set does not follow the one in the page.
  [...form.elements].forEach((one) => {
    if (one.matches("[type=radio], [type=checkbox]")) one.checked = one.checked;
    else if (one.matches("textarea, input:not([type=hidden])")) one.value = one.value;
  });
};

// What a person did stays when a part is morphed: opened, typed, ticked, or a form that is being sent.
const isChosen = (one) => one.checked !== one.defaultChecked;
// Checking one radio button of a group unchecks the one that the person chose.
const groupOf = (one) => (one.type === "radio" && one.form ? [...one.form.elements].filter((each) => each.name === one.name) : [one]);
const IS_KEPT = {
  open: (one) => one.matches("details, dialog"),
  value: (one) => "defaultValue" in one && (one.value !== one.defaultValue || (one.type !== "hidden" && isRefused(one))),
  checked: (one) => isRefused(one) || groupOf(one).some(isChosen),
  "data-typed": isRefused,
  // The class of a shape in a plot is no text, but its attribute is.
  class: (one) => (one.getAttribute("class") || "").includes("error") && isRefused(one),
  "aria-invalid": isRefused,
  "aria-describedby": isRefused,
  selected: (one) => [...one.closest("select").options].some((each) => each.selected !== each.defaultSelected),
  "data-sent": () => true,
  "aria-busy": () => true,
};
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, one) => !(name in IS_KEPT && IS_KEPT[name](one));
// While a field keeps what was typed, the hidden one beside it keeps the value that the field was drawn with: so the
// server sees that somebody else changed it meanwhile. The answer to a refused form has the present one.
const isStillTyped = (one, next) => {
  const [typed, stored] = [one, next].map((each) => each.form.elements[each.name.slice("was-".length)]);
  if (!typed || !stored || next.form.matches("[data-typed]")) return false;
  return isRefused(one) || ("defaultValue" in typed && ![typed.defaultValue, stored.defaultValue].includes(typed.value));
};
Idiomorph.defaults.callbacks.beforeNodeMorphed = (one, next) => {
  if (one.nodeType !== Node.ELEMENT_NODE || next.nodeType !== Node.ELEMENT_NODE) return true;
  // A form for something else starts anew.
  if (one.matches("form") && one.getAttribute("action") !== next.getAttribute("action")) {
    one.reset();
    delete one.dataset.typed;
  }
  if (one.matches("form[data-typed]") && !next.matches("[data-typed]")) hold(one);
  else if (one.matches("form")) refused.delete(one);
  if (one.matches("[name^='was-']") && isStillTyped(one, next)) return false;
  // A timer that counts up keeps its own text (desk.js).
  return !(one.dataset.since && one.dataset.since === next.dataset.since);
};
Idiomorph.defaults.callbacks.beforeNodeRemoved = (one) =>
  !(one.nodeType === Node.ELEMENT_NODE && one.matches(".usa-error-message") && isRefused(one));
