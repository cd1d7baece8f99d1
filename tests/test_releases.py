"""What stages run: promoted, sent a share of the requests, rolled back, listed, pruned, destroyed.

MiniStack is the stricter control plane. Where it is laxer than AWS (versions that are not there),
or might be (RevisionIds), the tests look at the calls as well.
"""

import base64
import hashlib
import io
import json
import re
import zipfile
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapter.cli import cli
from adapter.deploy import (
    APP,
    DeployError,
    aliases,
    destroy,
    promotion,
    prune,
    publish,
    releases,
)
from adapter.deploy.aliases import Alias, StaleError
from adapter.deploy.apply import apply
from adapter.deploy.aws import AWS
from adapter.deploy.deployment import deployment
from adapter.deploy.plan import filled_in, plan
from adapter.deploy.record import Record
from adapter.deploy.wanted import functions
from adapter.package import Archive, Package
from control_plane import ministack, point_to

COMMIT = "1a2b3c4"
HANDLER = "def handler(event, context):\n    return event\n"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture(scope="module")
def clients():
    """boto3's, which take a while to make."""
    return {}


@pytest.fixture
def aws(url, clients, monkeypatch):
    monkeypatch.setattr(publish, "STATE_WAITS_S", (0.05,))
    monkeypatch.setattr(AWS, "__post_init__", lambda self: setattr(self, "_clients", clients))
    point_to(monkeypatch, url)
    return AWS()


@pytest.fixture
def shop(aws, tmp_path, monkeypatch, request):
    """A project with a function of its own for each test."""
    monkeypatch.chdir(tmp_path)
    return Shop(aws, tmp_path, f"f{abs(hash(request.node.name)) % 10**8}")


class Shop:
    """A project, as someone deploys it: a plain function, since that isn't called by the way."""

    def __init__(self, aws, folder, name):
        self.aws, self.folder, self.name, self.app = aws, folder, name, f"{name}-app"
        self.moves = ()
        self.write()

    def write(self, prod="", more=""):
        self.folder.joinpath("pyproject.toml").write_text(
            f'[project]\nname = "{self.app}"\n[tool.adapter.functions.{self.name}]\n'
            f'handler = "main.handler"\n{more}'
            f"[tool.adapter.stages.dev]\n[tool.adapter.stages.prod]\n{prod}"
        )

    def deploy(self, code, stage="dev"):
        """Its version. As `adapter deploy` has it, without waiting for what nobody calls."""
        (wanted,) = (
            one
            for one in functions.of(deployment(stage), {self.name: self.package(code)})
            if one.kind == "function"
        )
        settings = dict(filled_in(wanted, self.aws.known).settings)
        del settings["CodeSha256"], settings["VpcConfig"]
        client, before = self.aws.client("lambda"), self.alias(stage)
        made = {"FunctionName": self.name, "ZipFile": zipped(code)}
        if before is None:
            client.create_function(
                FunctionName=self.name,
                Code={"ZipFile": made["ZipFile"]},
                Tags=dict(wanted.tags),
                **settings,
            )
        else:
            client.update_function_code(**made)
        number = client.publish_version(
            FunctionName=self.name, Description=f"{COMMIT}, by {self.aws.who}"
        )["Version"]
        record = Record("2026-11-21T09:00:00Z", "ann", COMMIT, before.version if before else "")
        aliases.moved(self.aws, before, Alias(self.name, stage, number, record=record))
        return number

    def shared(self):
        """What stages share, as `adapter deploy` makes it."""
        target = deployment("dev")
        wanted = functions.of(target, {self.name: self.package("")})
        shared = [one for one in wanted if one.kind != "function"]
        apply(self.aws, plan(self.aws, shared, target.app, "dev"), str)

    def package(self, code):
        data = zipped(code)
        sha256 = base64.b64encode(hashlib.sha256(data).digest()).decode()
        archive = Archive(Path(), "", sha256, len(data), len(data), ())
        return Package(self.name, archive, None, "main.handler", "python3.13", "x86_64", {})

    def alias(self, stage):
        return aliases.read(self.aws, self.name, stage)

    def versions(self):
        return [one["Version"] for one in aliases.versions(self.aws, self.name)]

    def promote(self, source="dev", target="prod", share=1.0, *, whole=False):
        """What was done: to the alias; `whole`, to all that the stage is."""
        name = "" if whole else self.name
        done = promotion.promotion(
            self.aws, deployment(target), source, self.folder / "fetched", name, share
        )
        self.moves = promotion.promote(self.aws, done, str)
        return done


def zipped(code):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(zipfile.ZipInfo("main.py"), HANDLER + code)
    return data.getvalue()


