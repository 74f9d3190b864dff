// The scripts of the console's pages. None is essential, since every form works without them.
"use strict";

(() => {
  const place = document.getElementById("connection");

  // Which of these the page says now, if any: "lost", "click" (lost, and a click with it), "out" (signed out) or
  // "refused". Each is announced once, and so is the return; htmx retries by itself.
  let shown = "";
  const say = (what, text, kind, link) => {
    shown = what;
    place.className = `connection connection--${kind}`;
    place.replaceChildren(document.createTextNode(text));
    document.dispatchEvent(new CustomEvent("desk:say", { detail: text }));
    if (link) {
      const anchor = document.createElement("a");
      anchor.href = place.dataset.signInAt;
      anchor.textContent = place.dataset.signIn;
      place.append(" ", anchor);
    }
  };
  const lose = () => {
    if (shown !== "lost" && shown !== "click") say("lost", place.dataset.lost, "lost");
  };
  const recover = () => {
    // It comes within moments and must not hide that something may not have been done.
    if (shown === "click") say("refused", place.dataset.backClick, "lost");
    if (shown !== "lost" && shown !== "out") return;
    say("", shown === "out" ? place.dataset.signedIn : place.dataset.back, "back");
    window.setTimeout(() => {
      if (!shown && place.classList.contains("connection--back")) place.replaceChildren();
    }, 4000);
  };
  // Another answer to a click has no place in the page: without a word the button would seem dead, and after a fault one
  // would think that it was done.
  const refuse = (xhr) => {
    const page = new DOMParser().parseFromString(xhr.response, "text/html");
    const said = page.querySelector("#main .usa-alert--error[data-result]");
    const parts = said ? [said] : [...page.querySelectorAll("#main > h1, #main > h1 + p")];
    const why = parts.map((one) => one.textContent.trim());
    const number = xhr.status >= 500 ? page.querySelector("#main > .reference") : null;
    if (number) why.push(number.textContent.trim());
    if (why.length) say("refused", why.join(". ").replaceAll("..", "."), "lost");
    return why.length > 0;
  };
  // Nobody sends a click again by itself.
  const loseClick = () => say("click", place.dataset.lostClick, "lost");
  const loseOne = (event) => (event.detail.elt.matches("[data-live]") ? lose() : loseClick());

  // The bar gives up a request that takes too long. While it has no answer it is old, although other parts are not.
  let behind = null;
  document.addEventListener("htmx:sendError", loseOne);
  document.addEventListener("htmx:timeout", (event) => {
    behind = event.detail.target;
    loseOne(event);
  });
  window.addEventListener("offline", lose);
  window.addEventListener("online", () => { if (!behind) recover(); });
  const heard = (status, part) => {
    if (status === 401) {
      if (shown !== "out") say("out", place.dataset.signedOut, "lost", true);
    } else if (status >= 500) {
      lose();
    } else if (status > 0 && (!behind || !behind.isConnected || behind === part)) {
      behind = null;
      recover();
    }
  };
  document.addEventListener("htmx:afterRequest", (event) => {
    const { xhr, target, requestConfig } = event.detail;
    const status = xhr ? xhr.status : 0;
    // It leads to another page, such as the sign-in page: nobody is signed in again yet.
    const next = status ? xhr.getResponseHeader("HX-Redirect") : null;
    if (next) {
      if (target.id === "main") sessionStorage.setItem(PRESSED, JSON.stringify({ isIn: true }));
      return;
    }
    const isClick = status > 0 && requestConfig && !requestConfig.elt.matches("[data-live]");
    if (isClick && status >= 500) {
      // Without words of ours it is the proxy's answer: the line has not heard of the click, or answered too late.
      if (!refuse(xhr)) loseClick();
      return;
    }
    heard(status, target);
    if (!isClick) return;
    if (status >= 400 && status < 500 && ![401, 409, 422].includes(status)) {
      refuse(xhr);
    } else if (shown === "refused") {
      shown = "";
      place.replaceChildren();
    }
  });

  // Move the focus to the form's errors, to be read first.
  const readErrors = () => {
    const first = document.querySelector("[data-focus]");
    if (first) first.focus();
  };
  readErrors();
  // A new page has the focus at the message about the last click or what it was to show, which come after the whole
  // head and nothing announces. The same page loaded again has it at the button that was pressed, else at the title of
  // its part or of the page. Another page that a form leads to has it at its title, or at that of the part in the address.
  const PRESSED = "console.pressed";
  const pressed = JSON.parse(sessionStorage.getItem(PRESSED));
  sessionStorage.removeItem(PRESSED);
  const successor = ({ button, parts = [] }) =>
    document.getElementById(button) ||
    parts.map((id) => document.getElementById(id)?.querySelector("h2, h3")).find(Boolean) ||
    document.querySelector("main h1");
  const isAgain = pressed && pressed.path === window.location.pathname;
  const at = isAgain ? pressed : pressed?.isIn ? { parts: [window.location.hash.slice(1)] } : null;
  const result = document.querySelector("[data-result]") || (at && successor(at));
  const lead = () => {
    if (!result || document.activeElement !== document.body || document.querySelector("[autofocus]")) return;
    if (result.matches("h1, h2, h3")) result.tabIndex = -1;
    result.focus();
  };
  lead();
  // What was pressed in the main part, whose answer takes its place (in_place.py). An error has the focus, and so has
  // what was asked for. Another message is announced and the focus stays at the button, or goes to what follows it.
  let sent = null;
  const SHOWN = "[data-focus], .usa-alert--error[data-result], [data-result]:not(.usa-alert)";
  const follow = (main) => {
    const isLost = document.activeElement === document.body || document.activeElement === null;
    const next = main.querySelector(SHOWN) || (isLost && sent && successor(sent));
    if (next) {
      if (next.matches("h1, h2, h3")) next.tabIndex = -1;
      next.focus();
    }
    (main.querySelector(".usa-alert[data-result]") || document.activeElement).scrollIntoView({ block: "nearest" });
  };
  // The way back from a part of the page, such as the field of an error, leads to this page as it is. htmx would load it
  // anew, without what was typed. Only the desk has more than one page in its history.
  document.addEventListener("htmx:replacedInHistory", () => {
    if (!document.querySelector("[hx-history-elt]")) window.history.replaceState(null, "");
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    // What was saved is no longer what somebody typed.
    if (detail.target?.id === "main" && detail.xhr.status === 200) detail.requestConfig.elt.reset?.();
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.target?.id === "main") follow(document.getElementById("main"));
  });
  // A part in the address, such as #phones, takes the focus away.
  window.addEventListener("load", lead);
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.xhr && event.detail.xhr.status === 422) readErrors();
  });

  // Nothing that was typed stays in this tab for the next person (callbacks.js): not after signing out, and not
  // where a session has ended and somebody else signs in. The same person finds it again.
  const forgetDrafts = (kept = null) =>
    Object.keys(sessionStorage)
      .filter((key) => key.startsWith("note:") && (kept === null || !key.startsWith(kept)))
      .forEach((key) => sessionStorage.removeItem(key));
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-signs-out]")) forgetDrafts();
  });
  const bar = document.getElementById("bar");
  if (bar) forgetDrafts(`note:${bar.dataset.of}-`);

  // Escape leaves a menu that lies over the page, and leads back to what opened it.
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && event.target.closest("details:is(.alerts, .bar-menu, .top-menu)[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // A page that stays open is printed later than it was loaded, and its rows are as new as that.
  window.addEventListener("beforeprint", () => {
    const printed = document.querySelector(".print-head time");
    if (!printed) return;
    const told = { dateStyle: "medium", timeStyle: "short", timeZone: printed.parentElement.dataset.zone };
    printed.textContent = new Date().toLocaleString(document.documentElement.lang, told);
  });

  // The second click of a double click may meet what followed from the first one: it would remove the next entry, too, or
  // start the shift again that the first one ended.
  document.addEventListener("click", (event) => {
    if (event.detail > 1 && event.target.closest("button[type=submit]")) event.preventDefault();
  }, true);
  const pressedIn = new WeakMap();
  // htmx listens at the form: it would keep the second press and send it after the first. Another button of the form is
  // another act, such as End call after Hold, and waits its turn.
  document.addEventListener("submit", (event) => {
    if (!event.target.dataset.sent || pressedIn.get(event.target) !== event.submitter) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  // A form is sent once, however often its button is pressed; a return to the page enables it again.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!navigator.onLine) {
      // The browser's own error page would discard what was typed.
      event.preventDefault();
      shown = "";
      lose();
      return;
    }
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    form.setAttribute("aria-busy", "true");
    const { submitter } = event;
    pressedIn.set(form, submitter);
    const around = (one) => (one ? [one.id, ...around(one.parentElement.closest("main [id]"))] : []);
    const parts = around(submitter?.parentElement.closest("main [id]"));
    sent = { path: window.location.pathname, button: submitter?.id, parts, isIn: Boolean(bar && form.closest("main")) };
    // A download loads no new page, which would enable the form again.
    if (submitter && "file" in submitter.dataset) window.setTimeout(free, 3000, form);
    else if (!event.defaultPrevented) sessionStorage.setItem(PRESSED, JSON.stringify(sent));
  });
  const free = (form) => {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  };
  document.addEventListener("htmx:afterRequest", (event) => free(event.target.closest("form") || event.target));
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(free));
})();
