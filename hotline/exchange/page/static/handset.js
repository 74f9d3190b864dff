// One handset on the page: what its person hears, and what they can do.

import { announce, refuse } from "./announce.js";
import { ask } from "./ask.js";
import { isOver, rings, spoken } from "./calls.js";
import { clock, keep, keyOf, make, plain, timeOf, write } from "./make.js";

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
  talking: "Talking", recording: "Recorded", waiting: "In a queue", ringing: "Line is dialing",
};
const WHO = {
  person: "I answer it", machine: "voicemail answers", robot: "a call screener answers",
  fax: "a fax answers", busy: "it is busy", unreachable: "it is switched off",
};
/** Two notes of the exchange; people read the first one in other words. */
const ALONE = "you are alone in the conference";
const CONNECTED = "you are now connected";
const SPEAKERS = { heard: "", pressed: "You pressed ", said: "You: ", talk: "They: ", note: "" };
/** How many calls of a handset stay readable on it. */
const MOST_CALLS = 6;

export class Handset {
  #keys = Promise.resolve();
  #phase = "";
  #label = "";
  #newest = "";
  /** Whether the newest words are kept in view, until the person scrolls up. */
  #follows = true;

  /** This phone offers the keys of `guide.chosen`, if that is a card; `changed()` renders the page again. */
  constructor(handset, calls, voice, guide, changed) {
    this.changed = changed;
    this.handset = handset;
    this.calls = calls;
    this.voice = voice;
    this.guide = guide;
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
    this.find(".menu-name").textContent = `Settings of ${name}`;
    this.find(".remove").textContent = `Remove ${name}`;
    this.find(".words").setAttribute("aria-label", `Words on ${name}`);
    this.find(".keypad").setAttribute("aria-label", `Keypad of ${name}`);
    for (const [key, letters] of KEYS) {
      const button = make("button");
      button.type = "button";
      button.dataset.key = key;
      const small = make("small", "", letters);
      small.ariaHidden = "true";
      button.append(make("b", "", key), small);
      if (NAMES[key]) button.setAttribute("aria-label", `${NAMES[key]} (${key})`);
      this.find(".keypad").append(button);
    }
    fill(this.find(".from"), [["", "this number"], ...this.calls.withheld.map((one) => [one, `withheld: ${one}`])]);
    fill(this.find(".to"), this.calls.lines.map((one) => [one, lineOption(this.calls.lineName(one), one)]));
    this.find(".to-label").hidden = this.calls.lines.length < 2;
    fill(this.find(".who"), Object.entries(WHO));
    this.find(".offer-title").textContent = this.calls.stage.cards_title;
    fill(this.find(".offer-card"), this.calls.stage.cards.map(({ keys, says }, place) => [place, `${keys[0]} · ${says}`]));
    [...this.find(".offer-card").options].forEach((option, place) => { option.lang = this.calls.stage.cards[place].language; });
  }