def calls_of(aws, *services):
    """[(operation, parameters)] of the calls that change something, from now on."""
    found = []

    def note(params, model, **_):
        if not model.name.startswith(("Get", "List", "Describe", "Filter")):
            found.append((model.name, params))

    for service in services or ("lambda",):
        aws.client(service).meta.events.register(f"provide-client-params.{service}", note)
    return found


def run(*words, code=0):
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == code, done.output
    return done.stdout


# Promotion


NIGHTLY = """
[tool.adapter.schedules.nightly]
expression = "cron(0 3 * * ? *)"
timezone = "Europe/Berlin"
"""


def test_a_promotion_moves_the_alias_and_nothing_else(shop):
    """Of a stage that is whole: the first one makes its API, and a schedule that names its role."""
    shop.write(more=NIGHTLY)
    version = shop.deploy("# 1")
    assert not shop.promote(whole=True).keeps  # its API is made
    assert shop.alias("prod").version == version
    shop.deploy("# 2")
    before, calls = shop.alias("prod"), calls_of(shop.aws)
    assert shop.promote(whole=True).keeps
    ((name, sent),) = calls
    assert name == "UpdateAlias"
    assert sent["RevisionId"] == before.revision
    assert sent["RoutingConfig"] == {"AdditionalVersionWeights": {}}
    assert shop.alias("prod").record.before == version
    assert shop.promote(whole=True).is_done
    assert len(calls) == 1


def test_rights_that_are_needed_no_more_go_after_the_alias_has_moved(shop):
    more = 'permissions = [{actions = ["s3:GetObject"], resources = ["*"]}]'
    shop.write(more=f"[tool.adapter.deploy]\n{more}\n")
    shop.deploy("# 1")
    shop.promote(whole=True)
    shop.deploy("# 2")
    shop.write()
    calls = calls_of(shop.aws, "lambda", "iam")
    shop.promote(whole=True)
    assert [name for name, _ in calls] == ["PutRolePolicy", "UpdateAlias", "PutRolePolicy"]
    rights = [sent["PolicyDocument"] for name, sent in calls if name == "PutRolePolicy"]
    assert ["s3:GetObject" in one for one in rights] == [True, False]
    assert shop.promote(whole=True).is_done


def test_an_alias_that_moved_meanwhile_is_left_alone(shop):
    first = shop.deploy("# 1")
    shop.promote()
    shop.deploy("# 2")
    mine = promotion.promotion(shop.aws, deployment("prod"), "dev", shop.folder, shop.name)
    shop.promote()  # somebody else's
    third = shop.deploy("# 3")
    calls = calls_of(shop.aws)
    with pytest.raises(StaleError, match=r"was changed meanwhile, by \S+: it runs version 2 now"):
        promotion.promote(shop.aws, mine, str)
    assert calls == []
    assert (first, shop.alias("prod").version, third) == ("1", "2", "3")


def test_aws_refuses_a_revision_that_is_old(shop, monkeypatch):
    """Between our look and our call."""
    shop.deploy("# 1")
    shop.promote()
    shop.deploy("# 2")
    old = shop.alias("prod")
    aliases.moved(shop.aws, old, Alias(shop.name, "prod", "2"))
    monkeypatch.setattr(aliases, "read", lambda *_: old)
    with pytest.raises(StaleError):
        aliases.moved(shop.aws, old, Alias(shop.name, "prod", "1"))
    monkeypatch.setattr(aliases, "read", lambda *_: None)
    with pytest.raises(StaleError):  # somebody else made it
        aliases.moved(shop.aws, None, Alias(shop.name, "prod", "1"))


def test_another_configuration_is_the_same_code_in_a_version_of_its_own(shop):
    shop.write(prod="memory = 512")
    shop.shared()
    version = shop.deploy("# 1")
    done = shop.promote()
    assert [one.is_made for one in done.releases] == [True]
    alias = shop.alias("prod")
    assert [one.after.version for one in shop.moves] == [alias.version]
    found = aliases.configuration(shop.aws, shop.name, alias.version)
    source = aliases.configuration(shop.aws, shop.name, version)
    assert (found["MemorySize"], source["MemorySize"]) == (512, 1024)
    assert found["CodeSha256"] == source["CodeSha256"]
    assert found["Description"] == source["Description"]
    shop.aws.client("lambda").update_function_configuration(FunctionName=shop.name, MemorySize=1024)
    shop.deploy("# 2")
    shop.promote(share=0.1)
    shop.promote()  # the version that the canary had made is taken
    assert shop.promote().is_done
    assert len(shop.versions()) == 4


