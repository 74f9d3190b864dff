// A document that came back, line by line: colored, indented, and what the strict reader finds beside its line.

import { make } from "./make.js";

const INDENT = 2;

/** `findings` have a line (from 1), a message, a severity and perhaps Twilio's error number. */
export function twiml(body, findings) {
  const block = make("div", "twiml");
  block.setAttribute("role", "group");
  block.setAttribute("aria-label", "The document that came back");
  body.split("\n").forEach((text, place) => {
    const mine = findings.filter((one) => one.line === place + 1);
    const row = make("div", mine.length ? `line is-${worst(mine)}` : "line");
    const number = make("span", "line-number", String(place + 1));
    number.ariaHidden = "true";
    const words = text.trimStart();
    const code = make("code");
    // A line that is too long goes on under its own beginning.
    const depth = Math.min(12, Math.round((text.length - words.length) / INDENT));
    code.dataset.depth = String(depth);
    code.append(...colored(words));
    row.append(number, code);
    if (mine.length) row.append(beside(mine));
    block.append(row);
  });
  const lines = block.childElementCount;
  const others = findings.filter((one) => one.line < 1 || one.line > lines);
  if (others.length) block.append(beside(others));
  return block;
}

function beside(findings) {
  const list = make("ul", "findings");
  for (const { code, message, severity } of findings) {
    list.append(make("li", severity, `${severity === "error" ? "Error" : "Warning"}: ${message}${code ? ` (${code})` : ""}`));
  }
  return list;
}

const worst = (findings) => (findings.some((one) => one.severity === "error") ? "error" : "warning");

function colored(text) {
  return text.split(/(<[^>]*>)/).filter(Boolean).flatMap((part) => {
    if (!part.startsWith("<")) return [make("span", "x-text", part)];
    const pieces = part.match(/^<[/?!]?[\w:.-]*|[\w:.-]+(?=\s*=)|"[^"]*"|'[^']*'|[/?]?>$|\s+|[^\s]/g) ?? [part];
    return pieces.map((piece, place) => make("span", kindOf(piece, place), piece));
  });
}

function kindOf(piece, place) {
  if (place === 0 || /^[/?]?>$/.test(piece)) return "x-tag";
  if (/^["']/.test(piece)) return "x-value";
  return /^[\w:.-]+$/.test(piece) ? "x-name" : "x-mark";
}

/** The verbs of a document in short, such as "Gather › Say ×3, Hangup"; empty for anything but a document. */
export function verbs(body) {
  const root = new DOMParser().parseFromString(body, "text/xml").documentElement;
  if (root.nodeName !== "Response" || root.querySelector("parsererror")) return "";
  return counted([...root.children]).join(", ") || "empty";
}

function counted(elements) {
  const names = [];
  for (const element of elements) {
    const inner = element.nodeName === "Gather" || element.nodeName === "Dial" ? counted([...element.children]) : [];
    const name = inner.length ? `${element.nodeName} › ${inner.join(" ")}` : element.nodeName;
    const last = names.at(-1);
    if (last?.name === name) last.times += 1;
    else names.push({ name, times: 1 });
  }
  return names.map(({ name, times }) => (times > 1 ? `${name} ×${times}` : name));
}
