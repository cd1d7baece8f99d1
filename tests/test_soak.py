"""`adapter dev` under load, while its workers are killed; `scripts/soak` does 10,000 requests."""

from soak import CUT, REFUSED, problems_of, soak


def test_a_kill_costs_one_request_at_the_most_and_leaves_nothing_behind(tmp_path):
    report = soak(tmp_path, 240)
    assert not problems_of(report), report.output[-2000:]
    assert report.kills > 8
    assert report.fates[REFUSED] + report.fates[CUT] > 0  # some had one at work
