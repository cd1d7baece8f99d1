"""The function's log: in processes of their own, as `install` changes a whole process."""

import datetime
import json
import logging
import os
import re
import socket
import subprocess
import sys
import textwrap
import threading
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.context import CURRENT, Context
from adapter.runtime import logs_json, logs_output, logs_root

ID = "0123-id"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"

PREAMBLE = f"""
import sys
from adapter.context import CURRENT, Context
from adapter.runtime import logs
logs.install()
import logging
log = logging.getLogger("app")

def invocation(**more):
    CURRENT.set(Context({ID!r}, 0, **more))
"""


@dataclass
class Ran:
    """What a process wrote; its output as CloudWatch reads it: a line ends with '\n' alone."""

    stdout: str
    stderr: str
    frames: list

    @property
    def lines(self):
        return self.stdout.removesuffix("\n").split("\n")

    @property
    def json(self):
        return [json.loads(line) for line in self.lines]


def ran(code, *, descriptor=False, preamble=PREAMBLE, **environ):
    """A process that runs this code, with `_LAMBDA_TELEMETRY_LOG_FD` if there is a descriptor."""
    environ = {"PYTHONUTF8": "1", "PYTHONPATH": os.pathsep.join(sys.path), **environ}
    command = [sys.executable, "-W", "error", "-c", preamble + textwrap.dedent(code)]
    reading, writing = os.pipe()
    if descriptor:
        environ["_LAMBDA_TELEMETRY_LOG_FD"] = str(writing)
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
        pass_fds=[writing] if descriptor else [],
    ) as process:
        os.close(writing)
        frames = frames_of(read_all(reading))
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr.decode()
    return Ran(stdout.decode(), stderr.decode(), frames)


def read_all(descriptor):
    with open(descriptor, "rb") as file:
        return file.read()


KINDS = {
    0x1B: "critical",
    0x17: "error",
    0x13: "warning",
    0x0F: "info",
    0x0B: "debug",
    0x07: "trace",
}


def frames_of(data):
    """(kind, level, message) of each frame."""
    found = []
    while data:
        kind, length = int.from_bytes(data[:4]), int.from_bytes(data[4:8])
        when = int.from_bytes(data[8:16]) / 1e6
        assert kind >> 8 == 0xA55A00
        assert abs(datetime.datetime.now().timestamp() - when) < 60
        assert len(data) >= 16 + length
        name = "text" if kind & 1 else "json"
        found.append((name, KINDS[kind & 0xFF | 1], data[16 : 16 + length].decode()))
        data = data[16 + length :]
    return found


# Text


def test_a_record_is_as_under_awss_runtime():
    shown = ran("invocation(); log.warning('a %s', 'b'); log.info('hidden')")
    assert re.fullmatch(rf"\[WARNING\]\t{TIME}\t{ID}\ta b\n", shown.stdout)
    assert shown.stderr == ""


def test_a_record_is_the_one_of_awss_own_formatter():
    """But for the time's last digits, and the newline that AWS's has within its format."""
    code = """
        import re
        from awslambdaric import bootstrap
        bootstrap._GLOBAL_AWS_REQUEST_ID = "0123-id"
        sink = bootstrap.StandardLogSink()
        bootstrap._setup_logging(bootstrap.LogFormat.TEXT, "", sink)
        logging.getLogger().handlers.reverse()
        invocation()
        log.error("what %d", 5)
    """
    theirs, ours = ran(code).lines
    assert theirs[:30] == ours[:30]
    assert theirs.split("\t")[2:] == ours.split("\t")[2:] == [ID, "what 5"]


def test_outside_of_an_invocation_there_is_no_id():
    assert re.fullmatch(rf"\[ERROR\]\t{TIME}\t\tx\n", ran("log.error('x')").stdout)


