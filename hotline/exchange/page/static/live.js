// Follows the exchange. However many tabs are open, only one of them holds the stream and passes events on,
// since a browser has only six connections to a host and the exchange a thread for each.

const RETRY_MILLISECONDS = 3000;

/** Whether happening `number` of `id` ("epoch-number") is the next one, an old one, or shows a gap. */
function place(id, last) {
  const [epoch, number] = [id.split("-")[0], Number(id.split("-")[1])];
  const [lastEpoch, lastNumber] = [last.split("-")[0], Number(last.split("-")[1])];
  if (epoch !== lastEpoch || number > lastNumber + 1) return "gap";
  return number <= lastNumber ? "old" : "next";
}

export class Live {
  #last = "";
  #source = null;
  #channel = new BroadcastChannel("exchange");
  #early = [];

  /** `onHappening` gets each happening once and in order; `onLost` is called when the page must be read again. */
  constructor({ onHappening, onLost, onState }) {
    this.onHappening = onHappening;
    this.onLost = onLost;
    this.onState = onState;
    this.#channel.onmessage = ({ data }) => {
      if (data.state) this.onState(data.state);
      else this.#take(data);
    };
  }

  /** Follow from the state that was read, whose id is `last`. */
  follow(last) {
    this.#last = last;
    const early = this.#early;
    this.#early = [];
    early.forEach((one) => this.#take(one));
    if (this.#source) this.#open();
    else if (!this.asked) this.#lead();
  }

  #lead() {
    this.asked = true;
    if (!navigator.locks) {
      this.#open();
      return;
    }
    navigator.locks.query().then(({ held }) => {
      if (held.some((one) => one.name === "exchange")) this.onState("live");
    });
    // The lock is held until this tab is closed; then another tab holds the stream.
    navigator.locks.request("exchange", () => new Promise(() => this.#open()));
  }

  #open() {
    this.#source?.close();
    const source = new EventSource(`events?after=${encodeURIComponent(this.#last)}`);
    this.#source = source;
    source.onopen = () => this.#tellState("live");
    source.onmessage = ({ lastEventId, data }) => {
      const told = { id: lastEventId, happening: JSON.parse(data) };
      this.#channel.postMessage(told);
      this.#take(told);
    };
    source.addEventListener("reset", () => {
      source.close();
      this.#channel.postMessage({ id: "reset-0" });
      this.#lose();
    });
    source.onerror = () => {
      this.#tellState("lost");
      // A browser reconnects by itself, but not after an answer that is not a stream.
      if (source.readyState === EventSource.CLOSED) {
        setTimeout(() => source === this.#source && this.#open(), RETRY_MILLISECONDS);
      }
    };
  }

  #tellState(state) {
    this.onState(state);
    this.#channel.postMessage({ state });
  }

  #take(told) {
    if (!this.#last) {
      this.#early.push(told);
      return;
    }
    const where = place(told.id, this.#last);
    if (where === "next") {
      this.#last = told.id;
      this.onHappening(told.happening);
    } else if (where === "gap") {
      this.#lose();
    }
  }

  #lose() {
    this.#last = "";
    this.#early = [];
    this.onLost();
  }
}
