"""What tests of every folder share: validators of every engine, plug-ins, and the native module
where a test is about it.

The fixture ``engine`` has the ids ``native``, ``explained`` and ``proven``: one body of a test is
run by each of them, and has to find the same issues. A test marked ``native`` is skipped where the
native module is not installed. With BULKFHIR_REQUIRE_NATIVE=1 its absence ends the run at once, so
that nobody takes skipped tests for passed ones.

In all tests checks are handed objects that refuse what their rule does not declare
(``tests/refusing``).
"""

from __future__ import annotations

import fcntl
import functools
import gc
import logging
import os
import pickle
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from bulkfhir.validators import Block, Validator, Verdict
from bulkfhir.validators.economy.memory import Memory
from bulkfhir.validators.explainer.object_walk import Walk
from bulkfhir.validators.native.acceptance import NATIVE
from bulkfhir.validators.native.type_table import TypeTable, digest, packed
from bulkfhir.validators.native.type_table_build import lowered
from tests.refusing import install

settings.register_profile("bulkfhir", deadline=None)  # how busy the machine is decides no test
settings.load_profile("bulkfhir")

_ABSENT = "the native module is not installed: no Rust toolchain when this was installed"


def keep_bytecode(config: pytest.Config) -> None:
    """Let the hundreds of processes that tests start read what the first of them compiled.

    With PYTHONDONTWRITEBYTECODE, which many containers set, a job of two workers spends more than a
    second on compiling. The bytecode lies in a folder that goes with the run, and not beside the
    sources.
    """
    if sys.dont_write_bytecode and sys.pycache_prefix is None:
        folder = tempfile.TemporaryDirectory(prefix="bulkfhir-tests-")
        config.add_cleanup(folder.cleanup)
        sys.dont_write_bytecode, sys.pycache_prefix = False, folder.name
        os.environ["PYTHONPYCACHEPREFIX"] = folder.name
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # python -B sets none


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return twice as many processes as there are cores: half of the time tests wait, for jobs,
    servers and outages to end.
    """
    return 2 * len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 4


def pytest_configure(config: pytest.Config) -> None:
    # A process of tests holds millions of objects, the compiled definitions of many validators;
    # looking for garbage among them as often as Python does takes a quarter of its time. What is no
    # longer young mostly stays to the end: to look through that at all takes a seventh.
    gc.set_threshold(200_000, 1000, 1000)
    keep_bytecode(config)
    config.addinivalue_line("markers", "native: needs the native module")
    config.addinivalue_line("markers", "long: takes seconds, or waits; begins before others")
    config.addinivalue_line("markers", "https: the store of the fault suite speaks TLS")
    install()
    count_learning()
    tell_less(config)
    if os.environ.get("BULKFHIR_REQUIRE_NATIVE") == "1" and not NATIVE:
        raise pytest.UsageError(_ABSENT)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if not NATIVE and item.get_closest_marker("native"):
            item.add_marker(pytest.mark.skip(reason=_ABSENT))
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if processes > 1:
        items[:] = in_order(items, processes)


WAITING = (
    "tests/clients/",
    "tests/engine/executors/test_followed.py",
    "tests/engine/handoff/",
    "tests/engine/jobs/",
    "tests/engine/stored_tables/test_tables_on_s3.py",
    "tests/engine/test_groups.py",
    "tests/engine/test_survival.py",
    "tests/faults/",
    "tests/server/",
    "tests/validators/definitions/test_registry.py",
)
"""Where tests wait for longer than they compute."""


def in_order(items: list[pytest.Item], processes: int) -> list[pytest.Item]:
    """Put the tests in the order in which ``--dist worksteal`` hands them out: to each process a
    run of them. A process that has nothing left takes from the end of another's run.

    A third of the processes (two of four) begin with the tests that wait, beside others that
    compute, so that no core is idle. Those begin with the tests marked ``long``, so that what is
    left in the end is short and no process goes on for ten seconds alone.
    """
    waiting, long, short = list[pytest.Item](), list[pytest.Item](), list[pytest.Item]()
    for item in items:
        if item.nodeid.startswith(WAITING):
            waiting.append(item)
        else:
            (long if item.get_closest_marker("long") else short).append(item)
    waiting.sort(key=lambda item: item.get_closest_marker("long") is None)
    waiters = (processes + 2) // 3
    heads = [*in_parts(waiting, waiters), *in_parts(long, processes - waiters)]
    ordered, others = list[pytest.Item](), iter(short)
    for number, head in enumerate(heads):
        share = (len(items) - len(ordered)) // (len(heads) - number)
        ordered += head
        ordered += islice(others, max(0, share - len(head)))
    return [*ordered, *others]


def in_parts(items: list[pytest.Item], parts: int) -> list[list[pytest.Item]]:
    """Cut a list into so many parts, as equal as can be."""
    cuts = [len(items) * number // parts for number in range(parts + 1)]
    return [items[start:end] for start, end in pairwise(cuts)]


TELLING = 0.005
"""Seconds from which on --durations shows what a test is set up or torn down in."""


def tell_less(config: pytest.Config) -> None:
    """Let one of several processes tell the first of them how a test went, not that it started and
    ended, nor what ``telling`` leaves out: most tests take less time than that.
    """
    hooks = config.hook
    for hook in (hooks.pytest_runtest_logstart, hooks.pytest_runtest_logfinish):
        for sends in filter(is_sender, hook.get_hookimpls()):
            sends.function = lambda *given: None
    for sends in filter(is_sender, hooks.pytest_runtest_logreport.get_hookimpls()):
        sends.function = telling(sends.function)


def is_sender(implementation: Any) -> bool:
    """Tell whether a hook is what sends to the first process, a plug-in without a name."""
    return type(implementation.plugin).__name__ == "WorkerInteractor"


def telling(send: Callable[..., None]) -> Callable[..., None]:
    """Tell the first process of what went wrong at once, and of what a test is set up and torn down
    in where that takes long, or where a test said something in its end.
    """

    def tell(report: pytest.TestReport) -> None:
        said = report.when == "teardown" and (
            report.user_properties or any("teardown" in name for name, _ in report.sections)
        )
        if report.when == "call" or not report.passed or report.duration >= TELLING or said:
            send(report)

    return tell


def pytest_collection_finish() -> None:
    gc.freeze()  # tests and what they import stay to the end: none of that is garbage


def pytest_sessionfinish() -> None:
    gc.freeze()  # the process ends: nobody looks for garbage among its millions of objects again


LONGEST_NAME = 60
"""Characters of a value that a case is named for."""


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a case for its value where pytest would number it: a container, a long text."""
    if isinstance(val, str | bytes):
        name = val if isinstance(val, str) else repr(val)
        return shortened(name) if len(val) > LONGEST_NAME else None
    if isinstance(val, dict | list | tuple | set | frozenset | range):
        name = written(val)
        return None if " at 0x" in name else shortened(name)
    return None


