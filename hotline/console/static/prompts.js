// Reads a text aloud in its language. Its buttons are shown only where the browser has a voice.
"use strict";

(() => {
  if (!("speechSynthesis" in window)) return;
  document.documentElement.classList.add("has-voice");
  let pressed = null;
  const release = () => {
    if (pressed) pressed.removeAttribute("aria-pressed");
    pressed = null;
  };
  // On the document, because a search replaces the buttons.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-play]");
    if (!button) return;
    const again = pressed === button;
    window.speechSynthesis.cancel();
    release();
    if (again) return;
    const words = new SpeechSynthesisUtterance(button.dataset.play);
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
})();
