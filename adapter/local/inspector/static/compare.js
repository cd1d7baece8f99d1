// The event beside the one that another front end would have made of the same request.

import { h, visible } from "./dom.js";
import { get, url } from "./server.js";

const chosen = { kind: null, differing: false };

export function comparison(visit, { about }) {
  const kinds = about.kinds.filter(([kind]) => kind !== visit.kind);
  if (!kinds.some(([kind]) => kind === chosen.kind)) chosen.kind = first(visit.kind, kinds);
  const table = h("div", { class: "pairs", role: "table", "aria-label": "Two events, line by line" });
  const count = h("span", { class: "muted", role: "status" });
  const select = h("select", { "aria-label": "The other front end" },
    kinds.map(([kind, title]) => h("option", { value: kind, selected: kind === chosen.kind }, title)));
  const only = h("input", { type: "checkbox", id: "differing" });
  only.checked = chosen.differing;

  async function load() {
    chosen.kind = select.value;
    chosen.differing = only.checked;
    try {
      const told = await get(url("visits", visit.id, "as", chosen.kind));
      if (told.kind === select.value) show(table, count, visit, told);
    } catch (error) {
      table.replaceChildren(h("p", { class: "note" }, error.message));
    }
  }
  select.addEventListener("change", load);
  only.addEventListener("change", load);
  load();
  return [
    h("p", { class: "choice" }, h("strong", {}, visit.title), " beside ", select,
      h("label", { for: "differing" }, only, " differing lines only"), count),
    table,
  ];
}

const first = (kind, kinds) => (kind === "rest_api" ? "http_api" : kind === "http_api" ? "rest_api" : kinds[0][0]);

function show(table, count, visit, { title, rows }) {
  const differing = rows.filter(([mark]) => mark !== " ").length;
  count.textContent = differing ? `${differing} lines differ` : "no difference";
  table.classList.toggle("only", chosen.differing);
  table.replaceChildren(
    h("div", { class: "pair top", role: "row" },
      h("span", { role: "columnheader" }, visit.title), h("span", { role: "columnheader" }, title)),
    ...rows.filter(([mark]) => !chosen.differing || mark !== " ").map(pair));
}

const WORDS = { "|": "differs", "<": "only here", ">": "only there" };

function pair([mark, left, right]) {
  const kind = { " ": "same", "|": "changed", "<": "ours", ">": "theirs" }[mark];
  return h("div", { class: `pair ${kind}`, role: "row", "aria-description": WORDS[mark] },
    h("span", { role: "cell" }, visible(left)), h("span", { role: "cell" }, visible(right)));
}
