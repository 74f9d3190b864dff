// Title, sound and notification tell of a call that rings and of work that nobody has, also in a hidden tab.
"use strict";

(() => {
  const bar = document.getElementById("bar");
  if (!bar) return;
  // The choices in this browser, and the tokens that it has told of.
  const SOUND = "console.alerts.sound";
  const NOTIFICATION = "console.alerts.notification";
  const TITLE = "console.alerts.title";
  const TOLD = `console.alerts.told.${bar.dataset.of}`;
  let { title } = document;
  let shownTitle = title;
  const words = bar.dataset;
  let isOut = false;
  let isLost = false;
  let played = null;
  let shown = null;
  let said = [];

  // Only one of several tabs tells: the one that follows the events, until it is closed (desk.js).
  const tells = () => "leads" in bar.dataset;

  const wants = (what) => localStorage.getItem(what) !== "off";
  const allowed = () => "Notification" in window && Notification.permission === "granted";
  const split = (text) => (text || "").split(" ").filter(Boolean);

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

  const tell = (sentences) => {
    said = sentences;
    if (wants(SOUND)) sound();
    if (!wants(NOTIFICATION) || !allowed()) return;
    try {
      shown = new Notification(words.alertTitle, { body: sentences.join(" "), tag: "console-desk", renotify: true });
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

  // Each is told once, until a person has had it: a missed ring from the line is no news.
  const tellNews = () => {
    if (!tells()) return;
    const told = new Set(split(localStorage.getItem(TOLD)));
    const next = [];
    const current = [];
    const fresh = [];
    bar.querySelectorAll("#bar-news > [data-alerts]").forEach((one) => {
      const tokens = split(one.dataset.tokens);
      next.push(...tokens, ...split(one.dataset.kept).filter((token) => told.has(token)));
      if (tokens.length) current.push(one.dataset.says);
      if (tokens.some((token) => !told.has(token))) fresh.push(one.dataset.says);
    });
    localStorage.setItem(TOLD, next.join(" "));
    if (!said.every((sentence) => current.includes(sentence))) withdraw();
    if (!current.length && played) still(played);
    if (fresh.length) tell(fresh);
  };

  const name = () => {
    const count = Number(bar.querySelector("[data-count]").dataset.count);
    const counted = count && wants(TITLE) ? `(${count}) ${title}` : title;
    shownTitle = isOut ? `${words.out} – ${title}` : isLost ? `(?) ${title}` : counted;
    document.title = shownTitle;
  };
  // A part that was swapped in may bring another title.
  new MutationObserver(() => {
    if (document.title === shownTitle) return;
    title = document.title;
    name();
  }).observe(document.querySelector("title"), { childList: true });
  const show = () => {
    name();
    tellNews();
  };
  document.addEventListener("desk:drawn", show);
  document.addEventListener("desk:leads", tellNews);

  // Whether the bar is still true: of a lost connection or an ended session nothing is told.
  const heard = (status) => {
    const rings = "rings" in bar.querySelector("[data-count]").dataset;
    if (status === 401 && !isOut && tells() && rings) tell([words.outSays]);
    isOut = status === 401 || (isOut && !(status >= 200 && status < 400));
    isLost = !status || status >= 500;
    name();
  };
  bar.addEventListener("htmx:afterRequest", (event) => heard(event.detail.xhr ? event.detail.xhr.status : 0));

  const choices = document.getElementById("alerts");
  const boxes = [[SOUND, "alerts-sound"], [NOTIFICATION, "alerts-notification"], [TITLE, "alerts-title"]];
  const [bySound, byNotification, byTitle] = boxes.map(([, id]) => document.getElementById(id));
  const draw = () => {
    bySound.checked = wants(SOUND);
    byTitle.checked = wants(TITLE);
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
  byTitle.addEventListener("change", () => {
    keep(TITLE, byTitle);
    name();
  });
  byNotification.addEventListener("change", async () => {
    keep(NOTIFICATION, byNotification);
    if (!byNotification.checked) withdraw();
    if (byNotification.checked && Notification.permission === "default") await Notification.requestPermission();
    draw();
  });
  byNotification.parentElement.hidden = !("Notification" in window);
  draw();
  choices.hidden = false;
  show();
})();
