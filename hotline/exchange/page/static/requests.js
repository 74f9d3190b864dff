// The log of requests to the line: the request, the answer, and its faults.

const MOST = 300;

export class Requests {
  constructor(list, empty) {
    this.list = list;
    this.empty = empty;
  }

  clear() {
    this.list.replaceChildren();
    this.empty.hidden = false;
  }

  add({ kind, at, facts }) {
    const entry = kind === "webhook" ? webhook(at, facts) : kind === "message" ? message(at, facts) : null;
    if (!entry) return;
    this.list.prepend(entry);
    this.empty.hidden = true;
    while (this.list.childElementCount > MOST) this.list.lastElementChild.remove();
  }
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function time(at) {
  const element = make("time", "", new Date(at).toLocaleTimeString([], { hour12: false }));
  element.dateTime = at;
  return element;
}

function webhook(at, facts) {
  const entry = make("li", facts.is_event ? "event" : "turn");
  const isWrong = facts.trouble || facts.status >= 400 || facts.findings.length > 0;
  if (isWrong) entry.classList.add("marked");
  const details = make("details");
  const summary = make("summary");
  const where = new URL(facts.url);
  const answered = facts.status === null ? "no answer" : String(facts.status);
  const outcome = make("span", facts.status >= 200 && facts.status < 300 ? "good" : "bad", answered);
  const params = new Map(facts.params);
  const what = facts.is_event
    ? params.get("CallStatus") ?? params.get("StatusCallbackEvent") ?? params.get("MessageStatus") ?? ""
    : params.get("Digits") ? `keys ${params.get("Digits")}` : "";
  summary.append(
    time(at), make("span", "method", facts.method), make("span", "path", where.pathname),
    make("span", "what", what), outcome, make("span", "took", `${facts.milliseconds} ms`),
  );
  if (facts.findings.length) {
    const many = facts.findings.length === 1 ? "1 finding" : `${facts.findings.length} findings`;
    summary.append(make("span", "bad", many));
  }
  details.append(summary);
  // Most entries are never opened, so their content is made only when they are.
  details.addEventListener("toggle", () => details.append(...inside(facts)), { once: true });
  entry.append(details);
  return entry;
}

function inside(facts) {
  const parts = [];
  if (facts.trouble) {
    const code = facts.code ? ` (${facts.code})` : "";
    parts.push(make("p", "trouble", `Fault: ${facts.trouble}${code}.`));
  }
  parts.push(make("h3", "", "Parameters"), parameters(facts.params));
  if (facts.body) {
    parts.push(make("h3", "", facts.is_event ? "Answer" : "TwiML"), code(facts));
    if (facts.findings.length) parts.push(make("h3", "", "Findings"), findings(facts.findings));
    else if (!facts.is_event) parts.push(make("p", "fine", "The strict reader finds nothing wrong with it."));
  }
  return parts;
}

function parameters(params) {
  const list = make("dl");
  for (const [name, value] of params.filter(([, one]) => one !== "")) {
    const row = make("div");
    row.append(make("dt", "", name), make("dd", "", value));
    list.append(row);
  }
  const blank = params.filter(([, one]) => one === "").map(([name]) => name);
  if (blank.length) {
    const row = make("div", "rest");
    row.append(make("dt", "", "empty"), make("dd", "blank", blank.join(", ")));
    list.append(row);
  }
  return list;
}

function code({ body, findings: found }) {
  const marked = new Set(found.map((one) => one.line));
  const block = make("pre");
  block.tabIndex = 0;
  block.setAttribute("role", "group");
  block.setAttribute("aria-label", "The document that came back");
  const text = make("code");
  body.split("\n").forEach((words, place) => {
    text.append(make("span", marked.has(place + 1) ? "line marked" : "line", `${words}\n`));
  });
  block.append(text);
  return block;
}

function findings(found) {
  const list = make("ul", "findings");
  for (const { code: number, line, message: words, severity } of found) {
    list.append(make("li", severity, `Line ${line}: ${words}${number ? ` (${number})` : ""}`));
  }
  return list;
}

function message(at, facts) {
  const entry = make("li", "text");
  const way = facts.direction === "inbound" ? `from ${facts.from}` : `to ${facts.to}`;
  const line = make("p", "summary");
  line.append(time(at), make("span", "method", "text"), make("span", "path", way),
    make("span", "what", facts.status), make("q", "", facts.body));
  entry.append(line);
  return entry;
}
