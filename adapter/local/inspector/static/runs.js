// The runs of functions above the list, newest first: a bar each.

import { clip } from "./clip.js";
import { h, visible } from "./dom.js";

export function runsIn(box, list) {
  const shown = new Map(); // id → element
  let ticking = 0;

  // All that there are; null if none has changed.
  function take(runs) {
    if (!runs) return;
    const ids = new Set(runs.map(({ id }) => id));
    for (const [id, element] of shown) {
      if (ids.has(id)) continue;
      element.remove();
      shown.delete(id);
    }
    runs.forEach(draw);
    box.hidden = !runs.length;
    clearInterval(ticking);
    if (runs.some((run) => !run.over)) ticking = setInterval(tick, 1000);
  }

  function draw(run, at) {
    const element = shown.get(run.id) ?? runElement(run);
    shown.set(run.id, element);
    element.run = { ...run, heard: performance.now() };
    fill(element, run);
    if (list.children[at] !== element) list.insertBefore(element, list.children[at] ?? null);
  }

  function tick() {
    for (const element of shown.values()) time(element);
  }

  return { take };
}

function runElement({ id, name }) {
  return h("li", { class: "run" },
    h("button", {
      type: "button", class: "link what", title: `Copy the id ${id}`,
      onclick: () => clip(id, "the run's id"),
    }, name && h("span", { class: "path" }, visible(name)), " ",
      h("span", { class: "time" }, visible(short(id)))),
    h("span", { class: "ms bad" }),
    h("span", { class: "ms right" }),
    h("span", { class: "ms right" }),
    h("span", { class: "track", role: "progressbar", "aria-valuemin": "0", "aria-label": `${name} ${id}` },
      h("i"), h("i", { class: "failed" })));
}

// Runs that come of one begin alike, so that what is behind the point stays.
const short = (id) => id.split(".").map((part) => part.slice(0, 8)).join(".");

const number = (value) => value.toLocaleString("en");

function fill(element, { done, failed, of, over }) {
  const [, bad, count, , track] = element.children;
  const share = (part) => `${of ? Math.min(1, part / of) * 100 : 0}%`;
  track.children[0].style.width = of ? share(done) : "100%";
  track.children[1].style.left = share(done);
  track.children[1].style.width = share(failed);
  track.children[1].hidden = !failed;
  track.setAttribute("aria-valuemax", of);
  track.setAttribute("aria-valuenow", done);
  count.textContent = `${number(done)}/${number(of)}`;
  bad.textContent = failed ? `${number(failed)} failed` : "";
  track.setAttribute("aria-valuetext", `${number(done)} of ${number(of)} ${bad.textContent}`.trim());
  element.classList.toggle("over", over);
  time(element);
}

function time(element) {
  const { ms, over, heard } = element.run;
  const seconds = (ms + (over ? 0 : performance.now() - heard)) / 1000;
  element.children[3].textContent = over && seconds < 100 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds)} s`;
}