def test_a_tenant_is_a_field_of_its_own():
    shown = ran("invocation(tenant_id='acme'); log.error('x')")
    assert re.fullmatch(rf"\[ERROR\]\t{TIME}\t{ID}\tacme\tx\n", shown.stdout)


def test_the_time_is_utc_whatever_the_zone_and_others_formatters_are_left_alone():
    code = """
        import time
        assert logging.Formatter.converter is time.localtime
        log.error("x")
    """
    stamp = ran(code, TZ="XYZ-7").stdout.split("\t")[1]
    shown = datetime.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%f%z")
    assert abs(datetime.datetime.now(datetime.timezone.utc) - shown).total_seconds() < 60  # noqa: UP017


RAISES = """
def f():
    raise ValueError("two\\nlines")
try:
    f()
except ValueError:
    log.exception("it failed")
"""


def test_a_traceback_on_standard_output_is_one_event():
    (event,) = ran(RAISES).stdout.removesuffix("\n").split("\n")
    assert event.split("\r")[1] == "Traceback (most recent call last):"
    assert event.endswith("ValueError: two\rlines")


def test_a_person_who_reads_along_sees_lines():
    assert "failed\nTraceback (most recent call last):\n" in ran(RAISES, ADAPTER_LOCAL="1").stdout


def test_a_traceback_on_the_descriptor_is_one_frame_with_lines():
    ((kind, level, message),) = ran(RAISES, descriptor=True).frames
    assert (kind, level) == ("text", "error")
    assert message.split("\n")[1] == "Traceback (most recent call last):"
    assert message.endswith("ValueError: two\nlines")


# Levels


@pytest.mark.parametrize(
    ("value", "level"),
    [("", 30), ("TRACE", 5), ("debug", 10), ("INFO", 20), ("Warn", 30), ("WARNING", 30),
     ("ERROR", 40), ("FATAL", 50), ("CRITICAL", 50), ("LOUD", 30)],
)  # fmt: skip
def test_the_level_is_that_of_the_environment(value, level):
    shown = ran("print(logging.getLogger().level)", AWS_LAMBDA_LOG_LEVEL=value)
    assert shown.stdout == f"{level}\n"


def test_frames_tell_the_level():
    code = "for level in (5, 10, 20, 25, 30, 40, 50, 70): log.log(level, 'x')"
    names = ["trace", "debug", "info", "info", "warning", "error", "critical", "critical"]
    for form, kind in (("", "text"), ("JSON", "json")):
        shown = ran(code, descriptor=True, AWS_LAMBDA_LOG_FORMAT=form, AWS_LAMBDA_LOG_LEVEL="TRACE")
        assert [(name, level) for name, level, _ in shown.frames] == [(kind, n) for n in names]
        assert shown.stdout == ""


def test_children_dont_get_the_descriptor():
    code = """
        import os
        assert not [name for name in os.environ if "TELEMETRY" in name]
        assert not os.get_inheritable(logs._output._descriptor)
    """
    ran(code, descriptor=True)


@pytest.mark.parametrize("value", ["x", "-1", "999", str(1 << 70), ""])
def test_a_descriptor_that_is_none_is_ignored(value):
    assert ran("log.error('x')", _LAMBDA_TELEMETRY_LOG_FD=value).stdout.endswith("x\n")


def test_a_descriptor_that_the_app_closed_is_left():
    code = "import os; os.close(logs._output._descriptor); log.error('x'); log.error('y')"
    shown = ran(code, descriptor=True)
    assert [line[-1] for line in shown.lines] == ["x", "y"]


# JSON


def as_json(code, **environ):
    return ran(code, AWS_LAMBDA_LOG_FORMAT="json", **environ).json


def test_a_record_as_json():
    code = """
        invocation(tenant_id="acme", trace_id="Root=1")
        log.error("a %s", "b", extra={"order": 7, "what": {1}, "level": "mine"})
        log.error({"a": [1]})
    """
    first, second = as_json(code)
    assert re.fullmatch(TIME, first.pop("timestamp"))
    assert first == {
        "level": "ERROR", "message": "a b", "logger": "app", "requestId": ID, "tenantId": "acme",
        "order": 7, "what": "{1}",
    }  # fmt: skip
    assert second["message"] == {"a": [1]}


