"""What Lambda and X-Ray are told of an error."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.runtime import faults
from adapter.runtime.load import load

ID = "0123-id"


def readable(message):
    """What is left of a message: a lone surrogate as the escape that it is in Python."""
    return message.encode("utf-8", "backslashreplace").decode()


anything = st.text(st.characters(codec=None))  # with lone surrogates


def raised(call):
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        call()
    return caught.value


def failing():
    raise ValueError("no")


def test_a_document_is_what_the_caller_gets():
    found = faults.document(raised(failing), ID)
    assert (found["errorType"], found["errorMessage"], found["requestId"]) == (
        "ValueError",
        "no",
        ID,
    )
    assert found["stackTrace"][-1].endswith('in failing\n    raise ValueError("no")\n')
    assert "requestId" not in faults.document(ValueError())
    assert faults.document(ValueError())["stackTrace"] == []


def test_our_frames_in_front_are_left_out(tmp_path, monkeypatch):
    (tmp_path / "broken_module.py").write_text("import json\njson.loads('{')\n")
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    error = raised(lambda: load("broken_module.handler"))
    error.__traceback__ = error.__traceback__.tb_next.tb_next  # as the runtime catches it
    inner = error.__cause__.with_traceback(error.__cause__.__traceback__)
    first = faults.stack(inner)[0]
    assert "broken_module.py" in first
    assert json.loads(faults.xray_cause(inner))["paths"][0].endswith("broken_module.py")
    assert faults.stack(error)[:-1] == faults.stack(inner)
    assert faults.stack(error)[-1].startswith("json.decoder.JSONDecodeError: ")


def test_of_a_module_with_a_mistake_in_it_only_the_mistake_is_told(tmp_path, monkeypatch):
    (tmp_path / "mistaken_module.py").write_text("x = (\n")
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    first, *_, last = faults.stack(raised(lambda: load("mistaken_module:app")))
    assert first.strip() == f'File "{tmp_path / "mistaken_module.py"}", line 1'
    assert last == "SyntaxError: '(' was never closed\n"


def test_what_an_error_was_raised_from_is_told():
    def cause():
        try:
            failing()
        except ValueError as error:
            raise KeyError("k") from error

    def context():
        try:
            failing()
        except ValueError:
            raise KeyError("k")  # noqa: B904

    def hidden():
        try:
            failing()
        except ValueError:
            raise KeyError("k") from None

    assert "ValueError: no\n" in faults.stack(raised(cause))
    assert "ValueError: no\n" in faults.stack(raised(context))
    assert "ValueError: no\n" not in faults.stack(raised(hidden))


def test_the_errors_of_a_group_are_told():
    def group():
        raise ExceptionGroup("two", [raised(failing), KeyError("k")])

    shown = faults.stack(raised(group))
    assert {"ValueError: no\n", "KeyError: 'k'\n"} <= set(shown)


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError


def unreadable():
    """A frame whose loader can't show its source."""

    class Loader:
        def get_source(self, name):
            raise ZeroDivisionError

    code = compile("raise ValueError('x')", "made up", "exec")
    exec(code, {"__name__": "made_up", "__loader__": Loader()})


@given(message=anything)
def test_any_message_of_an_error_is_told(message):
    error = raised(lambda: failing_with(ValueError(message)))
    found = faults.document(error)
    assert found["errorMessage"] == readable(message)
    json.dumps(found, ensure_ascii=False).encode()
    header = faults.xray_cause(error)
    assert header.isascii()
    assert header.isprintable()
    assert json.loads(header)["exceptions"][0]["message"] == readable(message)


def failing_with(error):
    raise error


def test_an_error_that_cant_be_shown():
    found = faults.document(raised(lambda: failing_with(UnprintableError())))
    assert found["errorMessage"] == "<UnprintableError whose str() raised RuntimeError>"
    assert found["stackTrace"]
    assert faults.stack(raised(unreadable))[-1] == '  File "made up", line 1, in <module>\n'


def deep(depth):
    return deep2(depth - 1) if depth else failing()


def deep2(depth):
    return deep(depth - 1) if depth else failing()


@pytest.mark.parametrize("character", ["x", "é", "\0", "\U0001f600", "\udcff", '"', "\n"])
@pytest.mark.parametrize("length", [10, 100_000, 3_000_000])
def test_a_document_is_less_than_lambda_takes(character, length):
    def nested(depth):
        if depth:
            raise_from(depth)
        raise ValueError(character * length)

    def raise_from(depth):
        try:
            nested(depth - 1)
        except ValueError as error:
            raise ValueError(character * length) from error

    error = raised(lambda: nested(2))
    found = faults.document(error, ID)
    assert len(json.dumps(found)) < 1 << 20
    assert found["stackTrace"]
    assert len(faults.xray_cause(error)) < 1_000_000


def test_of_a_deep_stack_the_ends_are_left():
    error = raised(lambda: deep(400))
    entries = [f"{number}" * 2_000 for number in range(1000)]
    shown = faults._bounded(entries)
    assert len(shown) == 81
    assert shown[40] == "... 920 more ...\n"
    assert shown[-1].startswith("999")
    assert faults.document(error)["stackTrace"][-1].endswith('raise ValueError("no")\n')


def test_a_cause_for_xray():
    found = json.loads(faults.xray_cause(raised(failing)))
    (exception,) = found["exceptions"]
    assert found["working_directory"] == os.getcwd()
    assert (exception["type"], exception["message"]) == ("ValueError", "no")
    assert exception["stack"][-1]["label"] == "failing"
    assert exception["stack"][-1]["line"] == failing.__code__.co_firstlineno + 1
    assert found["paths"] == [__file__]


def test_a_cause_that_is_too_long_for_a_header_is_none():
    def level(depth):
        return level(depth - 1) if depth else failing()

    code = level.__code__.replace(co_name="n" * 2_000)
    level.__code__ = code
    assert faults.xray_cause(raised(lambda: level(800))) == ""


def test_a_working_directory_that_is_gone(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert json.loads(faults.xray_cause(ValueError()))["working_directory"] == ""
