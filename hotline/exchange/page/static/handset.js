// One handset on the page: what its person hears, and what they can do.

import { ask } from "./ask.js";
import { isOver, rings, spoken } from "./calls.js";

const KEYS = [
  ["1", ""], ["2", "ABC"], ["3", "DEF"], ["4", "GHI"], ["5", "JKL"], ["6", "MNO"],
  ["7", "PQRS"], ["8", "TUV"], ["9", "WXYZ"], ["*", "star"], ["0", "+"], ["#", "pound"],
];
const NAMES = { "*": "star", "#": "pound" };
const ENDED = {
  completed: "Call over", busy: "Declined", "no-answer": "Not answered", canceled: "Stopped ringing",
  failed: "Could not be reached",
};
const STATES = {
  talking: "Talking", recording: "Being recorded", waiting: "Waiting in a queue",
  ringing: "In call: the line rings a phone", alone: "Alone: nobody hears you yet",
};
const WHO = {
  person: "I answer it", machine: "voicemail answers", robot: "a call screener answers",
  fax: "a fax answers", busy: "it is busy", unreachable: "it is switched off",
};
const SPEAKERS = { heard: "", pressed: "You pressed ", said: "You: ", talk: "They: ", note: "" };

export class Handset {
  #shown = { sid: null, count: 0 };
  #keys = Promise.resolve();
  #phase = "";

  constructor(handset, calls, voice) {
    this.handset = handset;
    this.calls = calls;
    this.voice = voice;
    this.element = document.getElementById("handset").content.firstElementChild.cloneNode(true);
    this.find = (selector) => this.element.querySelector(selector);
    this.#write();
    this.#listen();
  }