def written(value: object) -> str:
    """Write a value as every process of a run writes it: a set is sorted."""
    match value:
        case dict():
            inside = (f"{key!r}: {written(each)}" for key, each in value.items())
            return f"{{{', '.join(inside)}}}"
        case set() | frozenset():
            return f"{{{', '.join(sorted(map(written, value)))}}}"
        case list() | tuple():
            return f"[{', '.join(map(written, value))}]"
        case _:
            return repr(value)


def shortened(name: str) -> str:
    """Keep both ends of a long name: cases of one table often begin alike."""
    if len(name) <= LONGEST_NAME:
        return name
    half = (LONGEST_NAME - 3) // 2
    return f"{name[:half]}...{name[-half:]}"


@pytest.fixture(autouse=True)
def loggers_kept() -> Iterator[None]:
    """Commands send the project's records to standard error, and to nobody else, and what nobody
    else catches too; the next test may want to catch them.
    """
    logger = logging.getLogger("bulkfhir")
    before = (logger.handlers[:], logger.propagate, logger.level)
    hooks = (logging.lastResort, sys.excepthook, threading.excepthook, sys.unraisablehook)
    yield
    logger.handlers[:], logger.propagate = before[0], before[1]
    if logger.level != before[2]:
        logger.setLevel(before[2])  # which looks through all loggers
    logging.lastResort, sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    logging.captureWarnings(capture=False)


