// The bar that stays in view: every phone with its lamp, and each call that rings, one click from its answer.

import { announce, refuse } from "./announce.js";
import { ask } from "./ask.js";
import { isOver, rings, spoken } from "./calls.js";
import { stateOf } from "./handset.js";
import { button, clock, keep, make, write } from "./make.js";

const at = (id) => document.getElementById(id);

export class Bar {
  #known = new Set();

  /** `show(id)` brings a handset into view, as soon as it is on the page. */
  constructor(calls, show) {
    this.calls = calls;
    this.show = show;
  }

  render() {
    const ringing = this.calls.ringing();
    keep(at("rings"), ringing, (call) => call.sid, (call) => this.#ring(call));
    at("bar").classList.toggle("bar--rings", ringing.length > 0);
    at("still").hidden = ringing.length > 0;
    document.title = ringing.length ? `☎ ${this.#whose(ringing[0])} rings – The exchange` : "The exchange";
    for (const call of ringing) {
      if (this.#known.has(call.sid)) continue;
      this.#known.add(call.sid);
      announce(`${this.#whose(call)} rings. Call from ${spoken(call.from)}.`);
    }
    keep(at("lamps"), this.calls.handsets, (one) => one.id, (one) => this.#lamp(one));
    this.tick();
  }

  #whose(call) {
    return this.calls.nameOf(call.to) || spoken(call.to);
  }

  #ring(call) {
    const item = make("li", "ring");
    const says = make("p", "ring-says");
    const name = this.calls.nameOf(call.from);
    says.append(
      make("b", "", `${this.#whose(call)} rings`),
      make("span", "ring-from", `from ${spoken(call.from)}`),
      make("span", "ring-name", name && `, ${name}`),
    );
    const wrong = make("p", "wrong");
    const act = (words, className, action) => {
      const one = button(words, className, () => action().then(() => refuse(wrong, null), (problem) => refuse(wrong, problem)));
      one.setAttribute("aria-label", `${words} ${this.#whose(call)}`);
      return one;
    };
    const tools = make("div", "ring-tools");
    tools.append(
      act("Answer", "go", () => this.#answer(call)),
      act("Decline", "stop", () => ask(`../handset/${call.sid}/decline`)),
    );
    item.append(make("span", "ring-bell"), says, tools, wrong);
    return item;
  }

  async #answer(call) {
    const isThere = this.calls.handsets.some((handset) => handset.number === call.to);
    if (!isThere) await ask("handsets", { name: `Phone ${call.to.slice(-4)}`, number: call.to });
    await ask(`../handset/${call.sid}/answer`, { at_tempo: true });
    this.show(call.to);
  }

  #lamp(handset) {
    const item = make("li");
    const link = make("a", "lamp");
    link.href = `#handset-${handset.id}`;
    link.append(make("span", "lamp-name", handset.name), make("span", "lamp-state"));
    link.addEventListener("click", (event) => {
      event.preventDefault();
      this.show(handset.number);
    });
    item.append(link);
    return item;
  }

  /** Show which phones ring or talk, and how long each call has lasted. */
  tick() {
    this.calls.handsets.forEach((handset, place) => {
      const link = at("lamps").children[place]?.firstElementChild;
      if (!link) return;
      const call = this.calls.of(handset);
      const phase = !call || isOver(call) ? "idle" : rings(call) ? "ringing" : "call";
      link.dataset.phase = phase;
      const lasts = call?.answered_at ? clock((Date.now() - Date.parse(call.answered_at)) / 1000) : "";
      write(link.lastElementChild, phase === "call" ? lasts || stateOf(call) : "");
    });
  }
}
