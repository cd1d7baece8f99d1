// What the page asks of the inspector's server.

const BASE = "/_adapter";

export const url = (...parts) => `${BASE}/${parts.map(encodeURIComponent).join("/")}`;

async function answer(response) {
  if (response.ok) return response.json();
  const told = await response.json().catch(() => ({}));
  throw new Error(told.error ?? `The server says ${response.status}.`);
}

export const get = async (path, signal) => answer(await fetch(path, { signal }));

export const post = async (path, value = {}) =>
  answer(await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(value),
  }));

const SILENCE = 25_000; // ms; the server says something every ten seconds
const SOON = 1000;

// Calls take(message) for each message and lost(true or false) as the connection goes and comes.
// A page that nobody looks at does not listen; it hears what it missed when it is shown again.
export function listen(take, lost) {
  let source = null;
  let last = "";
  let watch = 0;
  let soon = 0;

  function heard() {
    clearTimeout(watch);
    watch = setTimeout(again, SILENCE);
  }

  function open() {
    close();
    source = new EventSource(`${BASE}/live?since=${encodeURIComponent(last)}`);
    source.onopen = () => { lost(false); heard(); };
    source.addEventListener("beat", heard);
    source.onmessage = (event) => {
      last = event.lastEventId;
      heard();
      take(JSON.parse(event.data));
    };
    source.onerror = () => {
      lost(true);
      if (source?.readyState === EventSource.CLOSED) again();
    };
  }

  function close() {
    clearTimeout(watch);
    clearTimeout(soon);
    source?.close();
    source = null;
  }

  function again() {
    close();
    soon = setTimeout(open, SOON);
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  if (!document.hidden) open();
}
