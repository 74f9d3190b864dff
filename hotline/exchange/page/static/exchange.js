// The page of the exchange: it reads the state, follows the changes, and shows them.

import { ask, readState } from "./ask.js";
import { Calls, spoken } from "./calls.js";
import { Handset } from "./handset.js";
import { Live } from "./live.js";
import { Requests } from "./requests.js";
import { Voice } from "./voice.js";

const WORDS = { live: "Live", lost: "Not live: trying again …" };
const RETRY_MILLISECONDS = 2000;
const at = (id) => document.getElementById(id);

const voice = new Voice();
const calls = new Calls((call, passage) => {
  const handset = calls.handsets.find((one) => calls.of(one)?.sid === call.sid);
  if (handset && ["heard", "talk"].includes(passage.kind)) voice.says(handset.id, passage);
});
const requests = new Requests(at("requests"), at("log-empty"));
const shown = new Map();

const live = new Live({
  onHappening(happening) {
    calls.apply(happening);
    requests.add(happening);
    render();
  },
  onLost: begin,
  onState(state) {
    at("live").textContent = WORDS[state];
    at("live").dataset.state = state;
  },
});

async function begin() {
  try {
    const state = await readState();
    calls.read(state);
    requests.clear();
    state.log.forEach((happening) => requests.add(happening));
    shown.forEach((view) => view.element.remove());
    shown.clear();
    render();
    live.follow(state.id);
  } catch {
    at("live").textContent = WORDS.lost;
    setTimeout(begin, RETRY_MILLISECONDS);
  }
}

function render() {
  renderHandsets();
  renderTray();
  renderSpeed();
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
  for (const handset of calls.handsets) {
    if (!shown.has(handset.id)) {
      const view = new Handset(handset, calls, voice);
      shown.set(handset.id, view);
      at("side").before(view.element);
    }
    shown.get(handset.id).render();
  }
}

function renderTray() {
  const ringing = calls.unseen();
  const tray = at("tray");
  const wanted = new Set(ringing.map((call) => call.sid));
  for (const item of [...tray.children]) if (!wanted.has(item.dataset.sid)) item.remove();
  const there = new Set([...tray.children].map((item) => item.dataset.sid));
  for (const call of ringing) if (!there.has(call.sid)) tray.append(ringingItem(call));
  const many = ringing.length === 1 ? "One phone rings." : `${ringing.length} phones ring.`;
  const words = ringing.length ? many : "None.";
  if (at("tray-count").textContent !== words) at("tray-count").textContent = words;
}

function ringingItem(call) {
  const item = document.createElement("li");
  item.dataset.sid = call.sid;
  const number = document.createElement("span");
  number.textContent = spoken(call.to);
  const wrong = document.createElement("p");
  wrong.className = "wrong";
  wrong.setAttribute("role", "alert");
  const button = (text, className, action) => {
    const one = document.createElement("button");
    one.type = "button";
    one.className = className;
    one.textContent = text;
    one.setAttribute("aria-label", `${text} ${spoken(call.to)}`);
    one.addEventListener("click", () => {
      action().catch((problem) => {
        wrong.textContent = `That did not work: ${problem.message}.`;
      });
    });
    return one;
  };
  item.append(
    number,
    button("Pick up", "go", async () => {
      const isThere = calls.handsets.some((handset) => handset.number === call.to);
      if (!isThere) await ask("handsets", { name: `Phone ${call.to.slice(-4)}`, number: call.to });
      await ask(`../handset/${call.sid}/answer`, { at_tempo: true });
    }),
    button("Decline", "stop", () => ask(`../handset/${call.sid}/decline`)),
    wrong,
  );
  return item;
}

function renderSpeed() {
  voice.speed = calls.speed;
  const value = calls.speed === null ? "none" : String(calls.speed);
  for (const input of document.querySelectorAll("#speed input")) input.checked = input.value === value;
}

function renderVoice() {
  at("aloud").hidden = !voice.exists;
  at("aloud").setAttribute("aria-pressed", String(voice.isOn));
}

at("speed").addEventListener("change", ({ target }) => {
  ask("tempo", { speed: target.value === "none" ? null : Number(target.value) }).catch(renderSpeed);
});
at("aloud").addEventListener("click", () => {
  voice.toggle();
  renderVoice();
});
at("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const wrong = form.querySelector(".wrong");
  try {
    await ask("handsets", { name: form.elements.name.value, number: form.elements.number.value });
    form.reset();
    wrong.textContent = "";
  } catch (problem) {
    wrong.textContent = `That did not work: ${problem.message}.`;
  }
});
at("clear-log").addEventListener("click", () => requests.clear());
at("with-events").addEventListener("change", ({ target }) => {
  at("requests").classList.toggle("no-events", !target.checked);
});
at("only-findings").addEventListener("change", ({ target }) => {
  at("requests").classList.toggle("only-marked", target.checked);
});
setInterval(() => shown.forEach((view) => view.tick()), 1000);

renderVoice();
begin();
