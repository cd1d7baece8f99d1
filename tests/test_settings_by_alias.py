"""A setting per alias: of the package, of SSM, of variables. One zip, two aliases, two values.

SSM is moto's, which decrypts, pages and refuses as AWS does.
"""

import asyncio
import logging
import threading
import urllib.request
import zipfile

import boto3
import pytest

from adapter.context import CURRENT, Context
from adapter.errors import AdapterError
from adapter.functions import setting, settings_ssm
from adapter.local.dev import Options as DevOptions
from adapter.local.project import project_of
from adapter.package.build import build
from adapter.package.interpreters import running
from adapter.package.jobs import Options, jobs
from control_plane import moto, point_to
from lambda_side import ADAPTER, pool_of, taken

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:shop"
SECRET = "hunter2"
FILE = "adapter-settings.json"

PROJECT = """
[tool.adapter]
app = "main.handler"

[tool.adapter.stages.dev.settings]
GREETING = "Hi"

[tool.adapter.stages.staging.settings]
GREETING = "Hello"

[tool.adapter.stages.prod-2.settings]
GREETING = "Welcome ✓"

[tool.adapter.stages.bare]
memory = 256
"""

MAIN = """
from adapter.functions import setting

def handler(event, context):
    return {name: setting(name, "none") for name in event}
"""


class as_invoked:  # noqa: N801
    def __init__(self, alias):
        self.context = Context("8a2e", 0, f"{ARN}:{alias}", environ={})

    def __enter__(self):
        self.token = CURRENT.set(self.context)

    def __exit__(self, *_):
        CURRENT.reset(self.token)


def in_(alias, name, *default):
    with as_invoked(alias):
        return setting(name, *default)


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PROJECT, "utf-8")
    (folder / "main.py").write_text(MAIN, "utf-8")
    monkeypatch.chdir(folder)
    return folder


# Of the package


def built(*, layer=False):
    (job,) = jobs(Options(runtime=f"python{running()}", layer=layer))
    return build(job)


def replies(folder, events, monkeypatch, **variables):
    """By (alias, event), of one environment in which a package is unpacked."""
    monkeypatch.chdir(folder)

    async def scenario():
        pool = pool_of([*ADAPTER, "main.handler"], "main.handler", variables=variables, log=print)
        try:
            return [
                (await taken(pool, event, {"qualifier": alias}))[0].body for alias, event in events
            ]
        finally:
            await pool.stop()

    return [body.decode() for body in asyncio.run(scenario())]


def test_one_zip_has_a_value_for_each_alias(project, tmp_path, monkeypatch):
    with zipfile.ZipFile(built().function.path) as zipped:
        zipped.extractall(tmp_path / "task")
    variables = {"STAGING_COLOUR": "blue", "COLOUR": "red", "GREETING": "not this"}
    events = [("prod-2", ["GREETING"]), ("staging", ["GREETING", "COLOUR"]), ("bare", ["GREETING"])]
    assert replies(tmp_path / "task", events, monkeypatch, **variables) == [
        '{"GREETING":"Welcome ✓"}',
        '{"GREETING":"Hello","COLOUR":"blue"}',
        '{"GREETING":"not this"}',
    ]


def test_another_value_is_another_zip_and_the_same_layer(project):
    first = built(layer=True)
    assert [one.built for one in built(layer=True).archives] == [False, False]
    (project / "pyproject.toml").write_text(PROJECT.replace("Hello", "Hullo"), "utf-8")
    second = built(layer=True)
    assert [one.built for one in second.archives] == [True, False]
    assert first.function.sha256 != second.function.sha256


def test_a_project_without_settings_gets_no_file(project):
    (project / "pyproject.toml").write_text('[tool.adapter]\napp = "main.handler"\n', "utf-8")
    with zipfile.ZipFile(built().function.path) as zipped:
        assert FILE not in zipped.namelist()


@pytest.mark.parametrize("text", ["{", "[1]", '{"prod": {"A": 1}}', '{"prod": ["A"]}'])
def test_a_file_that_somebody_broke_is_named(project, text, monkeypatch):
    (project / FILE).write_text(text, "utf-8")
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(project))
    with pytest.raises(AdapterError, match=rf"{FILE} can't be read .*make the package anew"):
        in_("prod", "A")


