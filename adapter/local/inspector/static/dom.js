// Elements out of values. Text goes in as text nodes alone: nothing that an app or a client sent
// can become markup (and the page's policy, Trusted Types, would refuse it).

export const $ = (id) => document.getElementById(id);

export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child || child === 0));
  return element;
}

// Characters that have no shape, or turn the text around, are shown as what they are.
export function visible(text) {
  return text
    .replace(/[\x00-\x08\x0b-\x1f]/g, (found) => String.fromCharCode(0x2400 + found.charCodeAt(0)))
    .replace(/\x7f/g, "\u2421")
    .replace(/[\u202a-\u202e\u2066-\u2069\u200e\u200f]/g, (found) =>
      "\\u" + found.charCodeAt(0).toString(16));
}

export const lines = (text) => visible(text.replace(/\r\n/g, "\n"));

let fading;
export function toast(text) {
  const element = $("toast");
  element.textContent = text;
  element.classList.add("shown");
  clearTimeout(fading);
  fading = setTimeout(() => element.classList.remove("shown"), 2200);
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} byte${bytes === 1 ? "" : "s"}`;
  if (bytes < 1e6) return `${(bytes / 1000).toPrecision(3)} kB`;
  return `${(bytes / 1e6).toPrecision(3)} MB`;
}

export function duration(ms) {
  if (ms === null || ms === undefined) return "";
  if (ms < 10) return ms.toFixed(1);
  if (ms < 10000) return Math.round(ms).toLocaleString("en");
  return `${(ms / 1000).toFixed(1)} s`;
}

export const withUnit = (ms) => (ms >= 10000 ? duration(ms) : `${duration(ms)} ms`);

export const statusClass = (status) => (status ? `s${Math.floor(status / 100)}` : "s0");

const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
export const timeOf = (at) => clock.format(at);
