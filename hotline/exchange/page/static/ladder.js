// The log: each call as a ladder between its phone and the line. A rung is a request and what came back.

import { isOver, spoken } from "./calls.js";
import { make, timeOf, write } from "./make.js";
import { twiml, verbs } from "./twiml.js";

const MOST_CALLS = 60;
const MOST_RUNGS = 300;
const STATUS = {
  queued: "Waits", ringing: "Rings", "in-progress": "In call", completed: "Completed", busy: "Busy",
  "no-answer": "Not answered", canceled: "Canceled", failed: "Failed",
};
const NOTES = {
  ringing: "The phone rings", "in-progress": "The phone answers", completed: "The call is over",
  busy: "The phone is busy, or the call was declined", "no-answer": "Nobody answers",
  canceled: "The line stops ringing", failed: "The phone cannot be reached",
};
const TONES = { ringing: "warn", "in-progress": "good", failed: "bad" };

export class Ladder {
  #groups = new Map();
  #opened = null;

  constructor(list, empty, calls) {
    this.list = list;
    this.empty = empty;
    this.calls = calls;
  }

  clear() {
    this.#groups.clear();
    this.#opened = null;
    this.list.replaceChildren();
    this.empty.hidden = false;
    this.#count();
  }

  #count() {
    write(document.getElementById("call-count"), String([...this.#groups.keys()].filter(Boolean).length));
  }

  add({ kind, call: sid, at, facts }) {
    const rung = RUNGS[kind]?.(at, facts, this.calls.all.get(sid), this.calls);
    if (!rung) {
      this.#groups.get(sid)?.refresh();
      return;
    }
    const group = this.#groups.get(sid) ?? this.#begin(sid, at);
    group.add(rung, kind, facts);
  }

  #begin(sid, at) {
    const group = new Group(sid, at, this.calls);
    this.#groups.set(sid, group);
    this.empty.hidden = true;
    if (!sid) {
      this.list.append(group.element);
      return group;
    }
    this.list.prepend(group.element);
    // The newest call is open, until somebody opens or closes one.
    if (!this.#opened || this.#opened.isUntouched) {
      if (this.#opened) this.#opened.open(false);
      group.open(true);
      this.#opened = group;
    }
    while (this.#groups.size > MOST_CALLS) {
      const [oldest] = this.#groups.keys();
      this.#groups.get(oldest).element.remove();
      this.#groups.delete(oldest);
    }
    this.#count();
    return group;
  }
}

class Group {
  isUntouched = true;
  #requests = 0;
  #findings = 0;
  #isBad = false;

  constructor(sid, at, calls) {
    this.sid = sid;
    this.calls = calls;
    const call = calls.all.get(sid);
    this.element = make("li", "call");
    this.element.dataset.sid = sid;
    this.details = make("details");
    const summary = make("summary");
    summary.addEventListener("click", () => { this.isUntouched = false; });
    this.title = make("h3", "call-title");
    this.tags = make("span", "call-tags");
    this.last = make("p", "call-last");
    summary.append(this.title, timeOf(call?.placed_at ?? at), this.tags, this.last);
    this.rungs = make("ol", "rungs");
    const poles = make("p", "poles");
    const [phone, line] = poleNames(call, calls);
    poles.append(make("span", "pole", phone), make("span", "pole", line));
    const ladder = make("div", "ladder");
    ladder.append(poles, this.rungs);
    this.details.append(summary, ladder);
    this.element.append(this.details);
    this.#title(call, calls);
    this.refresh();
  }

  open(isOpen) {
    this.details.open = isOpen;
  }

  #title(call, calls) {
    if (!call) {
      write(this.title, this.sid ? "A call that was forgotten" : "Texts and other requests");
      return;
    }
    const from = callerOf(call, calls) || spoken(call.from);
    const to = calls.nameOf(call.to) || spoken(call.to);
    this.title.append(make("b", "", from), make("span", "call-way", " → "), make("b", "", to));
  }

  add(rung, kind, facts) {
    this.rungs.append(rung);
    while (this.rungs.childElementCount > MOST_RUNGS) this.rungs.firstElementChild.remove();
    if (kind === "webhook") {
      this.#requests += 1;
      const faults = facts.trouble || facts.status >= 400 ? 1 : 0;
      this.#findings += facts.findings.length + faults;
    }
    this.#isBad ||= kind === "webhook" && markOf(facts) === "is-marked";
    this.element.classList.toggle("is-marked", this.#findings > 0);
    this.element.classList.toggle("is-warned", this.#findings > 0 && !this.#isBad);
    this.refresh();
  }

  refresh() {
    const call = this.calls.all.get(this.sid);
    write(this.last, lastOf(call));
    const tags = [];
    if (call) tags.push([STATUS[call.status] ?? call.status, TONES[call.status] ?? ""]);
    tags.push([this.#requests === 1 ? "1 request" : `${this.#requests} requests`, ""]);
    if (this.#findings) tags.push([this.#findings === 1 ? "1 finding" : `${this.#findings} findings`, this.#isBad ? "bad" : "warn"]);
    const words = tags.map(([text]) => text).join();
    if (this.tags.dataset.words === words) return;
    this.tags.dataset.words = words;
    this.tags.replaceChildren(...tags.map(([text, tone]) => make("span", `tag ${tone}`, text)));
  }
}

/** The last sentence of a call, or the keys after it that were heard. */
function lastOf(call) {
  const passages = (call?.transcript ?? []).filter(({ kind, text, lost }) => text && kind !== "note" && !lost);
  const keys = passages.slice(passages.findLastIndex(({ kind }) => kind !== "pressed") + 1);
  if (keys.length) return `Keys ${keys.map(({ text }) => text).join("")}`;
  return passages.length ? `“${passages.at(-1).text}”` : "";
}

function whose(call, calls) {
  if (!call) return "somebody";
  return (call.direction === "inbound" ? callerOf(call, calls) || spoken(call.from) : calls.nameOf(call.to) || spoken(call.to));
}

function callerOf(call, calls) {
  return calls.handsets.find((one) => one.id === call.handset)?.name ?? calls.nameOf(call.from);
}

/** Whose pole is left, and whose is right: the phone, and the line. */
function poleNames(call, calls) {
  if (!call) return ["Phones", calls.stage.title || "The line"];
  const isInbound = call.direction === "inbound";
  const number = isInbound ? call.from : call.to;
  const name = isInbound ? callerOf(call, calls) : calls.nameOf(number);
  return [name ? `${name}, ${spoken(number)}` : spoken(number), calls.stage.title || "The line"];
}

const RUNGS = {
  placed(at, facts, call, calls) {
    if (facts.direction === "outbound-api") return arrowRung(at, `Call ${spoken(facts.to)}`, "order");
    if (facts.direction === "outbound-dial") return note(at, `Dialed by the call of ${whose(calls.all.get(facts.parent), calls)}`);
    return note(at, `Dials ${spoken(facts.to)}`);
  },
  status(at, facts, call) {
    if (call?.direction === "inbound" && !isOver(facts)) return null;
    return NOTES[facts.status] ? note(at, NOTES[facts.status]) : null;
  },
  trouble: (at, facts) => (facts.trouble ? note(at, `The line failed: ${facts.trouble}.`, "bad") : null),
  webhook: (at, facts) => request(at, facts),
  message(at, facts) {
    const isToLine = facts.direction === "inbound";
    const who = isToLine ? `from ${spoken(facts.from)}` : `to ${spoken(facts.to)}`;
    return arrowRung(at, `Text ${who}, ${facts.status}: ${facts.body}`, isToLine ? "sent" : "order");
  },
};

function note(at, words, tone = "") {
  const rung = make("li", `rung note ${tone}`);
  rung.append(timeOf(at), make("span", "note-says", words));
  return rung;
}

function arrowRung(at, words, className) {
  const rung = make("li", `rung ${className}`);
  const box = make("span", "arrow-box");
  box.append(arrow(className === "order" ? "back" : "out", [make("span", "path", words)]));
  rung.append(timeOf(at), box);
  return rung;
}

function arrow(way, parts) {
  const one = make("span", `arrow ${way}`);
  const says = make("span", "arrow-says");
  says.append(...parts);
  one.append(says);
  return one;
}

function request(at, facts) {
  const rung = make("li", `rung ${facts.is_event ? "event" : "turn"} ${markOf(facts)}`);
  const details = make("details");
  const summary = make("summary");
  const params = new Map(facts.params);
  const asked = [make("span", "method", facts.method), make("span", "path", new URL(facts.url).pathname)];
  const digits = params.get("Digits");
  const event = params.get("CallStatus") ?? params.get("StatusCallbackEvent") ?? params.get("MessageStatus") ?? params.get("AnsweredBy");
  if (facts.is_event) asked.push(make("span", "tag", event ?? "event"));
  else if (digits) asked.push(make("span", "tag info", `keys ${digits}`));
  const isGood = facts.status >= 200 && facts.status < 300;
  const answered = [make("span", isGood ? "code good" : "code bad", facts.status === null ? "no answer" : String(facts.status))];
  const does = facts.is_event ? "" : verbs(facts.body);
  if (does) answered.push(make("span", "does", does));
  if (facts.findings.length) {
    answered.push(make("span", `tag ${markOf(facts).includes("is-warned") ? "warn" : "bad"}`, facts.findings.length === 1 ? "1 finding" : `${facts.findings.length} findings`));
  }
  if (facts.trouble) answered.push(make("span", "tag bad", "fault"));
  answered.push(make("span", "took", `${facts.milliseconds} ms`));
  summary.append(timeOf(at), arrow("out", asked), arrow("back", answered));
  details.append(summary);
  // Most rungs are never opened, so their content is made only when they are.
  details.addEventListener("toggle", () => details.append(inside(facts)), { once: true });
  rung.append(details);
  return rung;
}

/** How bad it is: an error or a fault, only warnings, or nothing. */
function markOf({ trouble, status, findings }) {
  if (trouble || status >= 400 || findings.some((one) => one.severity === "error")) return "is-marked";
  return findings.length ? "is-marked is-warned" : "";
}

function inside(facts) {
  const box = make("div", "inside");
  const sent = make("div", "sent");
  sent.append(make("h4", "", "Parameters"), parameters(facts.params));
  const came = make("div", "came");
  if (facts.trouble) {
    const code = facts.code ? ` (${facts.code})` : "";
    came.append(make("p", "fault", `Fault: ${facts.trouble}${code}.`));
  }
  if (facts.body) {
    came.append(make("h4", "", facts.is_event ? "Answer" : "TwiML"), twiml(facts.body, facts.findings));
    if (!facts.is_event && !facts.findings.length) {
      came.append(make("p", "quiet", "The strict reader finds nothing wrong with it."));
    }
  }
  box.append(sent);
  if (came.childElementCount) box.append(came);
  return box;
}

function parameters(params) {
  const list = make("dl");
  for (const [name, value] of params.filter(([, one]) => one !== "")) {
    const row = make("div");
    row.append(make("dt", "", name), make("dd", "", value));
    list.append(row);
  }
  const blank = params.filter(([, one]) => one === "").map(([name]) => name);
  if (blank.length) {
    const row = make("div", "rest");
    row.append(make("dt", "", "Empty"), make("dd", "", blank.join(", ")));
    list.append(row);
  }
  return list;
}
