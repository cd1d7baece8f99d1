"""What an alias's description says: when it was moved, by whom, to what, and from where.

An alias has no tags, and its description is the one place that goes along with it.
https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html: 256 characters

    at=2026-11-21T21:19:37Z by=alice commit=1a2b3c4 before=4
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FORM = re.compile(r"at=(\S*) by=(\S*) commit=(\S*) before=(\d*)")
_LONGEST = 80


@dataclass(frozen=True)
class Record:
    """A move of an alias; "" for what nobody wrote down.

    at      when: 2026-11-21T21:19:37Z
    by      who called AWS, as AWS.who has it
    commit  of the folder that the code came from, as `commit.of` has it
    before  the version that the alias named until then
    """

    at: str = ""
    by: str = ""
    commit: str = ""
    before: str = ""


def text(record: Record) -> str:
    """A description."""
    at, by, commit = map(_word, (record.at, record.by, record.commit))
    return f"at={at} by={by} commit={commit} before={record.before}"


def parsed(text: str) -> Record:
    """An empty one of a description that somebody else wrote."""
    found = _FORM.fullmatch(text)
    return Record(*found.groups()) if found else Record()


def _word(text: str) -> str:
    return re.sub(r"\s+", "_", text)[:_LONGEST]