def test_a_promotion_that_was_interrupted_goes_on(shop):
    """Each call that changes something fails once; nothing is made twice."""
    shop.write(prod="memory = 512")
    shop.shared()
    shop.deploy("# 1")
    failed = []

    def fail(model, **_):
        if model.name.startswith(("Update", "Publish", "Create")) and model.name not in failed:
            failed.append(model.name)
            raise ConnectionError

    events = shop.aws.client("lambda").meta.events
    events.register("before-call.lambda", fail)
    try:
        for _ in range(3):
            with pytest.raises(ConnectionError):
                shop.promote()
        shop.promote()
    finally:
        events.unregister("before-call.lambda", fail)
    assert failed == ["UpdateFunctionConfiguration", "PublishVersion", "CreateAlias"]
    assert shop.versions() == ["2", "1"]
    assert (shop.alias("prod").version, shop.promote().is_done) == ("2", True)


def test_the_code_of_a_version_is_checked(shop):
    """MiniStack gives the code of $LATEST for that of each version, which AWS doesn't."""
    old = shop.deploy("# 1")
    shop.deploy("# 2")
    new = aliases.configuration(shop.aws, shop.name, "2")
    promotion.fetch(shop.aws, new, shop.folder / "x" / "2.zip")
    assert shop.folder.joinpath("x", "2.zip").read_bytes() == zipped("# 2")
    wrong = aliases.configuration(shop.aws, shop.name, old)
    with pytest.raises(DeployError, match="is other code than that version's"):
        promotion.fetch(shop.aws, wrong, shop.folder / "1.zip")
    assert not shop.folder.joinpath("1.zip").exists()


def test_a_version_is_called_for_the_stage_before_the_stage_gets_it(shop, monkeypatch):
    """A web app: what it says there depends on the stage's own values."""
    shop.deploy("# 1")
    shop.promote()
    shop.deploy("# 2")
    called = []

    def tried(aws, *asked, is_young):
        called.append((*asked, is_young))
        raise DeployError("version 2 is not released")

    monkeypatch.setattr(promotion.trial, "tried", tried)
    done = promotion.promotion(shop.aws, deployment("prod"), "dev", shop.folder, shop.name)
    (release,) = done.releases
    given = {**release.wanted.given, "check": {"rawPath": "/"}, "path": "/"}
    web = replace(release, wanted=replace(release.wanted, given=given))
    with pytest.raises(DeployError, match="is not released"):
        promotion.promote(shop.aws, replace(done, releases=(web,)), str)
    assert called == [(shop.name, "2", {"rawPath": "/"}, 30, "prod", False)]
    assert shop.alias("prod").version == "1"


def test_a_canary_gets_a_share_and_then_all(shop):
    shop.deploy("# 1")
    with pytest.raises(DeployError, match="promote without --canary"):
        shop.promote(share=0.1)
    shop.promote()
    shop.deploy("# 2")
    shop.promote(share=0.1)
    alias = shop.alias("prod")
    assert (alias.version, alias.weights) == ("1", {"2": 0.1})
    with pytest.raises(DeployError, match="runs versions 1 and 2"):
        shop.promote("prod", "dev")
    shop.promote()
    alias = shop.alias("prod")
    assert (alias.version, alias.weights, alias.record.before) == ("2", {}, "1")
    with pytest.raises(DeployError, match="runs version 2 as a whole already"):
        shop.promote(share=0.5)


@pytest.mark.parametrize(
    ("text", "share"),
    [("10%", 0.1), ("10", 0.1), ("0.5 %", 0.005), ("0.1", None), ("100%", None), ("0", None),
     ("x", None), ("nan", None)],
)  # fmt: skip
def test_a_share(text, share):
    if share:
        assert promotion.share_of(text) == share
    else:
        with pytest.raises(DeployError, match="write 10%"):
            promotion.share_of(text)


def test_two_versions_of_an_alias_have_the_same_role(shop):
    shop.deploy("# 1")
    shop.write(more="", prod="")
    shop.promote()
    role = shop.aws.client("iam").create_role(
        RoleName=f"{shop.name}-other", AssumeRolePolicyDocument="{}"
    )["Role"]["Arn"]
    client = shop.aws.client("lambda")
    client.update_function_configuration(FunctionName=shop.name, Role=role)
    client.publish_version(FunctionName=shop.name)
    after = Alias(shop.name, "prod", "1", {"2": 0.1})
    with pytest.raises(DeployError, match="not the same role: move it as a whole"):
        aliases.moved(shop.aws, shop.alias("prod"), after)


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("dev", "DEV", "name two stages"),
        ("dev", "prod", "in different accounts or regions"),
        ("beta", "dev", "has no alias beta: deploy it first"),
    ],
)
def test_stages_between_which_there_is_no_promotion(shop, source, target, said):
    shop.write(prod='deploy.region = "us-east-1"\n')
    with pytest.raises(AssertionError, match=said):
        run("promote", source, target)