def test_json_has_the_fields_of_awss_own_formatter():
    code = """
        import json
        from awslambdaric.lambda_runtime_log_utils import JsonFormatter
        class Theirs(logging.Handler):
            def emit(self, record):
                print(JsonFormatter().format(record), end="")
        logging.getLogger().addHandler(Theirs())
        invocation()
        log.error("x %s", 1, extra={"k": 2.5})
        try: 1 / 0
        except ZeroDivisionError: log.exception("y")
    """
    ours, theirs, our_failure, their_failure = as_json(code)
    for mine, other in ((ours, theirs), (our_failure, their_failure)):
        for document in (mine, other):
            document.pop("timestamp")
        other.pop("trace_id", None)  # to AWS's formatter, an attribute like any other
        other.pop("taskName", None)
        assert mine == other
    assert "stackTrace" in our_failure


def test_an_exception_as_json():
    (document,) = as_json(RAISES)
    assert document["errorType"] == "ValueError"
    assert document["errorMessage"] == "two\nlines"
    assert document["message"] == "it failed"
    assert document["location"].startswith("<string>:<module>:")
    assert all(entry.startswith("  File ") for entry in document["stackTrace"])


def test_logging_an_exception_where_there_is_none():
    (document,) = as_json("log.exception('x')")
    assert "errorType" not in document


def test_what_json_has_no_form_for_is_text():
    code = """
        class Bad:
            def __str__(self): raise ValueError
        cycle = []; cycle += [cycle, 1]
        log.error({(1, 2): float("nan"), "bad": Bad(), "cycle": cycle, "big": 10 ** 5000})
    """
    (document,) = as_json(code)
    assert document["message"]["(1, 2)"] == "nan"
    assert document["message"]["bad"] == "<Bad whose str() raised ValueError>"
    assert document["message"]["cycle"] == ["[[...], 1]", 1]


# The record


def test_an_apps_own_format_can_name_the_invocation():
    code = """
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter("%(aws_request_id)s %(tenant_id)s %(trace_id)s"))
        logging.getLogger().handlers[:] = [handler]
        log.error("x")
        invocation(trace_id="Root=1")
        log.error("x")
    """
    assert ran(code).lines == [" None ", f"{ID} None Root=1"]


def test_an_extra_of_the_same_name_is_the_apps():
    """A record factory would make this call a KeyError in the app."""
    code = """
        invocation(tenant_id="acme")
        log.error("x", extra={"tenant_id": "theirs", "trace_id": "mine"})
    """
    (document,) = as_json(code)
    assert (document["tenant_id"], document["trace_id"]) == ("theirs", "mine")
    assert document["requestId"] == ID


def test_an_apps_own_record_factory_is_used():
    code = """
        before = logging.getLogRecordFactory()
        def factory(*arguments, **more):
            record = before(*arguments, **more)
            record.colour = "red"
            return record
        logging.setLogRecordFactory(factory)
        invocation()
        log.error("x")
    """
    (document,) = as_json(code)
    assert (document["colour"], document["requestId"]) == ("red", ID)


def test_a_record_made_by_hand_has_the_attributes_too():
    code = """
        logging.basicConfig(format="%(aws_request_id)s %(message)s")
        invocation()
        logging.getLogger().handle(logging.makeLogRecord({"msg": "x", "levelno": 40}))
    """
    assert ran(code).lines == [f"{ID} x"]


def test_a_queue_keeps_a_records_invocation():
    code = """
        import queue
        from logging.handlers import QueueHandler, QueueListener
        q, root = queue.SimpleQueue(), logging.getLogger()
        ours = root.handlers[0]
        root.handlers[:] = [QueueHandler(q)]
        listener = QueueListener(q, ours)
        listener.start()
        invocation()
        log.error("x")
        listener.stop()
    """
    assert ran(code).stdout.endswith(f"\t{ID}\tx\n")


