// The page of the exchange: it reads the state, follows the changes, and shows them.

import { announce, refuse } from "./announce.js";
import { ask, readState } from "./ask.js";
import { Bar } from "./bar.js";
import { Calls } from "./calls.js";
import { Guide } from "./guide.js";
import { Handset } from "./handset.js";
import { Ladder } from "./ladder.js";
import { Live } from "./live.js";
import { write } from "./make.js";
import { Voice } from "./voice.js";

const WORDS = { live: "Live", lost: "Not live: trying again …" };
const RETRY_MILLISECONDS = 2000;
const at = (id) => document.getElementById(id);

const voice = new Voice();
const calls = new Calls((call, passage) => {
  const handset = calls.handsets.find((one) => calls.of(one)?.sid === call.sid);
  if (!handset || !["heard", "talk"].includes(passage.kind)) return;
  voice.says(handset.id, passage);
  if (!voice.isOn) announce(`${handset.name}: ${passage.text}`, passage.language);
});
const shown = new Map();
const ladder = new Ladder(at("calls"), at("log-empty"), calls);
const guide = new Guide(calls, (handset) => shown.get(handset.id));
let toShow = "";
let isDue = false;
const bar = new Bar(calls, (number) => {
  toShow = number;
  render();
});

const live = new Live({
  onHappening(happening) {
    calls.apply(happening);
    ladder.add(happening);
    renderSoon();
  },
  onLost: begin,
  onState: tellState,
});

function tellState(state) {
  const before = at("live").dataset.state;
  if (state !== before && state === "lost") announce("The exchange does not answer. This page keeps trying.");
  if (state !== before && before === "lost") announce("The exchange answers again.");
  write(at("live"), WORDS[state]);
  at("live").dataset.state = state;
}

async function begin() {
  try {
    const state = await readState();
    calls.read(state);
    ladder.clear();
    state.log.forEach((happening) => ladder.add(happening));
    shown.forEach((view) => view.element.remove());
    shown.clear();
    guide.write();
    render();
    live.follow(state.id);
  } catch {
    tellState("lost");
    setTimeout(begin, RETRY_MILLISECONDS);
  }
}

/** Happenings come in bursts: each burst is rendered once. */
function renderSoon() {
  if (isDue) return;
  isDue = true;
  setTimeout(render);
}

function render() {
  isDue = false;
  renderHandsets();
  bar.render();
  guide.render();
  voice.speed = calls.speed;
  const value = calls.speed === null ? "none" : String(calls.speed);
  for (const input of document.querySelectorAll("#speed input")) input.checked = input.value === value;
}

function renderHandsets() {
  const known = new Set(calls.handsets.map((handset) => handset.id));
  for (const [id, view] of shown) {
    if (known.has(id)) continue;
    const hadFocus = view.element.contains(document.activeElement);
    view.element.remove();
    shown.delete(id);
    if (hadFocus) at("phones").focus();
  }
  // In the order in which they were added: a phone that comes later moves none of the others.
  calls.handsets.forEach((handset, place) => {
    const view = shown.get(handset.id) ?? new Handset(handset, calls, voice, guide, renderSoon);
    shown.set(handset.id, view);
    const there = at("handsets").children[place];
    if (there !== view.element) at("handsets").insertBefore(view.element, there ?? null);
    view.render();
    // A phone that was answered in the bar may come to the page only now.
    if (handset.number === toShow) {
      toShow = "";
      view.show();
    }
  });
  at("put-back").hidden = !calls.isChanged && ![...shown.values()].some((view) => view.isDisguised);
}

function renderVoice() {
  at("aloud").hidden = !voice.exists;
  at("aloud").setAttribute("aria-pressed", String(voice.isOn));
}

at("speed").addEventListener("change", ({ target }) => {
  ask("tempo", { speed: target.value === "none" ? null : Number(target.value) }).catch(render);
});
at("aloud").addEventListener("click", () => {
  voice.toggle();
  renderVoice();
});
at("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, number } = event.target.elements;
  try {
    await ask("handsets", { name: name.value, number: number.value });
    event.target.reset();
    at("add-menu").open = false;
    refuse(at("add-wrong"), null);
  } catch (problem) {
    refuse(at("add-wrong"), problem);
    (name.value.trim() ? number : name).focus();
  }
});
at("put-back").addEventListener("click", async () => {
  try {
    const { stay } = await ask("handsets/put-back");
    shown.forEach((view) => view.showOwnNumber());
    render();
    const names = stay.map((one) => one.name).join(", ");
    write(at("phones-wrong"), names && `In a call, so still here: ${names}.`);
    announce(names ? at("phones-wrong").textContent : "The phones are as they were at the start.");
    at("phones").focus();
  } catch (problem) {
    refuse(at("phones-wrong"), problem);
  }
});
at("clear-log").addEventListener("click", () => ladder.clear());
at("with-events").addEventListener("change", ({ target }) => {
  at("calls").classList.toggle("no-events", !target.checked);
});
at("only-findings").addEventListener("change", ({ target }) => {
  at("calls").classList.toggle("only-marked", target.checked);
});
// A menu closes as people expect: by Escape, and by a click elsewhere.
document.addEventListener("keydown", ({ key, target }) => {
  const menu = key === "Escape" ? target.closest("details.menu[open]") : null;
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
document.addEventListener("click", ({ target }) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
});
// What is scrolled to is never under the bar, which has two lines on a narrow window.
new ResizeObserver(() => {
  document.documentElement.style.scrollPaddingTop = `${at("bar").offsetHeight + 12}px`;
}).observe(at("bar"));
setInterval(() => {
  shown.forEach((view) => view.tick());
  bar.tick();
}, 1000);

renderVoice();
begin();
