// Announces urgent unclaimed work in the title, by a sound and by a notification, even while the tab is hidden.
"use strict";

(() => {
  const place = document.getElementById("standing");
  if (!place) return;
  const EVERY_MILLISECONDS = 10000;
  const RARELY_MILLISECONDS = 60000;
  const PATIENCE_MILLISECONDS = 8000;
  // The choices in this browser, and the ids of the callbacks that it has announced.
  const SOUND = "console.urgent.sound";
  const NOTIFICATION = "console.urgent.notification";
  const TOLD = "console.urgent.told";
  const title = document.title;
  let known = place.querySelector(".standing");
  let tag = "";
  let isOut = false;
  // Only one of several tabs announces: the one with the lock, until it is closed.
  let tells = !navigator.locks;
  let played = null;
  let shown = null;
  let said = "";

  const wants = (what) => localStorage.getItem(what) !== "off";
  const allowed = () => "Notification" in window && Notification.permission === "granted";
  const ids = (text) => (text || "").split(" ").filter(Boolean);

  // Two short tones, generated here without a file. A browser plays nothing before the first click or key in a
  // page; the tones then wait for it.
  const sound = () => {
    if (played) return;
    const context = new AudioContext();
    const gain = context.createGain();
    gain.gain.value = 0.2;
    gain.connect(context.destination);
    played = context;
    [660, 880].forEach((frequency, number, all) => {
      const begins = context.currentTime + number * 0.25;
      const tone = context.createOscillator();
      tone.frequency.value = frequency;
      tone.connect(gain);
      tone.start(begins);
      tone.stop(begins + 0.18);
      if (number === all.length - 1) tone.onended = () => still(context);
    });
  };
  const still = (context) => {
    if (context.state !== "closed") context.close();
    if (played === context) played = null;
  };
  const wake = () => played && played.resume();
  // Not at the start of a touch: a browser counts a touch when it ends.
  document.addEventListener("pointerup", wake);
  document.addEventListener("keydown", wake);

  const tell = (says) => {
    said = says;
    if (wants(SOUND)) sound();
    if (!wants(NOTIFICATION) || !allowed()) return;
    try {
      shown = new Notification(place.dataset.title, { body: says, tag: "console-urgent", renotify: true });
      shown.onclick = () => window.focus();
    } catch {
      // Browsers on phones show notifications only for installed apps.
    }
  };
  // Outdated notices do not stay on the screen or wait for the first click.
  const withdraw = () => {
    if (shown) shown.close();
    shown = null;
  };
  window.addEventListener("pagehide", withdraw);

  // Each callback is announced once, until a person has had it: a missed ring from the line is no news.
  const tellOfNew = () => {
    if (!tells || !known.dataset.rings || !(wants(SOUND) || (wants(NOTIFICATION) && allowed()))) return;
    const waiting = ids(known.dataset.first);
    const told = new Set(ids(localStorage.getItem(TOLD)));
    const offered = ids(known.dataset.offered).filter((id) => told.has(id));
    localStorage.setItem(TOLD, [...waiting, ...offered].join(" "));
    if (waiting.some((id) => !told.has(id))) tell(known.dataset.says);
  };

  const show = () => {
    const count = Number(known.dataset.untaken);
    document.title = count ? `(${count}) ${title}` : title;
    // A screen reader repeats everything that is replaced here. A focused button stays until the focus leaves it.
    const old = place.querySelector(".standing");
    if (old !== known && old.textContent !== known.textContent && !place.contains(document.activeElement)) {
      old.replaceWith(known);
    }
    if (known.dataset.says !== said) withdraw();
    if (!count && played) still(played);
    tellOfNew();
    document.dispatchEvent(new CustomEvent("console:known", { detail: known.dataset.rings }));
  };

  const signedOut = () => {
    document.title = `${place.dataset.out} – ${title}`;
    if (!isOut && tells && known.dataset.rings) tell(place.dataset.outSays);
    isOut = true;
  };

  const read = async (answer) => {
    if (answer.status === 200) {
      const part = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".standing");
      if (!part) throw new Error("That was another page.");
      known = part;
      tag = answer.headers.get("ETag") || "";
    }
    if (answer.status === 401) {
      signedOut();
    } else if (answer.ok || answer.status === 304) {
      isOut = false;
      show();
    } else {
      document.title = `(?) ${title}`;
    }
  };

  // Not with htmx: a hidden tab must go on polling here, and the lists need not.
  const ask = async () => {
    let status = 0;
    try {
      const answer = await fetch(place.dataset.at, {
        headers: tag ? { "If-None-Match": tag } : {},
        redirect: "error",
        signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
      });
      status = answer.status;
      await read(answer);
    } catch {
      // The connection is lost, so the number of waiting callbacks is unknown.
      document.title = `(?) ${title}`;
    }
    document.dispatchEvent(new CustomEvent("console:asked", { detail: status }));
    window.setTimeout(ask, status === 401 ? RARELY_MILLISECONDS : EVERY_MILLISECONDS);
  };

  const choices = document.getElementById("alerts");
  if (choices) {
    const bySound = document.getElementById("alerts-sound");
    const byNotification = document.getElementById("alerts-notification");
    const draw = () => {
      bySound.checked = wants(SOUND);
      byNotification.checked = wants(NOTIFICATION) && allowed();
      byNotification.disabled = "Notification" in window && Notification.permission === "denied";
      document.getElementById("alerts-blocked").hidden = !byNotification.disabled;
    };
    const keep = (what, box) => localStorage.setItem(what, box.checked ? "on" : "off");
    bySound.addEventListener("change", () => {
      keep(SOUND, bySound);
      if (bySound.checked) sound();
      else if (played) still(played);
    });
    byNotification.addEventListener("change", async () => {
      keep(NOTIFICATION, byNotification);
      if (!byNotification.checked) withdraw();
      if (byNotification.checked && Notification.permission === "default") await Notification.requestPermission();
      draw();
    });
    document.addEventListener("console:known", (event) => {
      document.getElementById("alerts-off-shift").hidden = Boolean(event.detail);
    });
    byNotification.parentElement.hidden = !("Notification" in window);
    draw();
    choices.hidden = false;
  }

  if (navigator.locks) {
    navigator.locks.request("console.urgent", () => {
      tells = true;
      tellOfNew();
      return new Promise(() => {});
    });
  }
  show();
  window.setTimeout(ask, EVERY_MILLISECONDS);
})();