# In development


def test_in_development_they_are_the_project_s_own(project, monkeypatch):
    assert (setting("GREETING"), in_("prod-2", "GREETING")) == ("Hi", "Welcome ✓")
    monkeypatch.setenv("DEV_GREETING", "the shell's")
    assert setting("GREETING") == "the shell's"
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop")
    with pytest.raises(AdapterError, match="neither PROD_2_GREETING nor GREETING is set"):
        in_("prod-2", "GREETING")


@pytest.mark.parametrize("text", ["[tool", "tool = 1", "[tool.adapter]\nstages = 1", "[project]"])
def test_somebody_else_s_pyproject_is_no_error(tmp_path, monkeypatch, text):
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    assert setting("GREETING", "none") == "none"


def test_adapter_dev_gives_them_to_functions_wherever_they_are(project):
    (project / "code").mkdir()
    text = PROJECT.replace('app = "main.handler"', 'app = "main.handler"\nfolder = "code"')
    (project / "pyproject.toml").write_text(text, "utf-8")
    (function,) = project_of(DevOptions()).functions.values()
    assert function.variables == {
        "DEV_GREETING": "Hi",
        "STAGING_GREETING": "Hello",
        "PROD_2_GREETING": "Welcome ✓",
    }


# Of SSM


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with moto(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture
def ssm(url, monkeypatch, tmp_path):
    """boto3's client; nothing is known yet of what is in it."""
    point_to(monkeypatch, url)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ADAPTER_PARAMETERS", "/shop/")
    monkeypatch.setattr(settings_ssm, "_known", {})
    monkeypatch.setattr(settings_ssm, "_client", [])
    client = boto3.client("ssm")
    put(client, "/shop/prod/PASSWORD", SECRET)
    put(client, "/shop/staging/PASSWORD", "correct horse")
    return client


def put(client, name, value):
    client.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)


@pytest.fixture
def later(monkeypatch):
    """Move the clock on."""
    clock = [1000.0]
    monkeypatch.setattr(settings_ssm, "_now", lambda: clock[0])
    return lambda seconds: clock.__setitem__(0, clock[0] + seconds)


def test_each_alias_has_its_own_secret(ssm, monkeypatch):
    for number in range(12):  # a page has ten at the most
        put(ssm, f"/shop/prod/part/{number}", str(number))
    assert (in_("prod", "PASSWORD"), in_("staging", "PASSWORD")) == (SECRET, "correct horse")
    assert [in_("prod", f"part/{number}") for number in range(12)] == list(map(str, range(12)))
    monkeypatch.setenv("PASSWORD", "any")
    assert (in_("prod", "PASSWORD"), in_("bare", "PASSWORD")) == (SECRET, "any")
    monkeypatch.setenv("PROD_PASSWORD", "over all")
    assert in_("prod", "PASSWORD") == "over all"
    with pytest.raises(AdapterError, match="or as the parameter /shop/prod/NONE of SSM"):
        in_("prod", "NONE")


def test_one_environment_has_a_secret_for_each_alias(ssm, project, monkeypatch):
    events = [("prod", ["PASSWORD"]), ("staging", ["PASSWORD"]), ("bare", ["PASSWORD"])]
    assert replies(project, events, monkeypatch, PASSWORD="any") == [
        f'{{"PASSWORD":"{SECRET}"}}',
        '{"PASSWORD":"correct horse"}',
        '{"PASSWORD":"any"}',
    ]


def test_the_package_is_asked_after_ssm(ssm, monkeypatch, tmp_path):
    (tmp_path / FILE).write_text('{"prod": {"PASSWORD": "packaged", "COLOUR": "red"}}', "utf-8")
    assert (in_("prod", "PASSWORD"), in_("prod", "COLOUR")) == (SECRET, "red")


