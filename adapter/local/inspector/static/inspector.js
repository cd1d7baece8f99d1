// The page: what comes from the server goes to the list, the chosen request into the detail.

import { clip } from "./clip.js";
import { detailOf, nothing, TAB_NAMES } from "./detail.js";
import { $, h, toast } from "./dom.js";
import { edit } from "./editor.js";
import { filterOf } from "./filter.js";
import { showHelp } from "./help.js";
import { listIn } from "./list.js";
import { runsIn } from "./runs.js";
import { get, listen, post, url } from "./server.js";

const told = new URLSearchParams(location.hash.slice(1));
let about = { kinds: [], targets: [], host: location.host, url: "" };
let tab = told.get("tab") ?? "overview";
let visit = null; // the details that are shown
let loading = null; // of the request for others
let held = false;

const list = listIn($("rows"), { chosen: open, drawn: count, labels });
const runs = runsIn($("runs"), $("runs-list"));

// Of a row, what is not the same in each: the kind if it is none of the API's, the function if
// there are several.
function labels(row) {
  return [
    row.kind !== about.kind && row.kind,
    about.targets.length > 1 && row.function,
  ].filter(Boolean);
}

// Messages

listen((message) => {
  if (message.about) introduce(message.about);
  problem(message.problem);
  runs.take(message.runs);
  list.take(message);
  const row = list.row(list.current);
  if (row && (!visit || row.version > visit.version)) soonReload();
  if (held) holding();
}, lost);

let lostSoon = 0;
function lost(is) {
  clearTimeout(lostSoon);
  $("live").classList.toggle("off", is);
  $("live").textContent = is ? "reconnecting" : "live";
  if (is) lostSoon = setTimeout(() => { $("lost").hidden = false; }, 700);
  else $("lost").hidden = true;
}

function problem(text) {
  $("problem").hidden = !text;
  if ($("problem-text").textContent !== text) $("problem-text").textContent = text;
}

function introduce(said) {
  about = said;
  $("about").replaceChildren(
    h("code", {}, about.targets.length > 2 ? `${about.targets.length} functions` : about.targets.join(", ")),
    h("span", { class: "muted" }, ` ${about.title}`));
  $("new").hidden = !takesRequests();
  document.title = `${about.targets[0] ?? "adapter"} · inspector`;
}

// A WebSocket API takes none.
const takesRequests = () => about.kinds.some(([kind]) => kind === about.kind);

function write() {
  if (takesRequests()) edit(null, about.host, sent);
}

function count({ shown, kept }) {
  $("count").textContent = shown === kept
    ? `${kept} request${kept === 1 ? "" : "s"}` : `${shown} of ${kept} requests`;
  const empty = $("empty");
  empty.hidden = shown > 0;
  if (!shown) empty.replaceChildren(...(kept ? noMatch() : noRequests()));
}

function noRequests() {
  const command = `curl ${about.url || location.origin + "/"}`;
  return [
    h("p", { class: "big" }, "Waiting for the first request"),
    h("p", {}, "Open your app in a browser, or in another terminal:"),
    h("button", {
      type: "button", class: "command", title: "Copy",
      onclick: () => clip(command, "the command"),
    }, h("code", {}, command)),
  ];
}

const noMatch = () => [
  h("p", { class: "big" }, "No request matches the filter"),
  h("button", { type: "button", onclick: () => setFilter("") }, "Clear the filter"),
];

// The chosen request

function open(id) {
  remember();
  if (id) load(id);
}

async function load(id) {
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading;
  try {
    visit = await get(url("visits", id), signal);
    if (list.current === id) show();
  } catch (error) { // of an aborted body it has another name
    if (!signal.aborted && list.current === id && visit?.id !== id) {
      visit = null;
      $("detail").replaceChildren(h("p", { class: "note" }, error.message));
    }
  }
}

let reloading = 0;
function soonReload() {
  if (reloading) return;
  reloading = setTimeout(() => {
    reloading = 0;
    if (list.current) load(list.current);
  }, 120);
}

function show({ focusTab = false } = {}) {
  const before = $("panel");
  const scrolled = before && before.className === `panel ${tab}` && shownId === visit?.id ? before.scrollTop : 0;
  const focused = $("detail").contains(document.activeElement) ? selectorOf(document.activeElement) : "";
  $("detail").replaceChildren(...(visit ? detailOf(visit, tab, about, actions) : nothing()));
  shownId = visit?.id;
  if ($("panel")) $("panel").scrollTop = scrolled;
  $(`tab-${tab}`)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  if (focused) $("detail").querySelector(focused)?.focus();
  if (focusTab) $(`tab-${tab}`)?.focus();
}
let shownId = null;

