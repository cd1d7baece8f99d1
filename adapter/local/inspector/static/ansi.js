// A log line with its terminal colours; other control sequences are left out.

import { h, visible } from "./dom.js";

// CSI … m is colour; other CSI, OSC up to its end, and two-character sequences are for terminals.
const SEQUENCE = /\x1b(?:\[([0-9;:]*)([A-Za-z@`])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?/g;

// How Lambda's Python runtimes begin a record of `logging`. The id is the same in each line here.
const RECORD = /^(\[[A-Z]+\])\t\d{4}-\d\d-\d\dT([\d:.]+)Z\t[0-9a-f-]{36}\t/;

export function logLine(text) {
  const line = h("div", { class: `line ${lineClass(text)}` });
  const record = RECORD.exec(text);
  let style = {};
  let from = record ? record[0].length : 0;
  if (record) {
    line.append(record[1], " ", h("span", { class: "dim" }, record[2]), " ");
    line.title = visible(text);
  }
  for (const found of text.matchAll(SEQUENCE)) {
    if (found.index < from) continue;
    append(line, text.slice(from, found.index), style);
    from = found.index + found[0].length;
    if (found[2] === "m") style = restyled(style, found[1]);
  }
  append(line, text.slice(from), style);
  return line;
}

function append(line, text, style) {
  if (!text) return;
  const names = Object.entries(style).filter(([, on]) => on).map(([name, on]) =>
    (on === true ? name : `${name}-${on}`));
  line.append(names.length ? h("span", { class: names.join(" ") }, visible(text)) : visible(text));
}

const SWITCHES = { 1: "bold", 2: "dim", 3: "italic", 4: "under" };

function restyled(before, told) {
  let style = { ...before };
  const codes = told.split(/[;:]/).map(Number);
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at];
    if (code === 0) style = {};
    else if (SWITCHES[code]) style[SWITCHES[code]] = true;
    else if (code === 22) style = { ...style, bold: false, dim: false };
    else if (code === 23) style.italic = false;
    else if (code === 24) style.under = false;
    else if (code >= 30 && code <= 37) style.fg = `c${code - 30}`;
    else if (code >= 90 && code <= 97) style.fg = `c${code - 90}`;
    else if (code >= 40 && code <= 47) style.bg = `c${code - 40}`;
    else if (code === 39) style.fg = "";
    else if (code === 49) style.bg = "";
    else if (code === 38 || code === 48) {
      const name = code === 38 ? "fg" : "bg";
      style[name] = codes[at + 1] === 5 && codes[at + 2] < 16 ? `c${codes[at + 2] % 8}` : "";
      at += codes[at + 1] === 5 ? 2 : 4;
    }
  }
  return style;
}

function lineClass(text) {
  if (/^(START|END|REPORT) RequestId: |^INIT_START /.test(text)) return "platform";
  if (/^\[?(ERROR|CRITICAL)\b|"level": ?"(ERROR|CRITICAL)"|^Traceback /.test(text)) return "error";
  if (/^\[?WARN(ING)?\b|"level": ?"WARN(ING)?"/.test(text)) return "warn";
  return "";
}
