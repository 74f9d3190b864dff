// Follows what happens at the desk: says each change once in the live region, counts the call's time, and asks
// the parts of the page to look again, also in a hidden tab.
"use strict";

(() => {
  const region = document.getElementById("announce");
  const bar = document.getElementById("bar");

  // A new paragraph is announced even if it says the same as the last one. It stays until it is surely heard: one that
  // the next takes away within moments is not. A reader who comes past later finds nothing that is over.
  const STAYS_MILLISECONDS = 10000;
  let sentences = [];
  const say = (sentence) => {
    if (!sentence || sentences.includes(sentence)) return;
    sentences.push(sentence);
    if (sentences.length > 1) return;
    queueMicrotask(() => {
      const said = document.createElement("p");
      said.textContent = sentences.join(" ");
      sentences = [];
      region.append(said);
      window.setTimeout(() => said.remove(), STAYS_MILLISECONDS);
    });
  };
  document.addEventListener("desk:say", (event) => say(event.detail));

  // Messages about the last click in a part that was swapped in, also if the click before brought the same one. Those
  // of a new page are read with the page.
  const read = new WeakMap();
  const readMessages = (part, isClick) => {
    document.querySelectorAll("[data-say], .usa-alert[role=alert]").forEach((one) => {
      const text = one.textContent.trim();
      const isNew = read.get(one) !== text || (isClick && part.contains(one));
      if (part && "say" in one.dataset && isNew) say(text);
      read.set(one, text);
    });
  };
  readMessages(null);

  // What others do with the callback that is open: its buttons go while one reads. Of what is or was one's own the bar
  // tells.
  const stateOf = () => {
    const one = document.querySelector("#work-in [data-state]");
    return one ? `${one.id} ${one.textContent.trim()}` : "";
  };
  let state = stateOf();
  const readState = (event) => {
    const before = state;
    state = stateOf();
    const follows = event.detail.requestConfig?.elt.matches(".work-live");
    if (follows && before && state !== before) say(state.slice(state.indexOf(" ") + 1));
  };
  document.addEventListener("htmx:afterSwap", (event) => {
    const { target, requestConfig } = event.detail;
    readMessages(target, requestConfig?.verb === "post");
    readState(event);
  });
  if (!bar) return;

  // When something changed, the bar looks at once. The other parts follow where something in it did, and else a little
  // later: one look then serves all changes of this time. Most changes are other people's.
  const LATER_MILLISECONDS = 1500;
  let look = null;
  const dispatch = (name, detail) => document.body.dispatchEvent(new CustomEvent(name, { detail }));
  const lookAtParts = (isOwn) => {
    window.clearTimeout(look);
    look = null;
    dispatch("desk:parts", { isOwn });
  };
  const tell = () => {
    dispatch("desk:told");
    look ??= window.setTimeout(lookAtParts, LATER_MILLISECONDS, false);
  };
  const changed = () => dispatch("desk:changed");

  // By person, since the next one at this computer has heard nothing.
  const TOLD = `console.desk.told.${bar.dataset.of}`;
  const words = (text) => (text || "").split(" ").filter(Boolean);
  const isOf = (kind) => (token) => token.startsWith(`${kind}:`);

  // What this tab has announced is kept while it goes from page to page.
  const sayNews = () => {
    const kept = sessionStorage.getItem(TOLD);
    const told = new Set(words(kept));
    const next = new Set();
    const news = [];
    bar.querySelectorAll("#bar-news > li").forEach((one) => {
      const tokens = words(one.dataset.tokens);
      tokens.forEach((token) => next.add(token));
      words(one.dataset.kept).filter((token) => told.has(token)).forEach((token) => next.add(token));
      const isFirst = kept === null && !("atFirst" in one.dataset);
      if (!isFirst && tokens.some((token) => !told.has(token))) news.push(one.dataset.says);
    });
    const before = [...told];
    const after = [...next];
    const calls = before.filter(isOf("call"));
    const isGone = (kind) => before.filter(isOf(kind)).some((token) => !next.has(token));
    const isOver = calls.length && !after.some(isOf("call"));
    // First what is over: a call ends, and then the wrap-up begins.
    if (isOver) {
      const rang = calls.every((token) => token.endsWith(":rings"));
      // With somebody else in it, the call may go on without this person.
      const isShared = before.some(isOf("joined")) || calls.some((token) => token.endsWith(":with"));
      say(rang ? region.dataset.ringEnded : isShared ? region.dataset.callLeft : region.dataset.callEnded);
    }
    news.forEach(say);
    if (!isOver) {
      if (isGone("joined")) say(region.dataset.colleagueLeft);
      if (calls.some((token) => token.endsWith(":with")) && after.some((token) => token.endsWith(":talking"))) {
        say(region.dataset.youLead);
      }
      if (isGone("hold") && !after.some(isOf("hold"))) say(region.dataset.holdEnded);
    }
    sessionStorage.setItem(TOLD, after.join(" "));
  };

  // The server says how long a call has lasted, since the clock of this computer may be wrong.
  const begun = new Map();
  const count = () => {
    bar.querySelectorAll("time[data-since]").forEach((timer) => {
      const { since, seconds } = timer.dataset;
      if (!begun.has(since)) begun.set(since, performance.now() - Number(seconds) * 1000);
      const passed = Math.floor((performance.now() - begun.get(since)) / 1000);
      const [hours, minutes, rest] = [Math.floor(passed / 3600), Math.floor(passed / 60) % 60, passed % 60];
      const clock = `${hours ? String(minutes).padStart(2, "0") : minutes}:${String(rest).padStart(2, "0")}`;
      timer.textContent = hours ? `${hours}:${clock}` : clock;
    });
  };
  window.setInterval(count, 1000);

  // The pressed button may be gone, as after the end of a call: the focus goes to what follows from it.
  let pressed = false;
  bar.addEventListener("submit", () => { pressed = true; });
  const keepFocus = () => {
    const isLost = document.activeElement === document.body || document.activeElement === null;
    if (pressed && isLost) (bar.querySelector("[data-next], .bar-controls button") || bar).focus();
    pressed = false;
  };

  // After a new sign-in in another tab the forms of this page have a token of the old session.
  const renewTokens = () => {
    const { value } = bar.querySelector("[name=csrf_token]");
    document.querySelectorAll("[name=csrf_token]").forEach((one) => { if (one.value !== value) one.value = value; });
  };

  let calls = "";
  const drawn = () => {
    sayNews();
    count();
    calls = [...bar.querySelectorAll("#bar-news > li")].map((one) => one.dataset.tokens).filter(isOf("call")).join(" ");
    document.dispatchEvent(new CustomEvent("desk:drawn"));
  };
  bar.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== bar) return;
    const { of } = document.getElementById("bar-form").dataset;
    // Somebody else has signed in in another tab: nothing here is theirs.
    if (of !== bar.dataset.of) {
      window.location.replace(bar.dataset.home);
      return;
    }
    renewTokens();
    const isClick = pressed;
    keepFocus();
    const before = calls;
    drawn();
    if (calls !== before) dispatch("desk:call");
    lookAtParts(isClick || calls !== before);
  });
  drawn();

  // One of several tabs listens, since a browser opens only six connections to one host; it tells the others.
  const EVERY_MILLISECONDS = 3000;
  const RARELY_TICKS = 20;
  const others = "BroadcastChannel" in window ? new BroadcastChannel("console.desk") : null;
  const hear = (what) => (what === "all" ? changed() : tell());
  const hearForAll = (what) => {
    hear(what);
    if (others) others.postMessage(what);
  };
  if (others) {
    others.onmessage = (event) => {
      if (event.data === "in") document.dispatchEvent(new CustomEvent("desk:in"));
      else hear(event.data);
    };
    // A tab whose session had ended goes on.
    others.postMessage("in");
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) changed(); });
  window.addEventListener("online", changed);

  const follow = () => {
    let isUp = false;
    let source = null;
    let ticks = 0;
    const listen = () => {
      source = new EventSource(document.body.dataset.events, { withCredentials: true });
      source.addEventListener("open", () => {
        isUp = true;
        // Something may have changed before it was open.
        hearForAll("changed");
      });
      source.addEventListener("changed", () => hearForAll("changed"));
      source.addEventListener("error", () => { isUp = false; });
    };
    if (document.body.dataset.events) listen();
    // Without events the parts look again by this clock, which a browser does not slow down in a hidden tab.
    const clock = new Worker(bar.dataset.clock);
    clock.onmessage = () => {
      ticks += 1;
      const isRare = ticks % RARELY_TICKS === 0;
      if (isRare && source && source.readyState === EventSource.CLOSED) listen();
      // Some things follow the time of day alone: a promise turns overdue, a claim ends. An answer may have been lost.
      if (isRare) hearForAll("all");
      else if (!isUp) hearForAll("changed");
    };
    clock.postMessage(EVERY_MILLISECONDS);
  };

  const lead = () => {
    bar.dataset.leads = "1";
    document.dispatchEvent(new CustomEvent("desk:leads"));
    follow();
  };
  if (navigator.locks) {
    navigator.locks.request("console.desk", () => {
      lead();
      return new Promise(() => {});
    });
  } else {
    lead();
  }
})();
