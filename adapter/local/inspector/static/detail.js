// What is shown of one request: a head with what one can do, and tabs.

import { logLine } from "./ansi.js";
import { clip } from "./clip.js";
import { comparison } from "./compare.js";
import { duration, h, lines, size, statusClass, timeOf, visible, withUnit } from "./dom.js";
import { isJson, pretty } from "./json.js";
import { url } from "./server.js";

const TABS = {
  overview: ["Overview", overview],
  request: ["Request", requestTab],
  event: ["Event", (visit) => document_(visit, "event", "No event was made of this request.")],
  result: ["Result", resultTab],
  response: ["Response", responseTab],
  log: ["Log", (visit) => log(visit)],
  compare: ["Compare", comparison],
};
export const TAB_NAMES = Object.keys(TABS);

const view = { raw: false };

// actions: {replay, edit, copy(form), tab(name), back}
export function detailOf(visit, tab, about, actions) {
  const names = TAB_NAMES.filter((name) => name !== "compare" || visit.is_http);
  const now = names.includes(tab) ? tab : "overview";
  const panel = h("div", {
    class: `panel ${now}`, role: "tabpanel", id: "panel", tabindex: "0",
    "aria-labelledby": `tab-${now}`,
  });
  const fill = () => panel.replaceChildren(...[TABS[now][1](visit, { about, actions, again: fill })].flat());
  fill();
  return [head(visit, actions), tabList(names, now, visit, actions), panel];
}

export function nothing() {
  return [h("div", { class: "empty" },
    h("p", {}, "Choose a request to see its event, result, response and log."),
    h("p", { class: "keys" }, h("kbd", {}, "j"), " ", h("kbd", {}, "k"), " move  ",
      h("kbd", {}, "/"), " filter  ", h("kbd", {}, "?"), " help"))];
}

// Head and tabs

function head(visit, actions) {
  const button = (text, key, does, title) =>
    h("button", { type: "button", title: `${title} (${key})`, onclick: does, "data-key": key }, text);
  const { status } = visit;
  return h("header", { class: "head" },
    h("div", { class: "title" },
      h("button", { type: "button", class: "back", "aria-label": "Back to the list", onclick: actions.back }, "←"),
      h("h2", {}, h("span", { class: "method" }, visit.request.method), " ",
        h("span", { class: "path" }, visible(visit.request.target)))),
    h("div", { class: "sub" },
      h("span", { class: `badge ${statusClass(status)}` },
        status ? `${status} ${PHRASES[status] ?? ""}` : visit.over ? "no answer" : "under way"),
      visit.ms !== null && h("span", {}, withUnit(visit.ms)),
      visit.init !== null && h("span", { class: "chip cold" }, `cold start ${duration(visit.init)} ms`),
      h("span", { class: "muted" }, visit.title, visit.function && ` → ${visit.function}`),
      h("span", { class: "muted" }, timeOf(visit.at))),
    h("div", { class: "actions", role: "toolbar", "aria-label": "With this request" },
      visit.is_http && button("Replay", "r", actions.replay, "Send it again"),
      visit.is_http && button("Edit & send", "e", actions.edit, "Change it and send it"),
      h("span", { class: "group", role: "group", "aria-label": "Copy as" },
        h("span", { class: "muted" }, "Copy as"),
        button("curl", "c", () => actions.copy("curl"), "A curl command"),
        visit.event && button("event", "v", () => actions.copy("event"), "The event as JSON"),
        visit.is_http && button("pytest", "t", () => actions.copy("pytest"),
          "A test for adapter.testing"))));
}

function tabList(names, now, visit, actions) {
  const count = visit.log.length;
  const tab = (name) => h("button", {
    type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "panel",
    "aria-selected": String(name === now), tabindex: name === now ? "0" : "-1",
    onclick: () => actions.tab(name),
  }, TABS[name][0],
    name === "log" && count > 0 && h("span", { class: "count" }, count.toLocaleString("en")),
    name === "result" && visit.verdict?.refused && h("span", { class: "count bad" }, "!"));
  return h("div", {
    role: "tablist", "aria-label": "Parts of the request",
    onkeydown: (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      actions.tab(names[(names.indexOf(now) + step + names.length) % names.length], true);
    },
  }, names.map(tab));
}