# Back


def test_back_to_what_ran_before_and_forth(shop):
    shop.deploy("# 1")
    shop.promote()
    shop.deploy("# 2")
    shop.promote()
    run("rollback", "PROD")  # in whatever letters
    assert (shop.alias("prod").version, shop.alias("prod").record.before) == ("1", "2")
    run("rollback", "prod")
    assert shop.alias("prod").version == "2"
    run("rollback", "prod", "--to", "1")
    assert shop.alias("prod").version == "1"


def test_back_from_a_canary_all_goes_where_most_went(shop):
    shop.deploy("# 1")
    shop.promote()
    shop.deploy("# 2")
    shop.promote(share=0.1)
    told = json.loads(run("rollback", "prod", "--json"))
    assert [(one["version"], one["weights"]) for one in told] == [("1", {})]
    assert (shop.alias("prod").version, shop.alias("prod").weights) == ("1", {})


def test_never_back_to_what_is_not_there(shop):
    shop.deploy("# 1")
    calls = calls_of(shop.aws)
    with pytest.raises(DeployError, match="1 is the first that it runs"):
        releases.back(shop.aws, [shop.name], "dev")
    for version in ("7", "$LATEST"):
        with pytest.raises(
            DeployError, match=rf"has no version {re.escape(version)}; there are: 1"
        ):
            releases.back(shop.aws, [shop.name], "dev", version)
        with pytest.raises(DeployError, match="there are: 1"):
            aliases.moved(shop.aws, shop.alias("dev"), Alias(shop.name, "dev", version))
    assert calls == []


# What there is


def test_what_each_stage_runs(shop):
    shop.deploy("# 1")
    assert f"http api    {shop.app}-prod" in run("promote", "dev", "prod")
    shop.deploy("# 2")
    assert "aliases move, and nothing else changes" in run(
        "promote", "dev", "prod", "--canary", "10%", "--function", shop.name
    )
    rows = {row["alias"]: row for row in json.loads(run("releases", "--json"))}
    assert (rows["dev"]["version"], rows["dev"]["weights"], rows["dev"]["before"]) == ("2", {}, "1")
    assert (rows["prod"]["version"], rows["prod"]["weights"]) == ("1", {"2": 0.1})
    assert rows["prod"]["by"] == shop.aws.who
    assert rows["prod"]["memory"] == 1024
    table = run("releases")
    assert "1 (10% 2)" in table
    assert rows["prod"]["since"][:10] in table


@pytest.mark.parametrize(
    ("description", "commit"),
    [("1a2b3c4, by ann", "1a2b3c4"), ("1a2b3c4-dirty, by ann", "1a2b3c4-dirty"),
     ("no commit, by ann", ""), ("", ""), ("feed the cat, by ann", "")],
)  # fmt: skip
def test_the_commit_of_a_version(description, commit):
    assert releases.commit_of({"Description": description}) == commit


# Old versions


def test_the_newest_stay_and_those_that_aliases_name(shop):
    for number in range(1, 8):
        shop.deploy(f"# {number}")
    client = shop.aws.client("lambda")
    client.create_alias(FunctionName=shop.name, Name="prod", FunctionVersion="2")
    client.create_alias(
        FunctionName=shop.name,
        Name="beta",
        FunctionVersion="7",
        RoutingConfig={"AdditionalVersionWeights": {"3": 0.5}},
    )
    run("prune", "--keep", "1", code=1)  # nobody can be asked
    told = json.loads(run("prune", "--keep", "1", "--dry-run", "--json"))
    assert [one["version"] for one in told["versions"]] == ["1", "4"]  # dev goes back to 6
    assert told["bytes"] == len(zipped("# 1")) * 2
    assert len(shop.versions()) == 7
    calls = calls_of(shop.aws)
    assert "2 to delete" in run("prune", "--keep", "1", "--yes")
    assert shop.versions() == ["7", "6", "5", "3", "2"]
    assert "nothing to delete" in run("prune", "--keep", "1", "--yes")
    assert [sent for _, sent in calls] == [
        {"FunctionName": shop.name, "Qualifier": version} for version in ("1", "4")
    ]


