// The list: rows by their ids, drawn at most once a frame.

import { duration, h, statusClass, timeOf, visible } from "./dom.js";

export function listIn(box, { chosen, drawn, labels }) {
  const rows = new Map(); // id → row, in order of arrival
  const shown = new Map(); // id → element
  const dirty = new Set(); // ids of which the element may be wrong
  let matches = () => true;
  let current = null;
  let frame = 0;
  let held = false;

  function take(message) {
    if (message.whole) for (const id of [...rows.keys()]) forget(id);
    for (const row of message.rows) {
      rows.set(row.id, row);
      dirty.add(row.id);
    }
    for (const [id, row] of rows) {
      if (row.number >= message.oldest) break;
      forget(id);
    }
    soon();
  }

  function forget(id) {
    rows.delete(id);
    if (shown.has(id)) dirty.add(id);
    else dirty.delete(id);
  }

  function soon() {
    if (!frame && !held) frame = requestAnimationFrame(draw);
  }

  function draw() {
    frame = 0;
    for (const id of dirty) drawOne(id);
    dirty.clear();
    drawn({ shown: shown.size, kept: rows.size });
  }

  function drawOne(id) {
    const row = rows.get(id);
    const element = shown.get(id);
    if (!row || !matches(row)) {
      element?.remove();
      shown.delete(id);
    } else if (element) {
      fill(element, row, labels);
    } else {
      const made = rowElement(row, labels);
      shown.set(id, made);
      place(made, row.number);
      if (id === current) mark(made, true);
    }
  }

  // Newest first. New ones come first, so the search is short.
  function place(element, number) {
    let before = box.firstElementChild;
    while (before && before.number > number) before = before.nextElementSibling;
    box.insertBefore(element, before);
  }

  function mark(element, is) {
    element.setAttribute("aria-selected", is);
    element.classList.toggle("current", is);
    if (is) box.setAttribute("aria-activedescendant", element.id);
  }

  function choose(id, { scroll = false } = {}) {
    const before = shown.get(current);
    if (before) mark(before, false);
    current = id;
    box.removeAttribute("aria-activedescendant");
    const element = shown.get(id);
    if (element) {
      mark(element, true);
      if (scroll) element.scrollIntoView({ block: "nearest" });
    }
    chosen(id);
  }

  function move(steps) {
    const elements = [...box.children];
    if (!elements.length) return;
    const at = elements.indexOf(shown.get(current));
    const to = at < 0 ? 0 : Math.max(0, Math.min(elements.length - 1, at + steps));
    choose(elements[to].visit, { scroll: true });
  }

  box.addEventListener("click", (event) => {
    const element = event.target.closest("[role=option]");
    if (element) choose(element.visit);
  });

  return {
    take,
    choose,
    move,
    row: (id) => rows.get(id),
    get current() { return current; },
    // New ones that are not drawn since the list is held.
    get waiting() {
      const isNew = (row) => row && !shown.has(row.id) && matches(row);
      return [...dirty].filter((id) => isNew(rows.get(id))).length;
    },
    filter(test) {
      matches = test;
      for (const id of rows.keys()) dirty.add(id);
      draw();
    },
    hold(is) {
      held = is;
      if (!held) soon();
    },
  };
}

function rowElement(row, labels) {
  const element = h("div", { role: "option", id: `row-${row.id}`, "aria-selected": "false" },
    h("span", { class: "time" }, timeOf(row.at)),
    h("span", { class: "status" }),
    h("span", { class: "what" }, h("span", { class: "method" }), h("span", { class: "path" })),
    h("span", { class: "marks" }),
    h("span", { class: "ms right" }),
  );
  element.visit = row.id;
  element.number = row.number;
  fill(element, row, labels);
  return element;
}

function fill(element, row, labels) {
  const [, status, what, marks, ms] = element.children;
  status.textContent = row.status ?? (row.over ? "gone" : "···");
  status.className = `status ${statusClass(row.status)}${row.over ? "" : " open"}`;
  what.children[0].textContent = row.method;
  what.children[1].textContent = visible(row.path);
  what.title = row.path.length > 30 ? visible(row.path) : "";
  marks.replaceChildren(...marksOf(row, labels));
  ms.textContent = duration(row.ms);
  ms.className = `ms right${row.ms >= 1000 ? " slow" : ""}`;
}

function marksOf(row, labels) {
  const found = [];
  if (row.init !== null) {
    found.push(h("span", { class: "chip cold", title: `Cold start: ${duration(row.init)} ms` }, "cold"));
  }
  if (row.refused) {
    found.push(h("span", { class: "chip refused", title: "Something is wrong: its overview says what" }, "!"));
  }
  if (row.noted) found.push(h("span", { class: "chip cold", title: "There is something to note: its overview says what" }, "i"));
  for (const label of labels(row)) found.push(h("span", { class: "chip" }, visible(label)));
  return found;
}