// Overview

function overview(visit, { actions }) {
  return [
    verdict(visit),
    timeline(visit.timeline),
    visit.log.length > 0 && h("section", {},
      h("h3", {}, "Log", visit.log.length > 12 && h("button", {
        type: "button", class: "link", onclick: () => actions.tab("log"),
      }, `all ${visit.log.length.toLocaleString("en")} lines`)),
      h("div", { class: "log" }, visit.log.slice(-12).map(logLine))),
    facts(visit),
  ].filter(Boolean);
}

function verdict(visit) {
  const told = visit.verdict;
  if (!told) return null;
  const { body } = told;
  const isShort = body && body.length <= 160 && !body.includes("<");
  return h("section", { class: `verdict ${told.bad ? "bad" : ""}`, role: "note" },
    told.own
      ? h("h3", {}, `${told.who} answers `, h("strong", {}, told.status),
        isShort && [" ", h("code", {}, visible(body))])
      : h("h3", {}, told.title),
    h("p", {}, told.own && "because ", visible(told.because)));
}

const STRETCHES = {
  "front end": ["Front end", "Routes, authorizers, limits; the request becomes an event"],
  waiting: ["Waiting", "For a free environment"],
  cold: ["Cold start", "A new environment starts"],
  function: ["Function", "Until its result, or the first bytes of a stream"],
  sending: ["Sending", "Until the client has the last byte"],
  after: ["After", "What the function still did when its answer was out"],
};

function timeline(stretches) {
  if (!stretches.length) return null;
  const total = Math.max(...stretches.map((it) => it.to ?? it.from), 0.001);
  return h("section", {},
    h("h3", {}, "Timeline"),
    h("div", { class: "timeline" }, stretches.map((it) => stretch(it, total))));
}

function stretch({ name, from, to }, total) {
  const [label, title] = STRETCHES[name] ?? [name, ""];
  const bar = h("i", { class: `bar-${name.replace(" ", "-")}${to === null ? " open" : ""}` });
  const end = to ?? total;
  bar.style.left = `${(from / total) * 100}%`;
  bar.style.width = `${((end - from) / total) * 100}%`;
  return h("div", { class: "stretch", title },
    h("span", { class: "label" }, label),
    h("span", { class: "track" }, bar),
    h("span", { class: "right ms" }, to === null ? "…" : `${(to - from).toFixed(to - from < 10 ? 1 : 0)} ms`));
}

function facts(visit) {
  const rows = [
    ["Front end", visit.title],
    ["Function", visit.function],
    ["Route", visit.route],
    ["Path parameters", Object.entries(visit.parameters).map((it) => it.join(" = ")).join(", ")],
    ["Authorizer", visit.authorizer],
    ["Environment", environment(visit)],
    ["Request id", visit.id],
    ["Client", `${visit.request.client} · HTTP/${visit.request.http_version}`],
    ["Sent", size(visit.request.body.size)],
    ["Received", visit.response && size(visit.response.body.size)],
  ].filter(([, value]) => value);
  return h("section", {}, h("h3", {}, "Facts"),
    h("dl", {}, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, visible(value))])));
}

function environment(visit) {
  if (visit.init !== null) {
    const waited = visit.timeline.some((it) => it.name === "cold");
    return `cold: it took ${duration(visit.init)} ms to start${waited ? "" : ", before this request came"}`;
  }
  return visit.request_id ? "warm" : "";
}

// Request, result, response

function requestTab(visit) {
  return [
    h("section", {}, h("h3", {}, "Request line"),
      h("pre", { class: "code" }, visible(
        `${visit.request.method} ${visit.request.target} HTTP/${visit.request.http_version}`))),
    headers(visit.request.headers),
    body(visit, "request", visit.request.body, "Body"),
  ];
}

