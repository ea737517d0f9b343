"""Validators that do what the line tells them: the engine's tests need verdicts, crashes and deaths
at will.
"""

import json
import logging
import os
import re
import signal
import time
from pathlib import Path

from bulkfhir.engine.sinks import NdjsonSink
from bulkfhir.validators import Issue, OneByOne, Verdict


class Toy:
    """Members of a resource that it obeys: bad, warn, crash, log, mark (a file that it makes, with
    the number of its process), sleep (seconds), nap (a file: sleeps a second while it is not
    there), await (a file: waits until it is there), spin, hold, kill (a file: dies while it is not
    there, and makes it), kin (0, or who dies in its place: 1 the parent of the process, 2 that
    one's parent), die.
    """

    judged = 0
    """Lines that were judged in this process."""

    def __init__(self, level="strict", **options):
        self.level = level

    def validate(self, line):
        Toy.judged += 1
        try:
            resource = json.loads(line)
        except ValueError:
            return Verdict(
                None,
                None,
                [Issue("fatal", "invalid", "json", "", "Invalid JSON found in input file")],
            )
        if not isinstance(resource, dict) or "resourceType" not in resource:
            return Verdict(
                None, None, [Issue("fatal", "structure", "resource-type", "", "no resourceType")]
            )
        self._obey(resource)
        issues = (
            [Issue("error", "value", "bad", "Patient.bad", str(resource["bad"]))]
            if "bad" in resource
            else []
        )
        if "warn" in resource:
            issues.append(Issue("warning", "value", "warned", "Patient.warn", "a warning"))
        if "unknown" in resource:
            issues.append(
                Issue(
                    "error",
                    "structure",
                    "unknown-element",
                    "Patient.contact[0]",
                    "Unrecognised property '@unknown'",
                )
            )
        return Verdict(resource["resourceType"], resource.get("id"), issues)

    def _obey(self, resource):
        if "mark" in resource:
            Path(resource["mark"]).write_text(str(os.getpid()))
        time.sleep(resource.get("sleep", 0))
        if "nap" in resource and not Path(resource["nap"]).exists():
            time.sleep(1)
        while "await" in resource and not Path(resource["await"]).exists():
            time.sleep(0.01)
        if "log" in resource:
            logging.getLogger("bulkfhir.toys").warning(
                "%s from process %s", resource["log"], os.getpid()
            )
        while "spin" in resource:
            pass
        if "hold" in resource:  # one call that keeps the interpreter's lock, for ever
            re.fullmatch("(a+)+", "a" * 60 + "!")
        if "nice" in resource:
            Path(resource["nice"]).write_text(f"{os.getpid()} {os.nice(0)}")
        if "crash" in resource:
            raise KeyError(resource["crash"])
        if "die" in resource:
            os.kill(os.getpid(), signal.SIGKILL)
        if "kill" in resource and not Path(resource["kill"]).exists():
            Path(resource["kill"]).touch()
            _kill_kin(resource.get("kin", 0))


def _kill_kin(generations):
    """Kill this process, or the one that many generations above it, and see what comes of that."""
    process = os.getpid()
    for _ in range(generations):
        state = Path(f"/proc/{process}/stat").read_text()
        process = int(state.rpartition(")")[2].split()[1])
    os.kill(process, signal.SIGKILL)
    time.sleep(5)  # an engine that ends its workers with their parent does so in this time


class BlockToy:
    """The same for whole blocks, without the adapter that catches what it raises."""

    def __init__(self, level="strict", **options):
        self._toy = Toy(level)

    def validate_block(self, block):
        for _, start, end in block.lines():
            self._toy.validate(block.data[start:end])
        return OneByOne(self._toy).validate_block(block)


class StrictToy(Toy):
    """Rejects what Toy warns of, and has its own view of "bad"."""

    def validate(self, line):
        verdict = super().validate(line)
        failing = [
            Issue("error", issue.code, issue.rule, issue.location, issue.diagnostics)
            for issue in verdict.issues
            if issue.rule == "warned"
        ]
        return Verdict(verdict.resource_type, verdict.resource_id, failing)


class BrokenSink(NdjsonSink):
    """Divides by zero when it is given the resource with id 25."""

    def open(self, index):
        writer = super().open(index)
        write = writer.write

        def broken(accepted):
            1 / (0 if "25" in accepted.ids else 1)
            write(accepted)

        writer.write = broken
        return writer