# basicConfig


def test_a_level_alone_keeps_the_format():
    shown = ran("logging.basicConfig(level=logging.INFO); invocation(); log.info('x')")
    assert re.fullmatch(rf"\[INFO\]\t{TIME}\t{ID}\tx\n", shown.stdout)


def test_a_format_is_that_of_the_functions_log():
    code = """
        logging.basicConfig(
            format="{levelname} {aws_request_id} {asctime} {message}", style="{",
            datefmt="%H%z", level="DEBUG", encoding="utf-8", filemode="w", stream=None,
        )
        invocation()
        log.debug("x")
    """

    def hour():
        return f"{datetime.datetime.now(datetime.timezone.utc):%H}"  # noqa: UP017

    for frames in (True, False):
        before = hour()
        shown = ran(code, descriptor=frames, TZ="XYZ-7")
        line = shown.frames[0][2] if frames else shown.stdout.removesuffix("\n")
        assert line.startswith((f"DEBUG {ID} {before}", f"DEBUG {ID} {hour()}")), line


def test_in_json_the_level_counts_and_the_format_is_left_aside():
    code = "logging.basicConfig(format='! %(message)s', level='INFO'); log.info('x')"
    (document,) = as_json(code)
    assert document["message"] == "x"


def test_what_names_another_place_replaces_the_functions_log(tmp_path):
    file = tmp_path / "log"
    for options in (
        "stream=sys.stderr", "force=True", f"filename={str(file)!r}",
        "handlers=[logging.StreamHandler()]",
    ):  # fmt: skip
        shown = ran(f"logging.basicConfig({options}); log.error('x'); logging.shutdown()")
        assert shown.stdout == ""
        assert (shown.stderr or file.read_text()) == "ERROR:app:x\n"


def test_a_second_call_does_nothing_unless_forced_as_ever():
    code = """
        logging.basicConfig(level="INFO")
        logging.basicConfig(level="DEBUG", stream=sys.stderr)
        print(logging.getLogger().level)
        logging.basicConfig(level="DEBUG", force=True)
        log.debug("x")
    """
    shown = ran(code)
    assert (shown.stdout, shown.stderr) == ("20\n", "DEBUG:app:x\n")


def test_the_call_within_logging_info_is_none():
    shown = ran("logging.warning('x'); logging.basicConfig(level='INFO'); logging.info('y')")
    assert [line.split("\t")[-1] for line in shown.lines] == ["x", "y"]


def test_with_a_handler_of_the_apps_own_it_does_nothing_as_ever():
    code = """
        logging.getLogger().addHandler(logging.NullHandler())
        logging.basicConfig(level="INFO", format="!")
        log.error("x")
    """
    assert ran(code).stdout.endswith("\t\tx\n")


@pytest.mark.parametrize("options", ["style='?'", "colour=1", "level='LOUD'", "format='%(x'"])
def test_a_wrong_call_raises_what_it_raises_and_changes_nothing(options):
    code = f"""
        try: logging.basicConfig({options})
        except ValueError: print("refused")
        log.error("x")
        print(len(logging.getLogger().handlers))
    """
    first, second, third = ran(code).lines
    assert (first, second.split("\t")[2:], third) == ("refused", ["", "x"], "1")


def test_installed_twice_is_installed_once():
    shown = ran("logs.install(); log.error('x'); logging.basicConfig(level='INFO')")
    assert len(shown.lines) == 1


# logging.config, and handlers in general