function resultTab(visit) {
  const streamed = visit.streamed;
  return [
    verdict(visit),
    (visit.result || !streamed) && document_(visit, "result", visit.over
      ? "The function returned nothing that could be kept." : "The function has not answered yet."),
    streamed && body(visit, "response", streamed, "Streamed"),
  ].flat().filter(Boolean);
}

function responseTab(visit) {
  if (!visit.response) return note(visit.over ? "The client had hung up." : "Not answered yet.");
  const { status } = visit.response;
  return [
    verdict(visit),
    h("section", {}, h("h3", {}, "Status"),
      h("pre", { class: "code" }, `${status} ${PHRASES[status] ?? ""}`)),
    headers(visit.response.headers),
    body(visit, "response", visit.response.body, "Body"),
  ].filter(Boolean);
}

function headers(pairs) {
  return h("section", {}, h("h3", {}, "Headers", h("span", { class: "count" }, pairs.length)),
    pairs.length
      ? h("dl", { class: "headers" }, pairs.map(([name, value]) =>
          [h("dt", {}, visible(name)), h("dd", {}, visible(value))]))
      : h("p", { class: "muted" }, "none"));
}

function document_(visit, part, otherwise) {
  const content = visit[part];
  if (!content || content.form === "empty") return note(otherwise);
  return body(visit, part, content, visit.streamed && part === "result" ? "Head" : TABS[part][0]);
}

// A body: JSON indented or as it came; text; an image; bytes.

function body(visit, part, content, title) {
  const section = h("section", { class: "body" });
  const again = () => section.replaceChildren(...bodyParts(visit, part, content, title, () => {
    view.raw = !view.raw;
    again();
  }));
  again();
  return section;
}

function bodyParts(visit, part, content, title, toggle) {
  const json = content.form === "text" && !content.cut && isJson(content.text);
  const tools = h("span", { class: "tools" },
    json && h("button", { type: "button", class: "link", "aria-pressed": String(view.raw), onclick: toggle },
      view.raw ? "pretty" : "raw"),
    content.form === "text" && h("button", {
      type: "button", class: "link", onclick: () => clip(content.text, `the ${title.toLowerCase()}`),
    }, "copy"),
    content.form !== "empty" && h("a", { href: url("visits", visit.id, part, "file"), download: true, class: "link" },
      "download"));
  const about = [content.media_type, size(content.size), content.decoded && `unpacked from ${content.decoded}`];
  return [
    h("h3", {}, title, h("span", { class: "muted" }, about.filter(Boolean).join(" · ")), tools),
    shape(visit, part, content, json),
    content.lost && h("p", { class: "muted" }, "Of a streamed answer the first megabyte is kept."),
    content.cut && !content.lost
      && h("p", { class: "muted" }, "Only its beginning is shown; the download has it whole."),
  ].filter(Boolean);
}

function shape(visit, part, content, json) {
  if (content.form === "empty") return h("p", { class: "muted" }, "empty");
  if (content.form === "image") {
    return h("img", { class: "image", alt: "The image in the body", src: url("visits", visit.id, part, "image") });
  }
  if (content.form === "binary") return h("pre", { class: "code hex" }, content.hex);
  const pre = h("pre", { class: "code" });
  pre.append(json && !view.raw ? pretty(content.text) : lines(content.text));
  return pre;
}

// Log

const BLOCK = 200; // lines that the browser lays out together, once they come into view

function log(visit) {
  if (!visit.log.length) return note("It logged nothing.");
  const blocks = [];
  for (let at = 0; at < visit.log.length; at += BLOCK) {
    blocks.push(h("div", { class: "block" }, visit.log.slice(at, at + BLOCK).map(logLine)));
  }
  return [
    visit.log_cut && h("p", { class: "muted" }, "Only its last lines are shown."),
    h("div", { class: "log whole" }, blocks),
  ].filter(Boolean);
}

const note = (text) => h("p", { class: "note" }, text);

const PHRASES = {
  200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content",
  301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
  307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized",
  403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 410: "Gone",
  413: "Content Too Large", 415: "Unsupported Media Type", 418: "I'm a teapot",
  422: "Unprocessable Content", 429: "Too Many Requests", 500: "Internal Server Error",
  501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
};