// What is drawn anew keeps the focus.
const selectorOf = ({ id, dataset }) =>
  (id ? `#${CSS.escape(id)}` : dataset.key ? `[data-key="${CSS.escape(dataset.key)}"]` : "");

const actions = {
  async replay() {
    if (!visit?.is_http) return;
    toast("Sending it again…");
    await attempt(async () => sent((await post(url("visits", visit.id, "replay"))).id));
  },
  edit() {
    if (visit?.is_http) edit(visit, about.host, sent);
  },
  async copy(form) {
    if (!visit) return;
    await attempt(async () => {
      const { text } = await get(url("visits", visit.id, "copy", form));
      await clip(text, { curl: "the curl command", event: "the event", pytest: "the test" }[form]);
    });
  },
  tab(name, focusTab = false) {
    tab = name;
    remember();
    if (visit) show({ focusTab });
  },
  back() {
    document.body.classList.remove("opened");
    $("rows").focus();
  },
};

async function attempt(does) {
  try {
    await does();
  } catch (error) {
    toast(error.message);
  }
}

function sent(id) {
  list.choose(id, { scroll: true });
  document.body.classList.add("opened");
}

// Filter, pause, what the address remembers

function setFilter(text) {
  $("filter").value = text;
  list.filter(filterOf(text));
  remember();
}
$("filter").addEventListener("input", () => setFilter($("filter").value));

function hold(is) {
  held = is;
  list.hold(is);
  $("pause").setAttribute("aria-pressed", String(is));
  holding();
}
function holding() {
  const waiting = list.waiting;
  $("pause").textContent = held ? `Paused${waiting ? ` · ${waiting}` : ""}` : "Pause";
}

function remember() {
  const now = new URLSearchParams();
  if (list.current) now.set("id", list.current);
  if (tab !== "overview") now.set("tab", tab);
  if ($("filter").value) now.set("filter", $("filter").value);
  history.replaceState(null, "", now.size ? `#${now}` : location.pathname);
}

$("pause").addEventListener("click", () => hold(!held));
$("new").addEventListener("click", write);
$("help-open").addEventListener("click", showHelp);
$("clear").addEventListener("click", () => attempt(async () => {
  await post("/_adapter/clear");
  visit = null;
  list.choose(null);
  show();
}));
$("rows").addEventListener("click", () => document.body.classList.add("opened"));
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => { // outside of its content
    if (event.target === dialog && dialog.id !== "editor") dialog.close();
  });
}

// Keys

const KEYS = {
  j: () => list.move(1),
  k: () => list.move(-1),
  ArrowDown: () => list.move(1),
  ArrowUp: () => list.move(-1),
  Home: () => list.move(-Infinity),
  End: () => list.move(Infinity),
  PageDown: () => list.move(10),
  PageUp: () => list.move(-10),
  Enter: () => {
    if (!list.current) list.move(0);
    document.body.classList.add("opened");
    $("panel")?.focus();
  },
  "/": () => { $("filter").focus(); $("filter").select(); },
  "?": showHelp,
  r: actions.replay,
  e: actions.edit,
  n: write,
  c: () => actions.copy("curl"),
  v: () => actions.copy("event"),
  t: () => actions.copy("pytest"),
  p: () => hold(!held),
  Escape: actions.back,
  ...Object.fromEntries(TAB_NAMES.map((name, at) => [String(at + 1), () => actions.tab(name)])),
};
const FOR_LIST = new Set(["ArrowDown", "ArrowUp", "Home", "End", "PageDown", "PageUp", "Enter"]);

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return;
  const { target } = event;
  if (target === $("filter")) {
    if (event.key === "Escape") setFilter("");
    if (event.key === "Escape" || event.key === "Enter" || event.key === "ArrowDown") {
      event.preventDefault();
      $("rows").focus();
    }
    return;
  }
  if (target.closest("input, textarea, select")) return;
  if (FOR_LIST.has(event.key) && target !== document.body && target !== $("rows")) return;
  const does = Object.hasOwn(KEYS, event.key) ? KEYS[event.key] : null;
  if (!does) return;
  event.preventDefault();
  does();
});

// The start

$("filter").value = told.get("filter") ?? "";
list.filter(filterOf($("filter").value));
show();
if (told.get("id")) list.choose(told.get("id"));
