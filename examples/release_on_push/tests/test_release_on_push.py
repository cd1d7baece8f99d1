"""Deliveries as GitHub and Bitbucket send them, through a gateway, to a control plane."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from hmac import new as hmac_of
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from adapter import Handler
from adapter.deploy.aws import AWS
from adapter.deploy.deployment import deployment
from adapter.testing import Client
from control_plane import ministack, point_to

FOLDER = Path(__file__).parents[1]
MODULES = ("main", "pushes", "release", "signatures")
SECRET = "It's a Secret to Everybody"
COMMIT = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
LATER = "5d6e7f8091a2b3c4d1a2b3c4d5e6f708192a3b4c"


def load() -> SimpleNamespace:
    """The example's modules, without leaving names behind: other examples have a main.py, too."""
    others = {name: sys.modules.pop(name) for name in MODULES if name in sys.modules}
    sys.path.insert(0, str(FOLDER))
    try:
        return SimpleNamespace(**{name: imported(name) for name in reversed(MODULES)})
    finally:
        sys.path.remove(str(FOLDER))
        for name in MODULES:
            sys.modules.pop(name, None)
        sys.modules.update(others)


def imported(name: str) -> ModuleType:
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


EXAMPLE = load()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture
def aws(url: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Any:
    """Lambda's client, and a function with two stages of one version."""
    name = f"users{abs(hash(request.node.name)) % 10**8}"
    point_to(monkeypatch, url)
    for variable, value in {
        "REPOSITORY": "acme/shop", "BRANCH": "release", "FUNCTIONS": name,
        "FROM_STAGE": "staging", "TO_STAGE": "prod",
        "GITHUB_SECRET": SECRET, "BITBUCKET_SECRET": SECRET,
    }.items():  # fmt: skip
        monkeypatch.setenv(variable, value)
    account = AWS()
    monkeypatch.setattr(EXAMPLE.main, "AWS_ACCOUNT", account)
    client = account.client("lambda")
    client.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role="arn:aws:iam::123456789012:role/r",
        Handler="main.handler",
        Code={"ZipFile": zipped("0")},
    )
    client.publish_version(FunctionName=name)
    for stage in ("staging", "prod"):
        client.create_alias(FunctionName=name, Name=stage, FunctionVersion="1")
    return SimpleNamespace(client=client, name=name)


