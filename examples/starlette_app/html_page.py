"""The HTML around everything, and the pages for a value and for an error."""

import html
import json
from pathlib import Path
from string import Template
from typing import Any

from starlette.responses import HTMLResponse

HERE = Path(__file__).parent


def template(name: str) -> Template:
    return Template((HERE / name).read_text(encoding="utf-8"))


PAGE = template("page.html")
FORM = template("form.html")


def page(title: str, content: str, status: int = 200) -> HTMLResponse:
    """The content is HTML already, the title is text."""
    text = PAGE.substitute(title=html.escape(title), content=content)
    # A JSON string may hold half of a surrogate pair, UTF-8 can't: it becomes a question mark.
    return HTMLResponse(text.encode("utf-8", "replace"), status)


def value_page(title: str, value: Any, links: dict[str, str], status: int = 200) -> HTMLResponse:
    content = f"<h1>{html.escape(title)}</h1>\n{preformatted(value)}\n{buttons(links)}"
    return page(title, content, status)


def error_page(status: int, title: str, message: str, home: str) -> HTMLResponse:
    content = (
        f'<p class="quiet">{status}</p>\n<h1>{html.escape(title)}</h1>\n'
        f"<p>{html.escape(message)}</p>\n{buttons({'Front page': home})}"
    )
    return page(f"{status} {title}", content, status)


def form_page(action: str, home: str) -> HTMLResponse:
    return page("Form", f"<h1>Form</h1>\n{form(action)}\n{buttons({'Front page': home})}")


def form(action: str) -> str:
    return FORM.substitute(action=html.escape(action))


def buttons(links: dict[str, str]) -> str:
    anchors = (
        f'<a class="button plain" href="{html.escape(url)}">{html.escape(text)}</a>'
        for text, url in links.items()
    )
    return f'<p class="do">{" ".join(anchors)}</p>'


def preformatted(value: Any) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=False, skipkeys=True, default=readable)
    return f'<pre tabindex="0">{html.escape(text)}</pre>'


def readable(value: Any) -> str:
    """What JSON has no word for: an ASGI scope is full of bytes and objects."""
    return value.decode("latin-1") if isinstance(value, bytes) else repr(value)
