// Change a request and send it, or write a new one.

import { $, h, toast } from "./dom.js";
import { post, url } from "./server.js";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

// visit: what to begin with, or null, for a request to the host. sent(id) is called with the new request's id.
export async function edit(visit, host, sent) {
  const dialog = $("editor");
  let start;
  try {
    start = visit ? await fieldsOf(visit) : emptyFor(host);
  } catch (error) {
    toast(error.message);
    return;
  }
  const field = {
    method: h("input", { id: "edit-method", list: "methods", autocomplete: "off", spellcheck: "false", required: true }),
    url: h("input", { id: "edit-url", autocomplete: "off", spellcheck: "false", required: true }),
    headers: h("textarea", { id: "edit-headers", rows: "7", spellcheck: "false", wrap: "off" }),
    body: h("textarea", { id: "edit-body", rows: "10", spellcheck: "false" }),
    binary: h("input", { type: "checkbox", id: "edit-binary" }),
    crlf: h("input", { type: "checkbox", id: "edit-crlf" }),
  };
  for (const name of ["method", "url", "headers", "body"]) field[name].value = start[name];
  for (const name of ["binary", "crlf"]) field[name].checked = start[name];
  const wrong = h("p", { class: "wrong", role: "alert" });
  const send = h("button", { type: "submit", class: "primary" }, "Send");

  async function submit(event) {
    event.preventDefault();
    wrong.textContent = "";
    send.disabled = true;
    send.textContent = "Sending…";
    try {
      const { id } = await post("/_adapter/send", told(visit, field, start));
      dialog.close();
      sent(id);
    } catch (error) {
      wrong.textContent = error.message;
    } finally {
      send.disabled = false;
      send.textContent = "Send";
    }
  }

  const form = h("form", { onsubmit: submit, onkeydown: (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  } },
    h("h2", { id: "editor-title" }, visit ? "Edit and send" : "New request"),
    h("datalist", { id: "methods" }, METHODS.map((name) => h("option", { value: name }))),
    h("div", { class: "line" },
      h("label", { for: "edit-method" }, "Method", field.method),
      h("label", { for: "edit-url", class: "wide" }, "Path and query", field.url)),
    h("label", { for: "edit-headers" }, "Headers, one a line", field.headers),
    h("label", { for: "edit-body" }, "Body", field.body),
    h("div", { class: "line small" },
      h("label", { for: "edit-binary" }, field.binary, " the body is written in base64"),
      h("label", { for: "edit-crlf" }, field.crlf, " its lines end with CR LF")),
    h("p", { class: "muted" }, "Content-Length is made anew."),
    wrong,
    h("div", { class: "line end" },
      h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"), send));
  dialog.replaceChildren(form);
  dialog.showModal();
  field.url.focus();
}

const emptyFor = (host) => ({
  method: "GET", url: "/", headers: `host: ${host}\naccept: */*`, body: "", binary: false, crlf: false,
});

async function fieldsOf(visit) {
  const { request } = visit;
  return {
    method: request.method,
    url: request.target,
    headers: request.headers.filter(([name]) => name !== "content-length")
      .map(([name, value]) => `${name}: ${value}`).join("\n"),
    ...await bodyOf(visit),
  };
}

// As text where a text field keeps it as it is, else in base64.
async function bodyOf({ id, request: { body } }) {
  if (body.form === "empty") return { body: "", binary: false, crlf: false };
  if (body.form === "text" && !body.cut && !body.decoded) {
    const single = body.text.replaceAll("\r\n", "");
    const crlf = body.text.includes("\r\n") && !/[\r\n]/.test(single);
    if (crlf || !body.text.includes("\r")) return { body: body.text.replaceAll("\r\n", "\n"), binary: false, crlf };
  }
  const answer = await fetch(url("visits", id, "request", "file"));
  if (!answer.ok) throw new Error("The body is not kept any more.");
  return { body: base64(new Uint8Array(await answer.arrayBuffer())), binary: true, crlf: false };
}

function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}

function told(visit, field, start) {
  const pairs = field.headers.value.split("\n").filter((line) => line.trim()).map((line) => {
    const colon = line.indexOf(":");
    if (colon < 1) throw new Error(`“${line}” is no header: write name: value`);
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
  // An empty body of a POST has a length, too.
  const hadLength = visit?.request.headers.some(([name]) => name === "content-length");
  const text = field.crlf.checked ? field.body.value.replaceAll("\n", "\r\n") : field.body.value;
  return {
    like: visit?.id ?? "",
    method: field.method.value,
    url: field.url.value,
    headers: hadLength ? [...pairs, ["content-length", "0"]] : pairs,
    ...(field.binary.checked ? { base64: field.body.value.replace(/\s/g, "") } : { text }),
  };
}