def test_dict_config_works_as_ever():
    root = {"handlers": ["h"], "level": "INFO"}
    code = f"""
        import logging.config
        logging.config.dictConfig({{
            "version": 1, "root": {root}, "disable_existing_loggers": False,
            "formatters": {{"f": {{"format": "%(aws_request_id)s %(message)s"}}}},
            "handlers": {{"h": {{"class": "logging.StreamHandler", "formatter": "f"}}}},
        }})
        invocation()
        log.info("x")
    """
    shown = ran(code)
    assert (shown.stdout, shown.stderr) == ("", f"{ID} x\n")


def test_a_dict_config_without_a_root_leaves_the_functions_log():
    code = """
        import logging.config
        logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})
        log.error("x")
    """
    for frames in (True, False):
        shown = ran(code, descriptor=frames)
        assert "\tx" in (shown.frames[0][2] if frames else shown.stdout)


def test_a_formatter_for_the_handler_is_used():
    code = """
        logging.getLogger().handlers[0].setFormatter(logging.Formatter("! %(message)s"))
        log.error("x")
    """
    assert ran(code).stdout == "! x\n"
    shown = ran(code, descriptor=True, AWS_LAMBDA_LOG_FORMAT="JSON")
    assert shown.frames == [("text", "error", "! x")]


# Nothing raises into the app


def test_a_record_that_cant_be_formatted_is_told_on_stderr():
    shown = ran("log.error('%d', 'x'); log.error('after')")
    assert "--- Logging error ---" in shown.stderr
    assert shown.stdout.endswith("after\n")
    assert ran("logging.raiseExceptions = False; log.error('%d', 'x')").stderr == ""


@pytest.mark.parametrize(
    "broken",
    ["sys.stdout.close()", "sys.stdout = None", "sys.stdout = object()", "import os; os.close(1)",
     "sys.stderr.close(); sys.stdout.close(); log.error('%d', 'x')"],
)  # fmt: skip
def test_an_output_that_is_gone_is_not_fatal(broken):
    code = f"{broken}\nlog.error('x'); logs.line('y'); logs.flush(); logs.error({{}}, '')\n"
    ran(code + "sys.stdout = None; sys.stderr = None")


def test_a_message_that_its_output_cant_encode():
    code = "log.error('\\udcff é €'); log.error({'a': '\\udcff'})"
    for environ in ({}, {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}):
        assert ran(code, **environ).lines[0].endswith("\\udcff é €")
        last = as_json(code, **environ)[1]
        assert last["message"] == {"a": "\udcff"}


def test_standard_output_is_looked_up_at_each_record():
    code = """
        import contextlib, io
        with contextlib.redirect_stdout(io.StringIO()) as elsewhere:
            log.error("x")
        assert elsewhere.getvalue().endswith("x\\n")
    """
    assert ran(code).stdout == ""


def test_a_record_is_one_write():
    """Lambda takes what one write brings, so that another process can't break a line in two."""
    code = """
        import os
        reading, writing = os.pipe2(os.O_DIRECT)  # a read gives what one write put there
        os.dup2(writing, 1)
        log.error("x" * 3000)
        log.error("y\\nz")
        sys.stderr.write(repr([len(os.read(reading, 9999)) > 3000, os.read(reading, 9999)[-4:]]))
    """
    if not hasattr(os, "O_DIRECT"):
        pytest.skip("Linux's")
    assert ran(code).stderr == "[True, b'y\\rz\\n']"


def test_frames_of_threads_dont_mix():
    code = """
        import threading
        def work(name):
            for _ in range(20):
                log.error(name * 100_000)
                logs.line(name * 70_000)
        threads = [threading.Thread(target=work, args=[name]) for name in "abcd"]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    """
    frames = ran(code, descriptor=True).frames
    assert len(frames) == 160
    assert all(len(set(message.split("\t")[-1])) == 1 for _, _, message in frames)


