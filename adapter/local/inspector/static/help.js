// The overlay with the keys and the filter's words.

import { $, h } from "./dom.js";

const KEYS = [
  ["j k ↓ ↑", "next and previous request"],
  ["Enter", "into the request; Esc leads back"],
  ["1 … 7", "the tabs"],
  ["/", "filter; Esc clears it"],
  ["r", "replay: send the same again"],
  ["e", "edit and send"],
  ["n", "new request"],
  ["c v t", "copy as curl, as event, as pytest"],
  ["p", "pause: hold the list still"],
];

const WORDS = [
  ["orders", "method or path has this"],
  ["-static", "… has it not; also before other words"],
  ["status:404", "or status:5xx, or status:4xx,5xx"],
  ["method:post", "the method"],
  ["kind:rest", "the front end's kind begins so; kind:invoke"],
  ["function:shop", "the function's name has this"],
  ["is:cold", "is:refused, is:open"],
];

const MARKS = [
  ["cold", "an environment's first request", "cold"],
  ["!", "not your function's answer", "refused"],
  ["i", "something to note", "cold"],
];

export function showHelp() {
  const rows = (pairs, tag) => h("dl", {}, pairs.map(([name, text]) => [
    h("dt", {}, tag === "kbd" ? name.split(" ").map((key) => [h("kbd", {}, key), " "]) : h("code", {}, name)),
    h("dd", {}, text)]));
  const marks = () => h("dl", {}, MARKS.map(([name, text, kind]) => [
    h("dt", {}, h("span", { class: `chip ${kind}` }, name)), h("dd", {}, text)]));
  $("help").replaceChildren(
    h("h2", { id: "help-title" }, "Help"),
    h("div", { class: "columns" },
      h("div", {},
        h("section", {}, h("h3", {}, "Keys"), rows(KEYS, "kbd")),
        h("section", { class: "marks" }, h("h3", {}, "Marks"), marks())),
      h("section", {}, h("h3", {}, "Filter"), rows(WORDS, "code"),
        h("p", { class: "muted" }, "Words are joined by “and”.")),
    ),
    h("form", { method: "dialog", class: "line end" }, h("button", { autofocus: true }, "Close")));
  $("help").showModal();
}
