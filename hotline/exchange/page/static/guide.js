// What to do first: the steps to try, and the cards whose keys are clicked into a phone.

import { announce } from "./announce.js";
import { button, keyOf, make, plain, write } from "./make.js";

const at = (id) => document.getElementById(id);
const FIRST_CARDS = 6;

export class Guide {
  /** `phone(handset)` is the view of a handset. */
  constructor(calls, phone) {
    this.calls = calls;
    this.phone = phone;
    this.chosen = null;
    this.told = "";
    this.cards = [];
    // After a click on a card the focus is here: what is typed next is meant for the phone.
    at("cards").addEventListener("keydown", (event) => {
      const key = keyOf(event);
      const handset = key && this.calls.asking();
      if (handset) this.phone(handset)?.press(key);
    });
  }

  /** Show the stage that was read. */
  write() {
    const { stage } = this.calls;
    write(at("title"), stage.title);
    const line = this.calls.lines.length ? stage.title : "the line";
    write(at("guide-line"), line);
    write(at("log-line"), line);
    at("links").replaceChildren(...stage.links.map((one) => listed(link(one, "top-button"))));
    at("steps").replaceChildren(...stage.steps.map((one) => this.#step(one)));
    at("cards").hidden = stage.cards.length === 0;
    write(at("cards-title"), stage.cards_title);
    const cards = stage.cards.map((one, place) => this.#card(one, place));
    at("card-list").replaceChildren(...cards.slice(0, FIRST_CARDS));
    at("more-list").replaceChildren(...cards.slice(FIRST_CARDS));
    at("more-cards").hidden = cards.length <= FIRST_CARDS;
    write(at("more-cards").querySelector("summary"), `${cards.length - FIRST_CARDS} more`);
    this.cards = cards;
    this.chosen = stage.cards[0] ?? null;
    this.render();
  }

  #step({ title, text, dials, command, link: to }) {
    const item = make("li", "step");
    item.append(make("h3", "", title), make("p", "", text));
    if (command) item.append(copied(command));
    if (dials) {
      const name = this.calls.handsets[0]?.name;
      if (name) item.append(button(`Dial as ${name}`, "primary", () => this.#dials()));
    }
    if (to) item.append(link(to, "button"));
    return item;
  }

  #dials() {
    const [first] = this.calls.handsets;
    const view = first && this.phone(first);
    if (!view) return;
    view.show();
    if (!view.isInCall) view.find(".dial .go").click();
  }

  #card(card, place) {
    const item = make("li", "case");
    const says = make("p", "case-says", card.says);
    says.lang = card.language;
    says.id = `card-${place}`;
    const keys = make("div", "case-keys");
    card.keys.forEach((key, at_) => {
      const { name } = this.calls.stage.card_keys[at_];
      const one = button("", "key", () => this.#press(card, key, at_));
      one.dataset.place = String(at_);
      one.append(make("span", "key-name", name), make("b", "", key));
      one.setAttribute("aria-describedby", says.id);
      keys.append(one);
    });
    item.append(says, keys);
    return item;
  }

  #press(card, keys, place) {
    const { name, asked } = this.calls.stage.card_keys[place];
    this.chosen = card;
    const handset = this.calls.asking();
    const view = handset && this.phone(handset);
    if (!view?.isInCall) {
      this.told = handset ? `Dial first: the phone ${handset.name} is not in a call.` : "Add a phone first.";
      announce(this.told);
    } else if (asked.length && this.calls.wasAskedFor(this.calls.lasting(handset)) !== place) {
      // At a menu the digits would be choices: a 0 calls a person.
      this.told = `Not yet: ${handset.name} is not asked for a ${plain(name)}.`;
      announce(this.told);
    } else {
      this.told = `${name} ${keys} was keyed on ${handset.name}.`;
      view.press(keys);
    }
    this.render();
  }

  render() {
    const handset = this.calls.asking();
    const place = handset ? this.calls.asksFor(this.calls.lasting(handset)) : -1;
    const name = this.calls.stage.card_keys[place]?.name;
    // What was too early is over once the phone asks.
    if (name && this.told?.startsWith("Not yet")) this.told = "";
    const wanted = name ? `${handset.name} is asked for a ${plain(name)}: click one.` : this.told || this.#hint();
    write(at("cards-hint"), wanted);
    at("cards-hint").classList.toggle("is-asked", Boolean(name));
    this.cards.forEach((item, number) => {
      item.classList.toggle("is-chosen", this.calls.stage.cards[number] === this.chosen);
      for (const key of item.querySelectorAll(".key")) {
        key.classList.toggle("is-asked", Number(key.dataset.place) === place);
      }
    });
  }

  #hint() {
    const names = this.calls.stage.card_keys.map((one) => plain(one.name)).join(" or ");
    return names && `Click a ${names}: it is keyed into the phone that asks for it.`;
  }
}

function link({ text, url }, className) {
  const one = make("a", className, text);
  // A stage is written by whoever starts the exchange; a link still leads to a page and runs nothing.
  if (/^https?:/.test(url)) one.href = url;
  // The phones stay in view beside what was opened.
  one.target = "_blank";
  one.rel = "noopener";
  one.append(make("span", "hidden", " (new tab)"));
  return one;
}

function listed(element) {
  const item = make("li");
  item.append(element);
  return item;
}

function copied(command) {
  const box = make("div", "command");
  const code = make("code", "", command);
  const says = make("p", "copy-says");
  const copy = button("Copy", "small", async () => {
    try {
      await navigator.clipboard.writeText(command);
      copy.textContent = "Copied";
      announce("The command is copied.");
    } catch {
      getSelection().selectAllChildren(code);
      says.textContent = "Selected: press Ctrl+C (⌘C on a Mac).";
      announce(says.textContent);
    }
  });
  copy.setAttribute("aria-label", `Copy the command ${command}`);
  box.append(code, copy, says);
  return box;
}