def test_a_child_can_log_though_a_thread_was_writing_at_its_fork():
    code = """
        import os, threading
        taken, release = threading.Event(), threading.Event()
        def hold():
            with logs._output._lock:
                taken.set()
                release.wait()
        threading.Thread(target=hold).start()
        taken.wait()
        child = os.fork()
        if not child:
            logs.line("from the child")
            os._exit(0)
        release.set()
        assert os.waitpid(child, 0)[1] == 0
    """
    code = "import warnings; warnings.simplefilter('ignore')\n" + textwrap.dedent(code)
    assert ran(code, descriptor=True).frames == [("text", "info", "from the child")]


# Any message. In this process, with an Output of its own.


class Piped:
    """A handler whose frames go to a pipe, that can be read again and again."""

    def __init__(self, form):
        self.reading, self.writing = os.pipe()
        environ = {"_LAMBDA_TELEMETRY_LOG_FD": str(self.writing), "AWS_LAMBDA_LOG_FORMAT": form}
        self.output = logs_output.Output(environ)
        self.logger = logging.Logger("app")
        self.logger.addHandler(logs_root.RootHandler(self.output))

    def frames(self):
        return frames_of(os.read(self.reading, 1 << 16))


@pytest.fixture(scope="module")
def pipes():
    made = {form: Piped(form) for form in ("TEXT", "JSON")}
    yield made
    for each in made.values():
        os.close(each.reading)
        os.close(each.writing)


def readable(message):
    """What is left of a message: a lone surrogate as the escape that it is in Python."""
    return message.encode("utf-8", "backslashreplace").decode()


anything = st.text(st.characters(codec=None))  # with lone surrogates


@given(message=anything, tenant=st.none() | st.just("acme"))
def test_any_message_is_one_frame(pipes, message, tenant):
    token = CURRENT.set(Context(ID, 0, tenant_id=tenant))
    pipes["TEXT"].logger.error(message)
    CURRENT.reset(token)
    ((kind, level, text),) = pipes["TEXT"].frames()
    assert (kind, level) == ("text", "error")
    id_and_tenant = f"{ID}\t{tenant}" if tenant else ID
    assert text.split("\t", 2)[2] == f"{id_and_tenant}\t{readable(message)}"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | anything | st.binary(),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(anything | st.tuples(), each, max_size=3)
    ),
    max_leaves=8,
)


@given(message=anything, extra=st.dictionaries(anything.map("x_{}".format), values, max_size=3))
def test_any_message_and_extra_is_one_json_frame(pipes, message, extra):
    pipes["JSON"].logger.error(message, extra=extra)
    ((kind, level, text),) = pipes["JSON"].frames()
    assert (kind, level) == ("json", "error")
    document = json.loads(text, parse_constant=pytest.fail)
    assert document["message"] == message
    assert extra.keys() <= document.keys()


@given(values)
def test_any_value_is_json_and_a_json_value_stays_itself(value):
    encoded = logs_json.dumps({"value": value})
    assert "\n" not in encoded
    decoded = json.loads(encoded, parse_constant=pytest.fail)["value"]
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return
    assert decoded == value


def test_short_writes_make_one_frame(monkeypatch):
    pipe, write = Piped("TEXT"), os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    pipe.output.write("some text", 20, json=False)
    monkeypatch.undo()
    assert pipe.frames() == [("text", "info", "some text")]
    os.close(pipe.writing)
    os.close(pipe.reading)


# The runtime's own lines

DOCUMENT = {
    "errorType": "ValueError", "errorMessage": "no é",
    "stackTrace": ['  File "m.py", line 1, in f\n    g()\n', "Raised from:\n"],
}  # fmt: skip
ERROR = f"logs.error({DOCUMENT!r}, {ID!r}, 'acme')"
TRACE = [
    "Traceback (most recent call last):",
    '  File "m.py", line 1, in f',
    "    g()",
    "Raised from:",
]
HEAD = f"[ERROR] RequestId: {ID} ValueError: no é"


