// Speaks the words heard on a phone, each phrase in its own language.

const STORED = "exchange.aloud";
const FASTEST = 3;

export class Voice {
  #speaking = new Map();

  /** Off under automation, which hears nothing; else as it was last set, and on at first. */
  constructor() {
    this.exists = "speechSynthesis" in window;
    const stored = localStorage.getItem(STORED);
    this.isOn = this.exists && !navigator.webdriver && stored !== "off";
    this.speed = 1;
  }

  toggle() {
    this.isOn = this.exists && !this.isOn;
    localStorage.setItem(STORED, this.isOn ? "on" : "off");
    if (!this.isOn) speechSynthesis.cancel();
  }

  /** Speak a passage that was heard on `phone`. Only the visible tab speaks. */
  says(phone, passage) {
    if (!this.isOn || document.visibilityState !== "visible") return;
    const words = new SpeechSynthesisUtterance(passage.text.replaceAll(" … ", ". "));
    if (passage.language) {
      words.lang = passage.language;
      const base = passage.language.split("-")[0];
      const voices = speechSynthesis.getVoices();
      words.voice = voices.find((one) => one.lang === words.lang)
        ?? voices.find((one) => one.lang.split("-")[0] === base) ?? null;
    }
    words.rate = Math.min(this.speed ?? 1, FASTEST);
    this.#speaking.set(words, phone);
    words.onend = words.onerror = () => this.#speaking.delete(words);
    speechSynthesis.speak(words);
  }

  /** A key was pressed, or the call ended: nobody hears the rest of what that phone was saying. */
  stops(phone) {
    if (!this.isOn || ![...this.#speaking.values()].includes(phone)) return;
    speechSynthesis.cancel();
    this.#speaking.clear();
  }
}
