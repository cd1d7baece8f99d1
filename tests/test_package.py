"""What users install is what the tests run on."""

import json
import sys
from importlib.metadata import distribution
from pathlib import Path

import adapter


def test_the_tests_run_on_the_installed_package():
    """Or, while somebody works on it, on an editable one; never on a folder that is just there."""
    told = distribution("apigw-adapter").read_text("direct_url.json")
    editable = json.loads(told or "{}").get("dir_info", {}).get("editable", False)
    assert editable or "site-packages" in Path(adapter.__file__).parts, sys.path


def test_it_needs_nothing_and_says_that_it_is_typed():
    package = distribution("apigw-adapter")
    assert all("extra ==" in requirement for requirement in package.requires)
    assert Path(adapter.__file__).with_name("py.typed").exists()
    assert package.version == adapter.__version__


def test_the_wheel_holds_the_package_alone():
    files = distribution("apigw-adapter").files
    folders = {file.parts[0] for file in files if not file.parts[0].startswith("..")}
    allowed = ("adapter", "apigw_adapter-", "_apigw_adapter", "_editable_impl", "__pycache__")
    assert all(folder.startswith(allowed) for folder in folders)
