// Reads a text aloud in its language, and filters the list of prompts while a person types; both are conveniences.
"use strict";

(() => {
  const buttons = [...document.querySelectorAll("[data-say]")];
  if ("speechSynthesis" in window) {
    let pressed = null;
    const release = () => {
      if (pressed) pressed.removeAttribute("aria-pressed");
      pressed = null;
    };
    for (const button of buttons) {
      button.hidden = false;
      button.addEventListener("click", () => {
        const again = pressed === button;
        window.speechSynthesis.cancel();
        release();
        if (again) return;
        const words = new SpeechSynthesisUtterance(button.dataset.say);
        const base = button.dataset.language;
        const voices = window.speechSynthesis.getVoices();
        words.lang = base;
        words.voice = voices.find((one) => one.lang.split("-")[0] === base) ?? null;
        words.onend = words.onerror = () => {
          if (pressed === button) release();
        };
        pressed = button;
        button.setAttribute("aria-pressed", "true");
        window.speechSynthesis.speak(words);
      });
    }
  }

  const filter = document.querySelector("[data-filter]");
  if (!filter) return;
  const count = document.querySelector("[data-count]");
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    let found = 0;
    for (const group of document.querySelectorAll("[data-group]")) {
      let here = 0;
      for (const prompt of group.querySelectorAll("[data-prompt]")) {
        prompt.hidden = !prompt.textContent.toLowerCase().includes(wanted);
        here += prompt.hidden ? 0 : 1;
      }
      group.hidden = here === 0;
      found += here;
    }
    count.textContent = count.dataset.words.replace("{found}", found).replace("{total}", count.dataset.total);
  });
})();
