"""What stands on standard error where logs are shown: one object a line as JSON, whoever speaks."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

VALUE = "a-value-of-a-patient"
BREAK = f"""\
import logging, sys, threading, warnings
from bulkfhir.engine.process.log_lines import show_logs

class Left:
    def __del__(self):
        raise LookupError("{VALUE}")

def broken():
    raise RuntimeError("{VALUE}")

show_logs(sys.argv[1], "INFO")
thread = threading.Thread(target=broken, name="helper")
thread.start()
thread.join()
threading.Thread(target=sys.exit, name="ends").start()
Left()
warnings.warn("careful")
logging.getLogger("library").warning("full")
logging.getLogger("library").info("chatter")
logging.getLogger("bulkfhir.x").info("begun")
raise ValueError("{VALUE}")
"""


def said(log_format: str) -> str:
    """Return what a process says in which much breaks."""
    ended = subprocess.run(
        [sys.executable, "-c", BREAK, log_format], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    return ended.stderr


def test_as_json_whatever_is_said_is_an_object_a_line_without_values() -> None:
    text = said("json")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["level"], line["logger"], line["message"]) for line in lines[:2]] == [
        ("error", "bulkfhir", "the thread helper broke: RuntimeError"),
        ("error", "bulkfhir", "Left.__del__, where nothing can be raised, broke: LookupError"),
    ]
    assert (lines[2]["level"], lines[2]["logger"]) == ("warning", "py.warnings")
    assert "UserWarning: careful" in lines[2]["message"]
    assert [(line["level"], line["message"]) for line in lines[3:]] == [
        ("warning", "full"),
        ("info", "begun"),
        ("error", "the main thread broke: ValueError"),
    ]
    for line, place in ((lines[0], "in broken"), (lines[1], "in __del__"), (lines[-1], "<module>")):
        assert line["exception"].startswith("Traceback (most recent call last):\n")
        assert place in line["exception"]
        assert line["exception"].endswith(line["message"].rpartition(" ")[2])
    assert VALUE not in text


def test_as_text_all_stays_as_python_says_it() -> None:
    lines = said("text").splitlines()
    assert "Exception in thread helper:" in lines
    assert f"RuntimeError: {VALUE}" in lines
    assert "<string>:17: UserWarning: careful" in lines
    assert "full" in lines
    assert lines[-1] == f"ValueError: {VALUE}"


WORKER = """\
import warnings
from bulkfhir.engine.executors.pool import LocalPool
from bulkfhir.engine.process.log_lines import show_logs

show_logs("json", "INFO")
pool = LocalPool(1)
for future in pool.ask(warnings.warn, "careful"):
    future.result()
pool.close()
"""


@pytest.mark.long
def test_as_json_a_worker_too_says_all_so() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WORKER], capture_output=True, text=True, check=True
    )
    (line,) = [json.loads(line) for line in ended.stderr.splitlines()]
    assert (line["level"], line["logger"]) == ("warning", "py.warnings")
    assert "UserWarning: careful" in line["message"]


CRIPPLED = f"""\
import logging

class Mute:
    def __str__(self):
        raise LookupError("{VALUE}")

for name in ("library", "bulkfhir.x"):
    logger = logging.getLogger(name)
    logger.warning("read %d lines", "{VALUE}")
    logger.warning(Mute())
    logger.warning("slow", extra={{"status": {{1}}, "error": LookupError("late")}})
"""
"""What a plug-in may log: a record that is no text, and extras that JSON does not know."""
WHERE = {
    "here": "exec(said, {})",
    "in-a-worker": """\
from bulkfhir.engine.executors.pool import LocalPool
pool = LocalPool(1)
for future in pool.ask(exec, said, {}):
    future.result()
pool.close()
""",
}


@pytest.mark.long
@pytest.mark.parametrize("where", WHERE)
def test_as_json_a_record_that_cannot_be_written_is_told_of_without_values(where: str) -> None:
    script = "\n".join(
        [
            "import sys; from bulkfhir.engine.process.log_lines import show_logs",
            'said = sys.argv[1]; show_logs("json", "INFO")',
            WHERE[where],
        ]
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, CRIPPLED], capture_output=True, text=True, check=True
    )
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [line["message"] for line in lines] == [
        message
        for name in ("library", "bulkfhir.x")
        for message in (
            f"a log line of {name} (<string>:9) broke: TypeError",
            f"a log line of {name} (<string>:10) broke: LookupError",
            "slow",
        )
    ]
    assert [lines[2][member] for member in ("status", "error")] == ["{1}", "late"]
    assert VALUE not in ended.stderr