def zipped(text: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("main.py", text)
    return data.getvalue()


def deploy(aws: Any, commit: str, stage: str = "staging", **settings: Any) -> None:
    """As `adapter deploy` does: a version that says its commit, and the stage runs it."""
    if settings:
        aws.client.update_function_configuration(FunctionName=aws.name, **settings)
    aws.client.update_function_code(FunctionName=aws.name, ZipFile=zipped(commit))
    version = aws.client.publish_version(
        FunctionName=aws.name, Description=f"{commit[:7]}, by ann"
    )["Version"]
    aws.client.update_alias(FunctionName=aws.name, Name=stage, FunctionVersion=version)


def running(aws: Any, stage: str = "prod") -> str:
    found: str = aws.client.get_alias(FunctionName=aws.name, Name=stage)["FunctionVersion"]
    return found


# Deliveries


def github(commit: str = COMMIT, **changes: Any) -> tuple[str, dict[str, str], Any]:
    body = {
        "ref": "refs/heads/release",
        "after": commit,
        "deleted": False,
        "repository": {"full_name": "acme/shop"},
    }
    return "/github", {"x-github-event": "push"}, {**body, **changes}


def bitbucket(commit: str = COMMIT, **changes: Any) -> tuple[str, dict[str, str], Any]:
    new = {"type": "branch", "name": "release", "target": {"hash": commit}, **changes}
    body = {"repository": {"full_name": "acme/shop"}, "push": {"changes": [{"new": new}]}}
    return "/bitbucket", {"x-event-key": "repo:push"}, body


SIGNATURES = {"/github": "x-hub-signature-256", "/bitbucket": "x-hub-signature"}


def deliver(
    path: str, headers: Mapping[str, str], body: Any, secret: str = SECRET
) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    signature = f"sha256={hmac_of(secret.encode(), data, sha256).hexdigest()}"
    with Client(Handler(EXAMPLE.main.app)) as client:
        answer = client.request(
            "POST",
            path,
            data=data,
            headers={
                "content-type": "application/json",
                SIGNATURES[path]: signature,
                **headers,
            },
        )
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize(
    ("body", "signature"),
    [  # as GitHub and Atlassian publish them
        (b"Hello, World!", "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"),
        (b"Hello World!", "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"),
    ],
)
def test_the_vendors_own_examples_of_signatures(body: bytes, signature: str) -> None:
    is_signed = EXAMPLE.signatures.is_signed
    assert is_signed(SECRET, body, f"sha256={signature}")
    for wrong in (signature, f"sha1={signature}", "sha256=", "", f"sha256={signature[:-1]}é"):
        assert not is_signed(SECRET, body, wrong)
    assert not is_signed("another", body, f"sha256={signature}")
    assert not is_signed(SECRET, body + b" ", f"sha256={signature}")


def test_without_a_secret_nobody_is_believed() -> None:
    empty = f"sha256={hmac_of(b'', b'x', sha256).hexdigest()}"
    assert not EXAMPLE.signatures.is_signed("", b"x", empty)


@pytest.mark.parametrize("delivery", [github, bitbucket])
def test_a_push_releases_the_commit(aws: Any, delivery: Any) -> None:
    deploy(aws, COMMIT)
    status, answer = deliver(*delivery())
    assert (status, len(answer["released"])) == (200, 1)
    assert running(aws) == "2"
    told = aws.client.get_alias(FunctionName=aws.name, Name="prod")["Description"]
    assert "commit=1a2b3c4 before=1" in told
    assert deliver(*delivery()) == (200, {"released": []}), "delivered once more"


@pytest.mark.parametrize("delivery", [github, bitbucket])
def test_a_wrong_signature_is_refused_whatever_the_delivery_says(aws: Any, delivery: Any) -> None:
    deploy(aws, COMMIT)
    status, answer = deliver(*delivery(), secret="another")
    assert (status, running(aws)) == (401, "1")
    assert "not made with the secret" in answer["error"]


BRANCH_DELETED = {"repository": {"full_name": "acme/shop"}, "push": {"changes": [{"new": None}]}}


@pytest.mark.parametrize(
    "delivery",
    [
        ("/github", {"x-github-event": "ping"}, {"zen": "Speak like a human."}),
        github(ref="refs/heads/main"),
        github(ref="refs/tags/release"),
        github(deleted=True),
        github(repository={"full_name": "acme/bakery"}),
        bitbucket(name="main"),
        bitbucket(type="tag"),
        ("/bitbucket", {"x-event-key": "repo:push"}, BRANCH_DELETED),
        ("/bitbucket", {"x-event-key": "issue:created"}, {}),
    ],
)
def test_what_is_no_push_to_that_branch_is_ignored(aws: Any, delivery: Any) -> None:
    deploy(aws, COMMIT)
    status, answer = deliver(*delivery)
    assert (status, list(answer), running(aws)) == (200, ["ignored"], "1")


def test_a_commit_that_is_not_deployed_yet(aws: Any) -> None:
    status, answer = deliver(*github())
    assert (status, running(aws)) == (404, "1")
    assert answer["error"] == "no version is of the commit 1a2b3c4: deploy it to staging first"


def test_a_commit_that_is_not_the_newest_any_more(aws: Any) -> None:
    deploy(aws, COMMIT)
    deploy(aws, LATER)
    status, answer = deliver(*github())
    assert (status, running(aws)) == (409, "1")
    assert answer["error"] == "staging runs something else than 1a2b3c4 by now"
    assert deliver(*github(LATER))[0] == 200


def test_an_alias_that_somebody_moves_meanwhile(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(aws, COMMIT)
    moved = EXAMPLE.release.aliases.moved

    def late(*arguments: Any) -> Any:
        aws.client.update_alias(FunctionName=aws.name, Name="prod", Description="first")
        return moved(*arguments)

    monkeypatch.setattr(EXAMPLE.release.aliases, "moved", late)
    status, answer = deliver(*github())
    assert (status, running(aws)) == (409, "1")
    assert "was changed meanwhile" in answer["error"]


def test_a_stage_that_is_set_otherwise(aws: Any) -> None:
    deploy(aws, COMMIT, MemorySize=512)
    status, answer = deliver(*github())
    assert (status, running(aws)) == (409, "1")
    assert "has another MemorySize than version 2: use `adapter promote`" in answer["error"]


def test_what_aws_refuses_is_said(aws: Any) -> None:
    def denied(request: Any, **_: Any) -> Any:
        text = b'{"message": "User: arn:aws:iam::1:user/ann is not authorized to perform: '
        text += b'lambda:GetAlias because no identity-based policy allows it"}'
        told = {"x-amzn-errortype": "AccessDeniedException"}
        return AWSResponse(request.url, 403, told, SimpleNamespace(stream=lambda: iter([text])))

    aws.client.meta.events.register("before-send.lambda.GetAlias", denied)
    status, answer = deliver(*github())
    assert status == 502
    assert answer["error"].startswith("the user ann may not do lambda:GetAlias")


def test_without_credentials_it_says_so(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setattr(EXAMPLE.main, "AWS_ACCOUNT", AWS())
    status, answer = deliver(*github())
    assert (status, "credentials" in answer["error"]) == (502, True)


def test_a_setting_that_is_missing(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REPOSITORY")
    status, answer = deliver(*github())
    assert (status, "REPOSITORY" in answer["error"]) == (500, True)


@pytest.mark.parametrize(
    ("body", "said"),
    [(b"payload=%7B%7D", "content type to application/json"), (b"[]", "no object"),
     (b"{}", "no push as it is documented"), (b"[" * 100_000, "no JSON")],
)  # fmt: skip
def test_what_can_not_be_read(aws: Any, body: bytes, said: str) -> None:
    status, answer = deliver("/github", {"x-github-event": "push"}, body)
    assert status == 400
    assert said in answer["error"]


def test_its_own_settings_can_be_deployed() -> None:
    found = deployment("dev", path=FOLDER / "pyproject.toml")
    assert (found.app, found.settings.parameters) == ("release-on-push", True)
    assert found.settings.permissions[0].actions[-1] == "lambda:UpdateAlias"
