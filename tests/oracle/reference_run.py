"""The reference validator as a program: built for one version of HAPI, run over lines.

Maven fetches the jars, javac compiles ``reference/Reference.java``; both are kept for each version
in the cache (XDG_CACHE_HOME or ~/.cache). Needs Java 17, Maven and Maven Central.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Reference", "UnrunnableError", "Settings"]

SOURCE = pathlib.Path(__file__).resolve().parent / "reference"
_CORE = re.compile(r"org\.hl7\.fhir\.validation-([\d.]+)\.jar")
_JAVA = ("java", "-Xss64m", "-Xmx6g")
"""Deep resources need the stack; packages with big value sets need the heap."""


class UnrunnableError(Exception):
    """The reference could not be built or run."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is given beside its lines.

    level            strict or structure-only
    unknown_profile  error or warning: what a profile in meta.profile that nobody has is worth
    threads          how many lines are judged at once; with more than one the reference was seen to
                     contradict itself
    """

    level: str
    unknown_profile: str
    packages: tuple[pathlib.Path, ...] = ()
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Reference:
    """One version of the validator, ready to run.

    hapi, core  its versions: of HAPI and of org.hl7.fhir.core
    """

    hapi: str
    core: str
    classpath: str

    @classmethod
    def build(cls, hapi: str) -> Reference:
        """Return the reference of a version of HAPI, built where the cache has none.

        Raises UnrunnableError.
        """
        source = (SOURCE / "Reference.java").read_bytes() + (SOURCE / "pom.xml").read_bytes()
        mark = hashlib.sha256(source).hexdigest()[:12]
        home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
        folder = pathlib.Path(home) / "bulkfhir-reference" / f"{hapi}-{mark}"
        jars = folder / "jars"
        if not (folder / "Reference.class").exists():
            _run(
                "mvn", "-q", "-f", str(SOURCE / "pom.xml"), "dependency:copy-dependencies",
                f"-Dhapi={hapi}", f"-DoutputDirectory={jars}",
            )  # fmt: skip
            _run("javac", "-cp", f"{jars}/*", "-d", str(folder), str(SOURCE / "Reference.java"))
        core = next((m[1] for p in jars.iterdir() if (m := _CORE.fullmatch(p.name))), "unknown")
        return cls(hapi, core, f"{folder}:{jars}/*")

    def judge(self, lines: Sequence[bytes], settings: Settings) -> list[dict[str, Any]]:
        """Return the answer to every line: ``issues``, and ``crash`` where it broke.

        A line that is no UTF-8 is not given to the program, which could not tell it from another;
        its answer is a crash. Raises UnrunnableError.
        """
        command = (
            *_JAVA, "-cp", self.classpath, "Reference", settings.level, settings.unknown_profile,
            str(settings.threads), *map(str, settings.packages),
        )  # fmt: skip
        readable = [_is_text(line) for line in lines]
        given = b"".join(
            line.replace(b"\r", b" ") + b"\n"
            for line, fits in zip(lines, readable, strict=True)
            if fits
        )
        answers = iter(map(json.loads, _run(*command, data=given).splitlines()))
        refused: dict[str, Any] = {"issues": [], "crash": "not UTF-8"}
        try:
            found = [next(answers) if fits else refused for fits in readable]
        except StopIteration:
            raise UnrunnableError("the reference answered too few lines") from None
        if next(answers, None) is not None:
            raise UnrunnableError("the reference answered too many lines")
        return found


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _run(*command: str, data: bytes = b"") -> bytes:
    try:
        done = subprocess.run(command, input=data, capture_output=True, check=False)
    except FileNotFoundError:
        raise UnrunnableError(f"{command[0]} is not installed") from None
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip() or done.stdout.decode(errors="replace")
        raise UnrunnableError(f"{command[0]} failed: {told[-800:]}")
    return done.stdout