  #write() {
    const { id, name, number } = this.handset;
    const title = this.find(".name");
    title.textContent = name;
    title.id = `handset-${id}`;
    this.element.setAttribute("aria-labelledby", title.id);
    this.element.dataset.number = number;
    // People who hear the page instead of seeing it must know which phone rings.
    this.find(".whose").textContent = `${name}: `;
    this.find(".number").textContent = spoken(number);
    this.find(".remove").setAttribute("aria-label", `Remove ${name}`);
    this.find(".words").setAttribute("aria-label", `Words on ${name}`);
    this.find(".keypad").setAttribute("aria-label", `Keypad of ${name}`);
    for (const [key, letters] of KEYS) {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.key = key;
      const digit = document.createElement("b");
      digit.textContent = key;
      const small = document.createElement("small");
      small.textContent = letters;
      small.ariaHidden = "true";
      button.append(digit, small);
      if (NAMES[key]) button.setAttribute("aria-label", `${NAMES[key]} (${key})`);
      this.find(".keypad").append(button);
    }
    fill(this.find(".from"), [["", "this number"], ...this.calls.withheld.map((one) => [one, `withheld: ${one}`])]);
    fill(this.find(".to"), this.calls.lines.map((one) => [one, spoken(one)]));
    this.find(".to-label").hidden = this.calls.lines.length < 2;
    fill(this.find(".who"), Object.entries(WHO));
  }

  #listen() {
    this.#on(".dial", "submit", () => ask(`handsets/${this.handset.id}/dial`, {
      from: this.find(".from").value, to: this.find(".to").value,
    }));
    this.#on(".answer", "click", () => this.#act("answer", { at_tempo: true }));
    this.#on(".decline", "click", () => this.#act("decline"));
    this.#on(".voicemail", "click", () => this.#act("voicemail"));
    this.#on(".hang-up", "click", () => this.#act("hang-up"));
    this.#on(".wait", "click", () => this.#act("silence"));
    this.#on(".remove", "click", () => ask(`handsets/${this.handset.id}`, {}, "DELETE"));
    this.#on(".who", "change", () => ask("../handset/set", {
      number: this.handset.number, kind: this.find(".who").value, after_seconds: 2,
    }));
    this.#on(".say", "submit", async () => {
      const input = this.find(".say input");
      const words = input.value.trim();
      if (!words) return;
      await this.#act("words", { words });
      input.value = "";
    });
    this.#on(".keypad", "click", (event) => {
      const key = event.target.closest("button")?.dataset.key;
      return key && this.#press(key);
    });
    this.element.addEventListener("keydown", (event) => {
      const writes = event.target.closest("input, select, textarea");
      if (writes || event.ctrlKey || event.metaKey || event.altKey || !/^[0-9*#]$/.test(event.key)) return;
      event.preventDefault();
      this.#try(() => this.#press(event.key));
    });
    this.element.addEventListener("paste", (event) => {
      if (event.target.closest("input, textarea")) return;
      const keys = event.clipboardData.getData("text").replace(/[\s-]/g, "");
      if (/^[0-9*#]{1,40}$/.test(keys)) [...keys].forEach((key) => this.#try(() => this.#press(key)));
    });
  }

  #on(selector, type, action) {
    this.find(selector).addEventListener(type, (event) => {
      if (type === "submit") event.preventDefault();
      this.#try(() => action(event));
    });
  }

  async #try(action) {
    const wrong = this.find(":scope > .wrong");
    try {
      await action();
      wrong.textContent = "";
    } catch (problem) {
      wrong.textContent = `That did not work: ${problem.message}.`;
    }
  }

  #act(action, given = {}) {
    this.voice.stops(this.handset.id);
    return ask(`../handset/${this.call.sid}/${action}`, given);
  }

  /** Keys go out in the order in which they were pressed, whatever the network does. */
  #press(key) {
    if (this.#phase !== "call") return null;
    const button = this.find(`.keypad [data-key="${key}"]`);
    button.classList.add("pressed");
    setTimeout(() => button.classList.remove("pressed"), 150);
    const sent = this.#keys.then(() => this.#act("types", { keys: key }));
    this.#keys = sent.catch(() => {});
    return sent;
  }

  render() {
    const had = this.element.contains(document.activeElement) ? document.activeElement : null;
    const call = this.calls.of(this.handset);
    this.call = call;
    const phase = !call || isOver(call) ? "idle" : rings(call) ? "ringing" : "call";
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.element.dataset.phase = phase;
      this.element.querySelectorAll("[data-when]").forEach((part) => {
        part.hidden = part.dataset.when !== phase;
      });
      if (phase !== "call") this.voice.stops(this.handset.id);
    }
    const label = stateOf(call);
    const pill = this.find(".pill");
    if (pill.textContent !== label) pill.textContent = label;
    this.element.dataset.state = phase === "call" ? call.state : phase;
    const canSpeak = phase === "call" && ["talking", "recording"].includes(call.state);
    this.find(".say").hidden = !canSpeak;
    this.find(".wait").hidden = this.calls.speed !== null;
    const kind = this.calls.phones[this.handset.number] ?? "person";
    if (document.activeElement !== this.find(".who")) this.find(".who").value = WHO[kind] ? kind : "person";
    this.#renderWords(call);
    this.tick();
    // The focused element may be gone. Keyboard users are moved to the next one.
    if (had && !had.checkVisibility()) this.#focus(phase);
  }

  #focus(phase) {
    const next = { idle: ".dial .go", ringing: ".answer", call: ".keypad button" }[phase];
    this.find(next).focus();
  }

  #renderWords(call) {
    const words = this.find(".words");
    if (this.#shown.sid !== (call?.sid ?? null)) {
      words.replaceChildren();
      this.#shown = { sid: call?.sid ?? null, count: 0 };
    }
    const passages = call?.transcript ?? [];
    const wasAtEnd = words.scrollHeight - words.scrollTop - words.clientHeight < 60;
    for (const passage of passages.slice(this.#shown.count)) {
      const last = words.lastElementChild;
      if (passage.kind === "pressed" && passage.text && last?.dataset.keys) {
        last.dataset.keys += passage.text;
        last.lastChild.textContent = last.dataset.keys;
      } else {
        words.append(line(passage));
      }
    }
    this.#shown.count = passages.length;
    if (call?.trouble && words.dataset.trouble !== call.trouble) {
      words.append(line({ kind: "note", text: `The line failed: ${call.trouble}.` }));
    }
    words.dataset.trouble = call?.trouble ?? "";
    if (wasAtEnd) words.scrollTop = words.scrollHeight;
  }

  /** Show how long the call has lasted. */
  tick() {
    const call = this.call;
    const since = this.#phase === "call" && call?.answered_at ? Date.now() - Date.parse(call.answered_at) : -1;
    const seconds = Math.max(0, Math.floor(since / 1000));
    this.find(".clock").textContent =
      since < 0 ? "" : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}

function stateOf(call) {
  if (!call) return "Idle";
  if (isOver(call)) return ENDED[call.status];
  if (rings(call)) return "Rings";
  if (call.status === "ringing") return "Dialling …";
  return STATES[call.state] ?? "In call";
}

function line(passage) {
  const paragraph = document.createElement("p");
  paragraph.className = passage.kind;
  if (passage.language) paragraph.lang = passage.language;
  const speaker = SPEAKERS[passage.kind] ?? "";
  if (speaker) {
    const who = document.createElement("span");
    who.className = "who-speaks";
    who.textContent = speaker;
    paragraph.append(who);
  }
  const text = passage.kind === "pressed" && !passage.text ? "nothing" : passage.text;
  paragraph.append(document.createTextNode(text));
  if (passage.kind === "pressed" && passage.text) paragraph.dataset.keys = passage.text;
  return paragraph;
}

function fill(select, options) {
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
}