def test_a_version_that_got_a_name_meanwhile_stays(shop):
    """Of our own accord: nothing is called for it."""
    for number in range(1, 4):
        shop.deploy(f"# {number}")
    old = prune.old(shop.aws, [shop.name], shop.app, 0)
    assert [one.number for one in old.versions] == ["1"]
    shop.aws.client("lambda").create_alias(FunctionName=shop.name, Name="prod", FunctionVersion="1")
    told, calls = [], calls_of(shop.aws)
    assert prune.delete(shop.aws, old, told.append) == 0
    assert told == [f"{shop.name} version 1 stays: an alias names it by now"]
    assert calls == []


def test_layers_that_no_version_has_go(shop):
    shop.deploy("# 1")
    client = shop.aws.client("lambda")
    ours = f"{APP}={shop.app}"
    arns = [
        client.publish_layer_version(
            LayerName=f"{shop.name}-layer",
            Description=description,
            Content={"ZipFile": zipped(str(number))},
        )["LayerVersionArn"]
        for number, description in enumerate((ours, ours, "somebody else's", ours))
    ]
    client.update_function_configuration(FunctionName=shop.name, Layers=[arns[1]])
    old = prune.old(shop.aws, [shop.name], shop.app)
    assert [(one.name, one.number) for one in old.layers] == [(f"{shop.name}-layer", 1)]
    prune.delete(shop.aws, old, str)
    assert prune.old(shop.aws, [shop.name], shop.app).layers == ()


# The end


def test_a_stage_goes_and_with_the_last_one_the_app(shop):
    shop.write(more=NIGHTLY)
    shop.deploy("# 1")
    shop.promote(whole=True)
    shop.shared()
    nothing = CliRunner().invoke(cli, ["logs"])
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert nothing.stderr == "no such lines; --since looks further back than 10m\n"
    with pytest.raises(AssertionError, match="nobody can be asked"):
        run("destroy", "--stage", "prod")
    told = json.loads(run("destroy", "--stage", "PROD", "--yes", "--json"))
    stage = f"{shop.app}-prod"
    assert [(one["kind"], one["name"]) for one in told["delete"]] == [
        ("schedule", f"{stage}-nightly"),
        ("schedule_group", stage),
        ("permission", f"{shop.name}:prod/adapter-prod-http-api"),
        ("http_api", stage),
        ("function", f"{shop.name}:prod"),
        ("role", f"{stage}-scheduler"),
    ]
    assert (told["keep"], told["stages"]) == ([], ["dev"])
    assert (shop.alias("prod"), shop.alias("dev").version) == (None, "1")
    assert "(--logs deletes it)" in run("destroy", "--yes")
    assert shop.versions() == []
    told = json.loads(run("destroy", "--all", "--yes", "--logs", "--json"))
    assert [one["kind"] for one in told["delete"]] == ["log_group"], "of all, the logs are left"


def test_a_stage_that_is_not_there_takes_nothing_along(shop):
    """Of functions without any stage, whose deployment failed for example."""
    shop.deploy("# 1")
    shop.aws.client("lambda").delete_alias(FunctionName=shop.name, Name="dev")
    assert "nothing to delete (--all is for all stages)" in run("destroy", "--yes")
    with pytest.raises(AssertionError, match="no stage pord: did you mean 'prod'"):
        run("destroy", "--stage", "pord", "--yes", "--json")
    assert shop.versions() == ["1"]
    run("destroy", "--all", "--yes")
    assert shop.versions() == []


def test_what_is_not_ours_is_left_alone(shop):
    client = shop.aws.client("lambda")
    shop.deploy("# 1")
    arn = client.get_function(FunctionName=shop.name)["Configuration"]["FunctionArn"]
    client.tag_resource(Resource=arn, Tags={APP: "bakery"})
    with pytest.raises(DeployError, match="its versions are somebody else's"):
        prune.old(shop.aws, [shop.name], shop.app)
    gone = destroy.doomed(shop.aws, [deployment("dev")])
    assert not gone


@pytest.mark.parametrize("failing", range(1, 5))
def test_what_was_interrupted_is_completed(shop, failing):
    """Each call that deletes fails once; the next run does the rest."""
    shop.deploy("# 1")
    shop.shared()
    stages, number = [deployment("dev")], count(1)

    def fail(model, **_):
        if model.name.startswith("Delete") and next(number) == failing:
            raise ConnectionError

    for service in ("lambda", "iam", "logs"):
        shop.aws.client(service).meta.events.register(f"before-call.{service}", fail)
    with pytest.raises(ConnectionError):
        destroy.destroy(shop.aws, destroy.doomed(shop.aws, stages, logs=True), stages[0].app, str)
    destroy.destroy(shop.aws, destroy.doomed(shop.aws, stages, logs=True), stages[0].app, str)
    assert not destroy.doomed(shop.aws, stages, logs=True)