  #listen() {
    this.#on(".dial", "submit", () => this.dial());
    this.#on(".answer", "click", () => this.#act("answer", { at_tempo: true }));
    this.#on(".decline", "click", () => this.#act("decline"));
    this.#on(".voicemail", "click", () => this.#act("voicemail"));
    this.#on(".hang-up", "click", () => this.#act("hang-up"));
    this.#on(".wait", "click", () => this.#act("silence"));
    this.#on(".remove", "click", () => ask(`handsets/${this.handset.id}`, {}, "DELETE"));
    this.#on(".who", "change", () => ask("../handset/set", {
      number: this.handset.number, kind: this.find(".who").value, after_seconds: 2,
    }));
    this.#on(".from", "change", () => this.changed());
    this.#on(".words", "scroll", () => {
      const words = this.find(".words");
      this.#follows = words.scrollHeight - words.scrollTop - words.clientHeight < 60;
    });
    this.#on(".say", "submit", async () => {
      const input = this.find(".say input");
      const words = input.value.trim();
      if (!words) return;
      await this.#act("words", { words });
      input.value = "";
    });
    this.#on(".offer-card", "change", ({ target }) => {
      this.guide.chosen = this.calls.stage.cards[target.value];
      this.changed();
    });
    this.#on(".offer-keys", "click", async () => {
      const { keys } = this.find(".offer-keys").dataset;
      this.find(".keypad button").focus();
      await this.#press(keys);
    });
    this.#on(".keypad", "click", (event) => {
      const key = event.target.closest("button")?.dataset.key;
      return key && this.#press(key);
    });
    this.element.addEventListener("keydown", (event) => {
      const key = keyOf(event);
      if (key) this.press(key);
    });
    this.element.addEventListener("paste", (event) => {
      if (event.target.closest("input, textarea")) return;
      const keys = event.clipboardData.getData("text").replace(/[\s-]/g, "");
      if (/^[0-9*#]{1,40}$/.test(keys)) this.press(keys);
    });
  }

  #on(selector, type, action) {
    this.find(selector).addEventListener(type, (event) => {
      if (type === "submit") event.preventDefault();
      this.#try(() => action(event));
    });
  }

  async #try(action) {
    try {
      await action();
      refuse(this.find(".wrong"), null);
    } catch (problem) {
      refuse(this.find(".wrong"), problem);
    }
  }

  #act(action, given = {}) {
    this.calls.use(this.handset.id);
    this.voice.stops(this.handset.id);
    return ask(`../handset/${this.call.sid}/${action}`, given);
  }

  dial() {
    this.calls.use(this.handset.id);
    return ask(`handsets/${this.handset.id}/dial`, { from: this.find(".from").value, to: this.find(".to").value });
  }

  /** Press each of `keys`, and show on this phone what goes wrong. */
  press(keys) {
    return this.#try(() => this.#press(keys));
  }

  /** Keys go out in the order in which they were pressed, whatever the network does. */
  #press(keys) {
    if (this.#phase !== "call") return null;
    for (const key of keys) {
      const button = this.find(`.keypad [data-key="${key}"]`);
      button.classList.add("pressed");
      setTimeout(() => button.classList.remove("pressed"), 150);
      const sent = this.#keys.then(() => this.#act("types", { keys: key }));
      this.#keys = sent.catch(() => {});
      this.last = sent;
    }
    return this.last;
  }

  /** Whether this phone calls under another number than its own. */
  get isDisguised() {
    return this.find(".from").value !== "";
  }

  showOwnNumber() {
    this.find(".from").value = "";
  }

  get isInCall() {
    return this.#phase === "call";
  }

  /** Bring the phone into view and move the focus to what can be done with it. */
  show() {
    this.element.scrollIntoView({ block: "nearest" });
    this.#focus(this.#phase);
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
    this.#renderState(call, phase);
    const canSpeak = phase === "call" && ["talking", "recording"].includes(call.state);
    this.find(".say").hidden = !canSpeak;
    this.find(".wait").hidden = this.calls.speed !== null;
    this.#renderOffer(call);
    this.#renderWords();
    this.tick();
    // The focused element may be gone. Keyboard users are moved to the next one.
    if (had && !had.checkVisibility()) this.#focus(phase);
  }

  #renderState(call, phase) {
    const kind = this.calls.phones[this.handset.number] ?? "person";
    const who = this.find(".who");
    if (document.activeElement !== who) who.value = WHO[kind] ? kind : "person";
    const label = stateOf(call);
    write(this.find(".pill"), label);
    this.element.dataset.state = phase === "call" ? call.state : phase;
    const from = this.find(".from").value;
    const unusual = [kind === "person" ? "" : WHO[kind] ?? kind, from && `calls as ${from}`].filter(Boolean);
    write(this.find(".number"), [spoken(this.handset.number), ...unusual].join(" · "));
    if (phase === "ringing") {
      write(this.find(".caller-number"), spoken(call.from));
      write(this.find(".caller-name"), this.calls.nameOf(call.from));
    }
    if (this.#label && label !== this.#label) announce(`${this.handset.name}: ${label}`);
    this.#label = label;
  }

  #renderOffer(call) {
    const offer = this.find(".offer");
    const place = call ? this.calls.asksFor(call) : -1;
    const card = place < 0 ? null : this.guide.chosen;
    offer.hidden = !card;
    if (!card) return;
    this.find(".offer-card").value = this.calls.stage.cards.indexOf(card);
    const button = this.find(".offer-keys");
    button.dataset.keys = card.keys[place];
    write(button, `Key ${plain(this.calls.stage.card_keys[place].name)} ${card.keys[place]}`);
  }

  #focus(phase) {
    const next = { idle: ".dial .go", ringing: ".answer", call: ".keypad button" }[phase];
    this.find(next).focus();
  }

  /** Every call of this phone, the oldest first: what was heard stays after the call. */
  #renderWords() {
    const words = this.find(".words");
    const mine = this.calls.allOf(this.handset).filter((call) => call.status !== "queued").slice(-MOST_CALLS);
    const texts = this.calls.textsOf(this.handset).slice(-MOST_CALLS);
    const wanted = [...mine, ...texts].sort((a, b) => Date.parse(a.placed_at) - Date.parse(b.placed_at));
    const parts = keep(words, wanted, (one) => one.sid, (one) => this.#part(one));
    wanted.forEach((one, place) => (one.body === undefined ? this.#hear(parts[place], one) : this.#read(parts[place], one)));
    const newest = mine.at(-1)?.sid ?? "";
    if (newest !== this.#newest) this.#follows = true;
    this.#newest = newest;
    if (this.#follows) words.scrollTop = words.scrollHeight;
  }

  /** The part of the words that one call or text has. */
  #part({ sid, direction, to, from, placed_at, body }) {
    const part = make("div", body === undefined ? "one-call" : "one-call one-text");
    part.dataset.sid = sid;
    part.dataset.count = "0";
    const isMine = direction === "inbound";
    const what = body === undefined ? (isMine ? "You called" : "Call from") : isMine ? "You texted" : "Text from";
    const head = make("p", "call-head");
    head.append(make("span", "", `${what} ${spoken(isMine ? to : from)}`), timeOf(placed_at, "short"));
    part.append(head);
    return part;
  }

  #read(part, text) {
    if (part.childElementCount > 1) return;
    part.append(make("p", text.direction === "inbound" ? "text text-sent" : "text", text.body));
    if (text.isNew && text.direction !== "inbound") announce(`${this.handset.name}: text from ${spoken(text.from)}: ${text.body}`);
  }

  #hear(part, call) {
    const passages = call.transcript;
    for (const [place, passage] of [...passages.entries()].slice(Number(part.dataset.count))) {
      const last = part.lastElementChild;
      if (passage.kind === "pressed" && passage.text && last?.dataset.keys && last.dataset.lost === String(passage.lost)) {
        last.dataset.keys += passage.text;
        last.lastChild.textContent = pressed(last.dataset.keys, passage.lost);
      } else {
        part.append(line({ ...passage, text: noteOf(passage.text, passages.slice(0, place)) }));
      }
    }
    part.dataset.count = String(passages.length);
    if (call.trouble) {
      // The trouble may be known before the last words: it always stands below them.
      const trouble = part.querySelector(".trouble") ?? line({ kind: "note trouble", text: "" });
      write(trouble, `The line failed: ${call.trouble}.`);
      part.insertBefore(trouble, part.querySelector(".end"));
    }
    if (isOver(call) && !part.dataset.over) {
      part.dataset.over = "yes";
      const lasted = call.answered_at && call.ended_at ? `, ${clock((Date.parse(call.ended_at) - Date.parse(call.answered_at)) / 1000)}` : "";
      part.append(line({ kind: "end", text: `${ENDED[call.status]}${lasted}` }));
    }
  }

  /** Show how long the call has lasted. */
  tick() {
    const since = this.#phase === "call" && this.call?.answered_at ? Date.parse(this.call.answered_at) : null;
    write(this.find(".clock"), since === null ? "" : clock((Date.now() - since) / 1000));
  }
}