def test_an_error_is_one_event():
    assert ran(ERROR, descriptor=True).frames == [("text", "error", "\n".join([HEAD, *TRACE]))]
    assert ran(ERROR, ADAPTER_LOCAL="1").stdout == "\n".join([HEAD, *TRACE, ""])
    indented = [line.replace("  ", "\u00a0\u00a0") for line in TRACE]
    assert ran(ERROR).stdout == "\r".join([HEAD, *indented]) + "\n"


def test_an_error_of_the_start_has_no_request_id():
    assert ran("logs.error({'errorType': 'A', 'errorMessage': ''}, '')").stdout == "[ERROR] A\n"
    (document,) = as_json("logs.error({'errorType': 'A'}, '')")
    assert document.keys() == {"timestamp", "level", "errorType"}


def test_an_error_as_json():
    shown = ran(ERROR, descriptor=True, AWS_LAMBDA_LOG_FORMAT="JSON")
    ((kind, level, message),) = shown.frames
    document = json.loads(message)
    assert (kind, level) == ("json", "error")
    assert re.fullmatch(TIME, document.pop("timestamp"))
    assert document == {**DOCUMENT, "level": "ERROR", "requestId": ID, "tenantId": "acme"}


def test_a_line_of_the_runtimes_own():
    code = "logs.line('a b', 'warn')"
    assert ran(code).stdout == "a b\n"
    assert ran(code, descriptor=True).frames == [("text", "warning", "a b")]
    (document,) = as_json(code)
    assert re.fullmatch(TIME, document.pop("timestamp"))
    assert document == {"level": "WARNING", "message": "a b"}


def test_a_line_before_install_is_shown():
    code = "from adapter.runtime import logs; logs.line('x')"
    assert ran(code, preamble="").stdout == "x\n"


def test_what_the_app_prints_appears_at_once():
    code = """
        import os
        print("1"); os.write(1, b"2\\n")
        print("3", end=""); logs.flush(); os.write(1, b"4")
        print("5", file=sys.stderr); os.write(2, b"6")
        os._exit(0)
    """
    shown = ran(code)
    assert (shown.stdout, shown.stderr) == ("1\n2\n34", "5\n6")


# Workers of Managed Instances


class Provider:
    """Lambda's socket: what each connection brings."""

    def __init__(self, path):
        self.received = []
        self.server = socket.create_server(str(path), family=socket.AF_UNIX)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        with self.server:
            connections = [self.server.accept()[0] for _ in range(2)]
        for connection in connections:
            with connection, connection.makefile("rb") as file:
                self.received.append(file.read())


def test_a_workers_output_goes_to_lambdas_socket(tmp_path):
    provider = Provider(tmp_path / "socket")
    code = """
        import os
        sys.stdout.write("parent")
        logs.redirect_worker_output()
        print("printed")
        log.error("logged")
        print("on stderr", file=sys.stderr)
        os.system("echo a child")
    """
    path = str(tmp_path / "socket")
    shown = ran(code, descriptor=True, _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET=path)
    provider.thread.join(timeout=30)
    first, second, third = provider.received[0].decode().splitlines()
    assert (first, second.split("\t")[-1], third) == ("printed", "logged", "a child")
    assert provider.received[1] == b"on stderr\n"
    assert (shown.stdout, shown.stderr, shown.frames) == ("parent", "", [])


def test_without_the_socket_a_workers_output_stays(tmp_path):
    assert ran("logs.redirect_worker_output(); logs.line('x')").stdout == "x\n"
    path = str(tmp_path / "none")
    code = "logs.redirect_worker_output(); logs.line('x')"
    shown = ran(code, _LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET=path)
    assert path in shown.lines[0]
    assert shown.lines[1] == "x"


# A cold start


def test_the_modules_load_no_logging_until_install():
    code = """
        import sys
        from adapter.runtime import faults, logs
        assert not {"logging", "traceback", "asyncio"} & set(sys.modules)
        logs.install()
        assert "logging" in sys.modules and "asyncio" not in sys.modules
    """
    ran(code, preamble="")