Make = Callable[[Path], object]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Make], Path]:
    """Return a folder that is filled once for all processes of a run: the first that asks for its
    name fills it, the others wait. What fails is tried again by the next.
    """
    own = tmp_path_factory.getbasetemp()
    common = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def filled(name: str, make: Make) -> Path:
        folder, whole = common / name, common / f"{name}.whole"
        with (common / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not whole.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                whole.touch()
        return folder

    return filled


@pytest.fixture(scope="session")
def type_tables(once: Callable[[str, Make], Path]) -> tuple[dict[bool, TypeTable], bytes]:
    """All types lowered, by whether profiles in meta.profile are looked at, and the bytes of the
    file that ships: some seconds of computing.
    """

    def make(folder: Path) -> None:
        tables = {claims: lowered(claims=claims) for claims in (False, True)}
        made = tables, packed(tables[False], tables[True], digest())
        (folder / "tables").write_bytes(pickle.dumps(made))

    return pickle.loads((once("type-tables", make) / "tables").read_bytes())


@pytest.fixture(scope="session")
def service_models():
    """Read boto3's descriptions of the services once, not once a client, and look the names of its
    events up once, not hundreds of times a session: 5 ms of computing a client in place of 98.
    """
    import botocore.hooks
    import botocore.session

    with pytest.MonkeyPatch.context() as patch:
        once = functools.cache(botocore.session.create_loader)
        patch.setattr(botocore.session, "create_loader", once)
        # Aliases are botocore's own table, the same for all sessions.
        looked_up, known = botocore.hooks.EventAliaser._alias_event_name, dict[str, str]()

        def alias(self: botocore.hooks.EventAliaser, name: str) -> str:
            if name not in known:
                known[name] = looked_up(self, name)
            return known[name]

        patch.setattr(botocore.hooks.EventAliaser, "_alias_event_name", alias)
        yield


@pytest.fixture(scope="session")
def quick_moto(service_models):
    """moto's server in this process, in three quarters of the time a request, both sides taken
    together: it looks a host up among the patterns of all services for each request, twice, and
    reads every time that it has written back before it answers. Here each answer is remembered.
    """
    import botocore.utils
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication

    slow = (
        (DomainDispatcherApplication, "get_backend_for_host"),
        (botocore.utils, "parse_timestamp"),
    )
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in slow:
            if function := getattr(owner, name, None):
                patch.setattr(owner, name, functools.lru_cache(10_000)(function))
        yield


@pytest.fixture(scope="session")
def s3_server(quick_moto):
    """The address of an S3 server, moto's, for the whole run."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


LEARNT = [0]
"""How often an explainer met an object whose shape it does not know, or something kept a value."""


def count_learning() -> None:
    """Keep ``LEARNT`` from now on."""

    def counted(method: Callable[..., object]) -> Callable[..., object]:
        def counting(*given: object) -> object:
            LEARNT[0] += 1
            return method(*given)

        return counting

    Walk._met = counted(Walk._met)
    Memory.keep = counted(Memory.keep)


class Judge:
    """Judges single lines by one engine; stands in for a Validator.

    native     a block of one line, by the native acceptor, and explained where that hands it on
    explained  by the explainer, which has seen no object of the line's shapes before
    proven     by the explainer, after it has seen the line so often that its shapes are known
    """

    def __init__(
        self,
        engine: str,
        level: str = "strict",
        *,
        made: Callable[..., Validator] = Validator,
        **options: Any,
    ) -> None:
        self.engine = engine
        self.validator = made(level, native=engine == "native", **options)
        self.undecided = self.validator.undecided
        self._before = LEARNT[0]

    def validate(self, line: bytes) -> Verdict:
        """Return the verdict on a line; codes that stay undecided are counted once."""
        if self.engine == "native":
            verdicts = self.validator.validate_block(Block(line))
            own = Verdict(verdicts.types[0], verdicts.ids[0], [])
            return verdicts.verdicts.get(0, own)
        if self.engine == "explained":
            self._forget()
            return self.validator.validate(line)
        before = self.undecided.copy()
        self.learnt()
        self.validator._failing = False  # what looks for errors alone judges a line in order
        for _ in range(2):  # seen, kept; the third time it is walked by its shapes
            verdict = self.validator.validate(line)
            if not self.learnt():  # all of it was known: once more would be the same walk
                return verdict
            self.undecided.clear()
            self.undecided.update(before)
        return self.validator.validate(line)

    def learnt(self) -> bool:
        """Tell whether anything was learnt since this was last asked."""
        before, self._before = self._before, LEARNT[0]
        return before != LEARNT[0]

    def shapes(self) -> list[object]:
        """Return what the explainer knows of shapes: None for one that it has met but once."""
        tables = self.validator._errors._shapes._tables.values()
        return [shape for table in tables for shape in table.values()]

    def _forget(self) -> None:
        held = vars(self.validator)
        for name in ("_errors", "_everything"):
            for memory in (held[name]._shapes, held[name]._values) if name in held else ():
                for table in filter(None, memory._tables.values()):
                    table.clear()
                memory._count = 0


ENGINES = (pytest.param("native", marks=pytest.mark.native), "explained", "proven")


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Name the engine that judges the lines of the test."""
    return request.param


@pytest.fixture(scope="session")
def validators() -> Callable[..., Validator]:
    """Make validators, one for all that ask for the same: ``explained`` and ``proven`` differ in
    what the explainer has seen, and not in the definitions that it compiles.
    """
    made: dict[object, Validator] = {}

    def of(level: str, **options: Any) -> Validator:
        key = level, *sorted(options.items())
        if key not in made:
            made[key] = Validator(level, **options)
        return made[key]

    return of


@pytest.fixture(scope="session")
def judging(engine: str, validators: Callable[..., Validator]) -> Callable[..., Judge]:
    """Make judges of the engine under test, with the arguments of Validator; one for all tests that
    ask for the same without packages.
    """
    made: dict[object, Judge] = {}

    def of(level: str = "strict", **options: Any) -> Judge:
        if "packages" in options:
            return Judge(engine, level, **options)
        key = level, *sorted(options.items())
        if key not in made:
            made[key] = Judge(engine, level, made=validators, **options)
        return made[key]

    return of


PLUGINS = Path(__file__).parent / "engine/plugins"


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The validators toy, block-toy and strict-toy can be named, here, in workers and in
    subprocesses.
    """
    monkeypatch.syspath_prepend(str(PLUGINS))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join(filter(None, [str(PLUGINS), os.environ.get("PYTHONPATH")]))
    )
