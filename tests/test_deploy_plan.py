"""A plan: what is there, what is to be, and what lies between."""

import pytest

from adapter.deploy import APP, STAGE, Change, DeployError, Found, Resource, Sub
from adapter.deploy.apply import apply
from adapter.deploy.aws import AWS
from adapter.deploy.fill import filled, names
from adapter.deploy.plan import plan
from adapter.deploy.shown import parts, table
from control_plane import ministack, point_to

TAGS = {APP: "shop"}


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture
def aws(url, monkeypatch):
    point_to(monkeypatch, url)
    return AWS()


def logs(name, days=30, tags=TAGS):
    return Resource("log_group", name, {"retentionInDays": days}, {"tags": tags})


def actions(changes):
    return [(change.action, change.name) for change in changes]


def test_what_is_not_there_is_made_and_then_kept(aws):
    wanted = [logs("/aws/lambda/made")]
    assert actions(plan(aws, wanted, "shop", "dev")) == [("create", "/aws/lambda/made")]
    apply(aws, plan(aws, wanted, "shop", "dev"), print)
    assert actions(plan(aws, wanted, "shop", "dev")) == [("keep", "/aws/lambda/made")]


def test_a_difference_is_told_by_key_and_changed(aws):
    apply(aws, plan(aws, [logs("/aws/lambda/other")], "shop", "dev"), print)
    (change,) = plan(aws, [logs("/aws/lambda/other", 7)], "shop", "dev")
    assert (change.action, change.differences) == ("change", {"retentionInDays": (30, 7)})
    apply(aws, [change], print)
    assert plan(aws, [logs("/aws/lambda/other", 7)], "shop", "dev")[0].action == "keep"


@pytest.mark.parametrize(
    ("tags", "said"),
    [({}, "adapter did not make it"), ({APP: "bakery"}, "it is of the app 'bakery'")],
)
def test_what_is_not_ours_is_refused(aws, tags, said):
    name = f"/aws/lambda/{len(tags)}"
    aws.client("logs").create_log_group(logGroupName=name, tags=tags)
    with pytest.raises(DeployError, match=said):
        plan(aws, [logs(name)], "shop", "dev")


def test_what_another_stage_has_is_not_taken_from_it(aws):
    one, other = (logs("/shop-b-c-n", tags={**TAGS, STAGE: stage}) for stage in ("b", "b-c"))
    apply(aws, plan(aws, [one], "shop", "b"), print)
    assert actions(plan(aws, [one], "shop", "b")) == [("keep", one.name)]
    with pytest.raises(DeployError, match=r"it is of the stage 'b': choose another name$"):
        plan(aws, [other], "shop", "b-c")


@pytest.mark.parametrize("there", [None, {}, {"Variables": {}}])
def test_no_value_of_a_variable_is_shown_whatever_there_is(there):
    found = Found("function", "users:dev", {})
    different = {"Environment": (there, {"Variables": {"KEY": "secret"}})}
    change = Change("change", None, found, different)
    assert list(parts(change)) == [("Environment.Variables.KEY", "not set", "set")]


def test_only_a_function_without_the_alias_is_not_in_this_stage_yet():
    function = Found("function", "users:dev", {})
    changes = [
        Change("change", None, function, {"MemorySize": (None, 128)}),
        Change("delete", None, Found("rule", "shop-dev-night", {}, "shop-dev-night")),
        Change("keep", None, Found("schedule_group", "shop-dev", {}, "shop-dev")),
    ]
    shown = table(changes).plain.splitlines()
    assert [line for line in shown if line.startswith(" ")] == [
        "     is there, but not in this stage yet"
    ]


def test_long_texts_are_shown_from_where_they_differ():
    """The policy of a role for example, of which both sides begin alike."""
    common = ["logs:CreateLogStream"] * 9
    change = Change("change", None, None, {"Policy": ([*common, "a"], [*common, "b" * 99, "c"])})
    ((path, is_, to_be),) = parts(change)
    assert (path, is_) == ("Policy", '…ogStream", "a"]')
    assert to_be == f'…ogStream", "{"b" * 46}…'


KNOWN = {"AWS::Region": "eu-west-1", "http_api:shop-dev": "a1b2"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Sub("in ${AWS::Region}"), "in eu-west-1"),
        ({"a": [Sub("${http_api:shop-dev}"), "${AWS::Region}"]}, {"a": ["a1b2", "${AWS::Region}"]}),
        (Sub("${AWS::Region}/${rest_api:x}"), Sub("eu-west-1/${rest_api:x}")),
        ((Sub("plain"), 5, None), ["plain", 5, None]),
    ],
)
def test_texts_are_filled_in_as_far_as_they_are_known(value, expected):
    assert filled(value, KNOWN) == expected


def test_what_a_value_refers_to():
    value = {"a": [Sub("${AWS::Region} ${http_api:shop-dev}")], "b": "${c}", "d": 1}
    assert names(value) == {"AWS::Region", "http_api:shop-dev"}
