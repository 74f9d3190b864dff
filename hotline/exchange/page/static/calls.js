// The page's copy of the exchange's state: calls, handsets, and who picks up which phone.

const FINAL = new Set(["completed", "busy", "failed", "no-answer", "canceled"]);
const MOST_CALLS = 400;

export const isOver = (call) => FINAL.has(call.status);
export const rings = (call) => call.status === "ringing" && call.direction !== "inbound";

export class Calls {
  /** Handset ids, the one that was used last at the end. */
  #used = [];

  /** Take the state that was read; `onHeard(call, passage)` is called for each later passage. */
  constructor(onHeard) {
    this.onHeard = onHeard;
    const stage = { title: "", links: [], steps: [], card_keys: [], cards: [], phones: [], lines: [] };
    this.read({ calls: [], handsets: [], first: [], phones: {}, lines: [], withheld: [], speed: 1, stage, log: [] });
  }

  read(state) {
    this.all = new Map(state.calls.map((call) => [call.sid, call]));
    this.handsets = state.handsets;
    this.first = state.first;
    this.phones = state.phones;
    this.lines = state.lines;
    this.withheld = state.withheld;
    this.speed = state.speed;
    this.stage = state.stage;
    this.texts = new Map();
    for (const happening of state.log) if (happening.kind === "message") this.#text(happening, false);
  }

  apply({ kind, call: sid, at, facts }) {
    if (kind === "message") this.#text({ at, facts }, true);
    if (kind === "placed") {
      this.#forget();
      const call = { sid, ...facts, status: "queued", state: "nothing", trouble: "", transcript: [], placed_at: at };
      if (!this.all.has(sid)) this.all.set(sid, call);
    } else if (kind === "handsets") {
      this.handsets = facts.handsets;
    } else if (kind === "phone") {
      this.phones[facts.number] = facts.answering;
    } else if (kind === "tempo") {
      this.speed = facts.speed;
    }
    const call = this.all.get(sid);
    if (!call) return;
    if (kind === "status") {
      call.status = facts.status;
      if (call.status === "in-progress") call.answered_at ??= at;
      if (isOver(call)) call.ended_at ??= at;
    } else if (kind === "state") {
      call.state = facts.state;
    } else if (kind === "trouble") {
      call.trouble = facts.trouble;
    } else if (kind === "transcript") {
      facts.passages.forEach((passage, place) => this.#hear(call, facts.at + place, passage));
    }
  }

  #text({ at, facts }, isNew) {
    const known = this.texts.get(facts.sid);
    this.texts.set(facts.sid, { placed_at: at, isNew, ...known, ...facts });
  }

  /** A page that is open for long under load remembers the newest calls alone. */
  #forget() {
    if (this.all.size < MOST_CALLS) return;
    for (const [sid, call] of this.all) {
      if (isOver(call)) this.all.delete(sid);
      if (this.all.size < MOST_CALLS) return;
    }
  }

  #hear(call, place, passage) {
    const isNew = place >= call.transcript.length;
    call.transcript[place] = passage;
    if (isNew) this.onHeard(call, passage);
  }

  /** The calls of a handset, the oldest first. */
  allOf(handset) {
    return [...this.all.values()].filter((call) => this.isAt(handset, call));
  }

  /** The texts to and from a handset, the oldest first. */
  textsOf({ number }) {
    return [...this.texts.values()].filter((one) => (one.direction === "inbound" ? one.from : one.to) === number);
  }

  /** The current call of a handset, or the call that rings it, or else its last one. */
  of(handset) {
    const mine = this.allOf(handset);
    const lasting = mine.filter((call) => !isOver(call) && call.status !== "queued");
    return lasting.find((call) => !rings(call)) ?? lasting[0] ?? mine.filter(isOver).at(-1) ?? null;
  }

  isAt(handset, call) {
    return call.direction === "inbound" ? call.handset === handset.id : call.to === handset.number;
  }

  /** The call that a handset is in, or null. */
  lasting(handset) {
    const call = this.of(handset);
    return call && !isOver(call) && !rings(call) ? call : null;
  }

  ringing() {
    return [...this.all.values()].filter(rings);
  }

  /** Somebody uses this handset now: keys from a card go to it first. */
  use(id) {
    this.#used = [...this.#used.filter((one) => one !== id), id];
  }

  /** The handset that waits for keys, the last used one first; else the first handset. */
  asking() {
    const waits = this.handsets.filter((one) => this.lasting(one)?.state === "keys");
    return waits.sort((a, b) => this.#used.indexOf(b.id) - this.#used.indexOf(a.id))[0] ?? this.handsets[0] ?? null;
  }

  /** Which of the stage's card keys the person on this call was last asked for; -1 for none. */
  asksFor(call) {
    if (call?.state !== "keys") return -1;
    const since = call.transcript.findLastIndex(({ kind, lost }) => kind === "pressed" && !lost) + 1;
    return this.wasAskedFor(call, since);
  }

  /** The same, also while it is still said, or asked again in other words after keys that were wrong. */
  wasAskedFor(call, since = 0) {
    for (const { kind, text } of call.transcript.slice(since).reverse()) {
      const heard = text.toLowerCase();
      const found = this.stage.card_keys.findIndex(({ asked }) =>
        kind === "heard" && asked.some((words) => heard.includes(words.toLowerCase())));
      if (found >= 0) return found;
    }
    return -1;
  }

  /** Whether the handsets differ from those at the start. */
  get isChanged() {
    const ids = this.handsets.map((one) => one.id).join();
    return ids !== this.first.join() || this.handsets.some((one) => (this.phones[one.number] ?? "person") !== "person");
  }

  /** A number and whose it is: a phone of the page, or one of the line's own. */
  nameOf(number) {
    const handset = this.handsets.find((one) => one.number === number);
    return handset?.name ?? (this.lines.includes(number) ? this.lineName(number) || this.stage.title : "");
  }

  lineName(number) {
    return this.stage.lines.find((one) => one.number === number)?.name ?? "";
  }
}

/** A number with spaces, for people. */
export function spoken(number) {
  if (/^\+\d+$/.test(number)) return number.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, "+1 $1 $2 $3");
  return number ? `withheld (${number})` : "withheld";
}
