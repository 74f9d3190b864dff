// Urgent work that nobody has: told in the title, by a notification and by a sound, also while the tab is hidden.
"use strict";

(() => {
  const place = document.getElementById("standing");
  if (!place) return;
  const EVERY_MILLISECONDS = 10000;
  const RARELY_MILLISECONDS = 60000;
  const WANTED = "console.notices";
  const TOLD = "console.notices.told";
  const title = document.title;
  let tag = "";

  const wanted = () => localStorage.getItem(WANTED) === "1";
  const allowed = () => "Notification" in window && Notification.permission === "granted";

  // Two short tones, made here: there is no file to load. A browser that waits for a first click plays none.
  const sound = () => {
    const context = new AudioContext();
    const gain = context.createGain();
    gain.connect(context.destination);
    [660, 880].forEach((frequency, number) => {
      const begins = context.currentTime + number * 0.25;
      const tone = context.createOscillator();
      tone.frequency.value = frequency;
      tone.connect(gain);
      tone.start(begins);
      tone.stop(begins + 0.18);
    });
    gain.gain.value = 0.2;
    window.setTimeout(() => context.close(), 1500);
  };

  const tell = () => {
    const now = place.querySelector("[data-untaken]");
    if (!now) return;
    const count = Number(now.dataset.untaken);
    document.title = count ? `(${count}) ${title}` : title;
    const before = Number(sessionStorage.getItem(TOLD) || "0");
    sessionStorage.setItem(TOLD, String(count));
    if (count <= before || !now.dataset.rings || !wanted()) return;
    document.dispatchEvent(new CustomEvent("console:urgent", { detail: count }));
    sound();
    if (allowed()) new Notification(place.dataset.title, { body: now.dataset.says, tag: "console-urgent" });
  };

  // Not by htmx: a hidden tab must go on asking, and the lists need not.
  const ask = async () => {
    let again = EVERY_MILLISECONDS;
    try {
      const answer = await fetch(place.dataset.at, { headers: tag ? { "If-None-Match": tag } : {}, redirect: "error" });
      if (answer.status === 200) {
        const words = await answer.text();
        tag = answer.headers.get("ETag") || "";
        // A button under somebody's finger or focus stays as it is until the next time.
        if (!place.contains(document.activeElement)) place.innerHTML = words;
        tell();
      } else if (answer.status === 401) {
        again = RARELY_MILLISECONDS;
      }
    } catch {
      // The connection is lost; the page says so elsewhere, and this asks again.
    }
    window.setTimeout(ask, again);
  };

  const button = document.querySelector("[data-asks-notices]");
  if (button) {
    const show = () => {
      button.hidden = wanted() && (allowed() || !("Notification" in window) || Notification.permission === "denied");
    };
    button.addEventListener("click", async () => {
      localStorage.setItem(WANTED, "1");
      sound();
      if ("Notification" in window && Notification.permission === "default") await Notification.requestPermission();
      show();
    });
    show();
  }

  tell();
  window.setTimeout(ask, EVERY_MILLISECONDS);
})();