def test_values_are_kept_for_five_minutes(ssm, later):
    assert in_("prod", "PASSWORD") == SECRET
    put(ssm, "/shop/prod/PASSWORD", "new")
    later(299)
    assert in_("prod", "PASSWORD") == SECRET
    later(1)
    assert in_("prod", "PASSWORD") == "new"


def test_many_threads_make_one_call(ssm, monkeypatch):
    calls, fetched = [], settings_ssm._fetched
    monkeypatch.setattr(settings_ssm, "_fetched", lambda path: calls.append(path) or fetched(path))
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(in_("prod", "PASSWORD"))) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, calls) == ([SECRET] * 16, ["/shop/prod/"])


def test_nobody_waits_for_newer_values_but_the_one_who_fetches_them(ssm, later, monkeypatch):
    assert in_("prod", "PASSWORD") == SECRET
    later(300)
    with settings_ssm._lock:  # somebody fetches
        assert in_("prod", "PASSWORD") == SECRET


def test_no_secret_gets_into_a_log(ssm, caplog):
    caplog.set_level(logging.DEBUG, logger="")
    assert in_("prod", "PASSWORD") == SECRET
    assert "GetParametersByPath" in caplog.text
    assert SECRET not in caplog.text
    ssm.get_parameter(Name="/shop/prod/PASSWORD", WithDecryption=True)
    assert SECRET in caplog.text  # of others' calls nothing is kept back


@pytest.fixture
def refusing(url):
    """moto with IAM from now on: nobody may do anything."""

    def switch(count):
        # https://docs.getmoto.org/en/latest/docs/iam.html
        text = {"Content-Type": "text/plain"}
        request = urllib.request.Request(f"{url}/moto-api/reset-auth", count, text)
        urllib.request.urlopen(request).close()

    yield lambda: switch(b"0")
    switch(b"inf")


def test_a_refusal_names_the_path_and_the_right(ssm, refusing):
    client = boto3.client("iam")
    client.create_user(UserName="alice")
    key = client.create_access_key(UserName="alice")["AccessKey"]
    settings_ssm._client.append(
        boto3.client(
            "ssm",
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )
    )
    refusing()
    expected = r"below /shop/prod/ can't be had \(.*\): the function's role needs ssm:GetParam"
    with pytest.raises(AdapterError, match=expected) as caught:
        in_("prod", "PASSWORD")
    assert key["AccessKeyId"] not in str(caught.value)


def test_what_was_known_goes_on_while_ssm_is_away(ssm, later, monkeypatch, caplog):
    assert in_("prod", "PASSWORD") == SECRET
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setitem(settings_ssm._CONNECTION, "retries", {"total_max_attempts": 1})
    settings_ssm._client.clear()
    later(300)
    assert [in_("prod", "PASSWORD"), in_("prod", "PASSWORD")] == [SECRET] * 2
    (warning,) = [record.getMessage() for record in caplog.records]
    assert "SSM can't be reached; a function in a VPC needs an endpoint" in warning
    assert SECRET not in warning
    with pytest.raises(AdapterError, match=r"below /shop/staging/ .*EndpointConnectionError"):
        in_("staging", "PASSWORD")


def test_ssm_without_a_region_is_told(ssm, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION", raising=False)
    with pytest.raises(AdapterError, match="You must specify a region"):
        in_("prod", "PASSWORD")


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("AccessDeniedException", "No", "the function's role needs ssm:GetParametersByPath on it"),
        ("ThrottlingException", "Rate exceeded", "only so many calls a second"),
        ("AccessDeniedException", "… is not authorized to perform: kms:Decrypt", "kms:Decrypt"),
        ("AccessDeniedException", "The ciphertext refers to a key that …", "kms:Decrypt"),
        ("InvalidKeyId", "", "kms:Decrypt"),
        ("InternalServerError", "", "AWS refused the call"),
    ],
)
def test_what_else_is_refused_has_a_remedy(code, message, said):
    error = settings_error(code, message)
    assert said in settings_ssm._refusal("/shop/prod/", error)


def settings_error(code, message):
    from botocore.exceptions import ClientError

    return ClientError({"Error": {"Code": code, "Message": message}}, "GetParametersByPath")
