"""The same events through the same app in the peers and in us: every difference is a known one."""

import pytest

from differential import page
from differential.compare import PEERS, differences
from differential.events import CASES
from differential.known import like, rows, sources


@pytest.mark.parametrize("peer", PEERS)
def test_every_difference_is_in_the_table(peer):
    found = [difference for difference in differences() if difference.peer == peer]
    assert [each for each in found if not any(row.covers(each) for row in rows())] == []


def test_every_difference_has_one_reason():
    """So that a row with a `*` doesn't hide a new difference behind an old reason."""
    shared = {each: [str(row) for row in rows() if row.covers(each)] for each in differences()}
    assert {each: names for each, names in shared.items() if len(names) > 1} == {}


@pytest.mark.parametrize("row", rows(), ids=str)
def test_every_row_still_shows(row):
    covered = [each for each in differences() if row.covers(each)]
    assert set(row.peers) == {each.peer for each in covered}
    assert set(row.fields) == {each.field for each in covered}
    shown = {pattern for pattern in row.events for each in covered if like(pattern, each.case)}
    assert set(row.events) == shown
    assert row.example in (None, *(each.case for each in covered))


def test_every_source_is_used():
    assert set(sources()) == {row.source for row in rows()}


def test_every_case_has_a_name_of_its_own():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


def test_the_page_is_up_to_date():
    assert page.written() == page.generated(), f"run: python {page.SCRIPT}"
