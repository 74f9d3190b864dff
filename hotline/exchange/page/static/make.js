// Makes elements. Text is always text, never markup.

export function make(tag, className = "", text = undefined) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

export function button(text, className, action) {
  const one = make("button", className, text);
  one.type = "button";
  one.addEventListener("click", action);
  return one;
}

/** Write `text` only where it differs: a screen reader and a selection are left in peace. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Give `list` one element for each of `wanted`, in that order; `create(one)` makes it, `key(one)` names it. */
export function keep(list, wanted, key, create) {
  const there = new Map([...list.children].map((item) => [item.dataset.key, item]));
  const order = wanted.map((one) => {
    const name = String(key(one));
    const item = there.get(name) ?? create(one);
    item.dataset.key = name;
    return item;
  });
  const names = new Set(order.map((item) => item.dataset.key));
  for (const [name, item] of there) if (!names.has(name)) item.remove();
  order.forEach((item, place) => {
    if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
  });
  return order;
}

/** The key of a telephone that was typed, or "" for any other; it is then used up. */
export function keyOf(event) {
  const writes = event.target.closest("input, select, textarea");
  if (writes || event.ctrlKey || event.metaKey || event.altKey || !/^[0-9*#]$/.test(event.key)) return "";
  event.preventDefault();
  return event.key;
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

// To make one costs far more than to use it.
const format = (timeStyle) => new Intl.DateTimeFormat([], { hour12: false, timeStyle });
const formats = { medium: format("medium"), short: format("short") };

/** A time with its seconds, or a "short" one without. */
export function timeOf(at, timeStyle = "medium") {
  const element = make("time", "", formats[timeStyle].format(new Date(at)));
  element.dateTime = at;
  return element;
}

/** A name within a sentence: "case number", and "PIN" as it is. */
export const plain = (name) => (name === name.toUpperCase() ? name : name.toLowerCase());
