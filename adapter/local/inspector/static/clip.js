// Text for somewhere else.

import { $, h, toast } from "./dom.js";

// Onto the clipboard. Browsers have none for pages at addresses that they don't trust, as
// http://192.0.2.7: there the text is shown, to be copied by hand.
export async function clip(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`Copied ${what}`);
  } catch {
    const field = h("textarea", { readonly: true, rows: "12", "aria-label": what });
    field.value = text;
    $("copy").replaceChildren(
      h("h2", { id: "copy-title" }, `Copy ${what}`), field,
      h("form", { method: "dialog", class: "line end" }, h("button", {}, "Close")));
    $("copy").showModal();
    field.select();
  }
}
