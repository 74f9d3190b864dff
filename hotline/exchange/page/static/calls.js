// The page's copy of the exchange's state: calls, handsets, and who picks up which phone.

const FINAL = new Set(["completed", "busy", "failed", "no-answer", "canceled"]);

export const isOver = (call) => FINAL.has(call.status);
export const rings = (call) => call.status === "ringing" && call.direction !== "inbound";

export class Calls {
  /** Take the state that was read; `onHeard(call, passage)` is called for each later passage. */
  constructor(onHeard) {
    this.onHeard = onHeard;
    this.read({ calls: [], handsets: [], phones: {}, lines: [], withheld: [], speed: 1 });
  }

  read(state) {
    this.all = new Map(state.calls.map((call) => [call.sid, call]));
    this.handsets = state.handsets;
    this.phones = state.phones;
    this.lines = state.lines;
    this.withheld = state.withheld;
    this.speed = state.speed;
  }

  apply({ kind, call: sid, at, facts }) {
    if (kind === "placed") {
      const call = { sid, ...facts, status: "queued", state: "nothing", trouble: "", transcript: [] };
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
    } else if (kind === "state") {
      call.state = facts.state;
    } else if (kind === "trouble") {
      call.trouble = facts.trouble;
    } else if (kind === "transcript") {
      facts.passages.forEach((passage, place) => this.#hear(call, facts.at + place, passage));
    }
  }

  #hear(call, place, passage) {
    const isNew = place >= call.transcript.length;
    call.transcript[place] = passage;
    if (isNew) this.onHeard(call, passage);
  }

  /** The current call of a handset, or the call that rings it, or else its last one. */
  of(handset) {
    const mine = [...this.all.values()].filter((call) => this.isAt(handset, call));
    const lasting = mine.filter((call) => !isOver(call) && call.status !== "queued");
    return lasting.find((call) => !rings(call)) ?? lasting[0] ?? mine.filter(isOver).at(-1) ?? null;
  }

  isAt(handset, call) {
    return call.direction === "inbound" ? call.handset === handset.id : call.to === handset.number;
  }

  /** The calls that ring at phones without a handset. */
  unseen() {
    const seen = new Set(this.handsets.map((handset) => this.of(handset)?.sid));
    return [...this.all.values()].filter((call) => rings(call) && !seen.has(call.sid));
  }
}

/** A number with spaces, for people. */
export function spoken(number) {
  return number.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, "+1 $1 $2 $3") || "a withheld number";
}