export function stateOf(call) {
  if (!call) return "Idle";
  if (isOver(call)) return ENDED[call.status];
  if (rings(call)) return "Rings";
  if (call.status === "ringing") return "Dialing …";
  return STATES[call.state] ?? "In call";
}

function line(passage) {
  const paragraph = make("p", passage.kind);
  if (passage.language) paragraph.lang = passage.language;
  const speaker = SPEAKERS[passage.kind] ?? "";
  if (speaker) paragraph.append(make("span", "who-speaks", speaker));
  const text = passage.kind === "pressed" ? pressed(passage.text, passage.lost) : passage.text;
  paragraph.append(document.createTextNode(text));
  if (passage.kind === "pressed" && passage.text) Object.assign(paragraph.dataset, { keys: passage.text, lost: passage.lost });
  return paragraph;
}

const pressed = (keys, lost) => (keys ? `${keys}${lost ? " (not heard)" : ""}` : "nothing");

/** The line may say that both are connected a moment before they are: the note is true then, and after the talk. */
function noteOf(text, earlier) {
  if (text !== ALONE) return text;
  return earlier.some((one) => one.text.startsWith(CONNECTED)) ? "the other side has left" : "the other side is joining";
}

/** A named line by its name and its last digits, which is as much as a phone's width shows. */
const lineOption = (name, number) => (name ? `${name} · …${number.slice(-4)}` : spoken(number));

function fill(select, options) {
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
}
