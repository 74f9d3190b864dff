// The one live region of the page. Sentences stay in it for a while, so that a screen reader can say each.

import { make } from "./make.js";

const STAYS_MILLISECONDS = 8000;

export function announce(words, language = "") {
  const line = make("p", "", words);
  if (language) line.lang = language;
  document.getElementById("announce").append(line);
  setTimeout(() => line.remove(), STAYS_MILLISECONDS);
}

/** Show why something did not work beside what was used, and say it; no `problem` clears the place. */
export function refuse(place, problem) {
  const words = problem?.message ?? "";
  place.textContent = words && `${words[0].toUpperCase()}${words.slice(1)}.`;
  if (words) announce(place.textContent);
}
