// JSON to read: the text's own tokens, indented and coloured. It is not parsed into values and
// back, which would change numbers, and names that come twice.

import { visible } from "./dom.js";

const COLOURED = 300_000; // characters; more elements than that make a slow page
const DEEPEST = 60; // what is nested deeper stays in one line: indents would be most of the text

export function isJson(text) {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export function pretty(text) {
  const fragment = document.createDocumentFragment();
  const coloured = text.length <= COLOURED;
  let plain = "";
  const flush = () => {
    if (plain) fragment.append(plain);
    plain = "";
  };
  for (const [kind, token] of indented(text)) {
    if (!kind || !coloured) {
      plain += visible(token);
      continue;
    }
    flush();
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = visible(token);
    fragment.append(span);
  }
  flush();
  return fragment;
}

function* indented(text) {
  let depth = 0;
  let empty = false; // just after an opening bracket
  const line = () => depth > DEEPEST ? "" : "\n" + "  ".repeat(depth);
  for (const [kind, token] of tokens(text)) {
    if (token === "}" || token === "]") {
      depth -= 1;
      yield ["", empty ? token : line() + token];
      empty = false;
      continue;
    }
    if (empty) yield ["", line()];
    empty = false;
    if (token === "{" || token === "[") {
      depth += 1;
      empty = true;
      yield ["", token];
    } else if (token === ",") yield ["", "," + line()];
    else if (token === ":") yield ["", ": "];
    else yield [kind, token];
  }
}

function* tokens(text) {
  let at = 0;
  while (at < text.length) {
    const character = text[at];
    if (/\s/.test(character)) {
      at += 1;
    } else if (character === '"') {
      const end = endOfString(text, at);
      const isName = /^\s*:/.test(text.slice(end, end + 20));
      yield [isName ? "name" : "string", text.slice(at, end)];
      at = end;
    } else if ("{}[],:".includes(character)) {
      yield ["", character];
      at += 1;
    } else {
      let end = at + 1;
      while (end < text.length && !/[\s,\]}]/.test(text[end])) end += 1;
      const word = text.slice(at, end);
      yield [/^[-\d]/.test(word) ? "number" : "word", word];
      at = end;
    }
  }
}

function endOfString(text, start) {
  let at = start + 1;
  for (;;) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let slashes = 0;
    while (text[at - 1 - slashes] === "\\") slashes += 1;
    at += 1;
    if (slashes % 2 === 0) return at;
  }
}
