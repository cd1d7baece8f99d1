"""Write the tables of differences into docs/how-to/migrate.md.

python tests/differential/page.py
"""

import re
import sys
from importlib.metadata import version
from pathlib import Path

TESTS = Path(__file__).parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(TESTS))

from differential.compare import PEERS, differences  # noqa: E402
from differential.echo import FIELDS  # noqa: E402
from differential.known import rows, sources  # noqa: E402

SCRIPT = "tests/differential/page.py"
PAGE = TESTS.parent / "docs" / "how-to" / "migrate.md"
MARKED = re.compile(r"(<!-- differences: generated -->\n).*(<!-- /differences -->)", re.DOTALL)
NAMES = {"mangum": "Mangum", "apig-wsgi": "apig-wsgi", "serverless-wsgi": "serverless-wsgi"}
ENVIRON = FIELDS | {
    "query": "QUERY_STRING",
    "server": "SERVER_NAME`, `SERVER_PORT",
    "user": "REMOTE_USER",
}
SCOPE = {"query": "query_string"}
WORDS = {"outcome": "status", "closed": "closed", "base64": "as base64", "startups": "startups"}


def written():
    return PAGE.read_text("utf-8")


def generated():
    tables = "\n".join(section(peer) for peer in PEERS)
    links = "\n".join(f"[{name}]: {address}" for name, address in sources().items())
    return MARKED.sub(lambda match: f"{match[1]}\n{tables}\n{links}\n\n{match[2]}", written())


def section(peer):
    name = NAMES[peer]
    release = ".".join(version(peer).split(".")[:2])
    head = [
        f"### {name} {release}",
        "",
        f"| what | where | {name} | adapter | why |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*head, *(line(row, peer) for row in rows() if peer in row.peers)]) + "\n"


def line(row, peer):
    """One row, with the values of its example."""
    shown = [each for each in differences() if each.peer == peer and row.covers(each)]
    example = next((each for each in shown if each.case == row.example), shown[0])
    why = f"{row.why} ([{row.source}])"
    cells = (row.what, place(peer, example.field), code(example.theirs), code(example.ours), why)
    return f"| {' | '.join(cells)} |"


def place(peer, field):
    """The field as the app knows it: a key of scope or environ, a header, or a word."""
    if field in WORDS:
        return WORDS[field]
    for prefix in ("answer header ", "header "):
        if field.startswith(prefix):
            return f"{prefix}`{field.removeprefix(prefix)}`"
    if field == "answer body":
        return field
    return f"`{(SCOPE if peer == 'mangum' else ENVIRON).get(field, field)}`"


def code(value):
    """A value in a Markdown table: words as they are, the rest as code.

    What an exception says differs between Python releases.
    """
    if value.startswith("raises "):
        return f"`{value.partition(':')[0]}`"
    if value in ("absent", "true", "false") or value.isdecimal():
        return value
    return f"`{value.replace('`', chr(39)).replace('|', chr(92) + '|')}`"


if __name__ == "__main__":
    PAGE.write_text(generated(), "utf-8")
