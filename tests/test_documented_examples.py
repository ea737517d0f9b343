"""Every example of every page is run by a test, or stands here with the reason why not; what is not
run is read: its commands, scripts and options are those that there are.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

import click
import pytest
import yaml

from tests.shown_examples import (
    PAGES,
    ROOT,
    Fence,
    blocks,
    fences,
    reader_of,
    run_console_examples,
)

pytestmark = pytest.mark.long

EVERY = [fence for page in PAGES for fence in fences(page)]

RUN_BY = {
    # (page, language): the test that runs the page's fences of that language; several tests run one
    # of them each
    ("README.md", "console"): "tests/test_project_readme.py",
    ("README.md", "pycon"): "tests/test_project_readme.py",
    ("README.md", "sh"): "tests/validators/definitions/test_registry.py",
    ("docs/arrow.md", "python"): "tests/engine/test_arrow.py",
    ("docs/checks.md", "console"): "tests/test_checks_doc.py",
    ("docs/command-line.md", "sh"): "tests/engine/cli/test_completion.py",
    ("docs/endpoint.md", "console"): "tests/server/test_endpoint_doc.py",
    ("docs/endpoint.md", "json"): "tests/server/test_events.py",
    ("docs/endpoint.md", "python"): (
        "tests/server/test_endpoint_doc.py",
        "tests/server/test_emulator.py",
        "tests/server/test_mocking.py",
    ),
    ("docs/howto/hand-over-to-healthlake.md", "sh"): "tests/engine/handoff/test_hand_over_doc.py",
    ("docs/howto/run-import-jobs.md", "sh"): "tests/server/test_endpoint_doc.py",
    ("docs/howto/tables.md", "console"): "tests/engine/stored_tables/test_tables_doc.py",
    ("docs/howto/tables.md", "python"): "tests/engine/stored_tables/test_tables_doc.py",
    ("docs/permissions.md", "json"): "tests/faults/test_access.py",
}
NOT_RUN = {
    # (page, how the fence begins): why it is only read
    ("CONTRIBUTING.md", "$ python3 -m venv"): "installs, and runs these tests themselves",
    ("CONTRIBUTING.md", "$ pytest -n 0"): "runs tests of this run once more",
    ("CONTRIBUTING.md", "$ git worktree"): "needs the history, which a copy of CI does not have",
    ("benchmarks/README.md", "python benchmarks/run.py"): "takes an hour, and other validators",
    ("benchmarks/README.md", "python benchmarks/hostile.py"): "takes minutes",
    ("docs/arrow.md", "from bulkfhir.arrow import spark_schema"): "Spark needs Java",
    (
        "docs/howto/beside-localstack.md",
        "docker run",
    ): "needs docker; test_another_s3 has moto's server in its place",
    ("docs/howto/in-a-pipeline.md", "docker build"): "needs docker; test_ways_in runs its steps",
    ("docs/howto/in-a-pipeline.md", "steps:"): "needs GitHub; test_ways_in runs its steps",
    ("docs/howto/in-a-pipeline.md", "repos:"): "needs a published repository",
    ("docs/howto/on-aws-lambda.md", "make wheels"): "needs a registry; test_lean_install imports",
    ("docs/howto/tables.md", "bulkfhir import s3://bucket/"): "needs AWS Glue",
    ("docs/howto/tables.md", "catalog:"): "names a catalogue of AWS Glue",
    ("docs/howto/tables.md", "spark-sql --packages io.delta"): "Spark needs Java",
    ("docs/howto/tables.md", "spark-sql --packages org.apache"): "Spark needs Java",
    ("docs/jobs.md", "$ python tests/faults/random_kills.py"): "takes hours",
    ("docs/scale.md", "bulkfhir import s3://clinic/"): "needs a cluster; test_dask has its own",
    ("docs/scale.md", "pip install ray pyspark"): "installs a gigabyte, and Spark needs Java",
    ("docs/scale.md", "PLAN=$(bulkfhir plan s3://clinic"): "needs AWS Batch; test_array_job",
    ("docs/scale.md", "PLAN=$(bulkfhir plan /shared"): "needs Slurm; test_array_job",
    ("native/fuzz/README.md", "python fuzz/make_table.py"): "needs cargo-fuzz, and runs for hours",
    ("native/fuzz/README.md", "cd fuzz && RUSTC_BOOTSTRAP"): "compiles for minutes",
    ("docs/scale.md", "apiVersion: batch/v1"): "needs Kubernetes; test_array_job",
}
"""``tests/engine/arrays/test_array_job.py`` runs the three array jobs as processes with their
schedulers' variables.
"""
CODE = {"console", "json", "pycon", "python", "sh", "toml", "yaml"}


def reason(fence: Fence) -> str | None:
    """Why a fence is not run; None where it is to be run."""
    for (page, head), why in NOT_RUN.items():
        if page == fence.page and fence.head.startswith(head):
            return why
    return None


def runs_here(fence: Fence) -> bool:
    """Whether a test below runs the fence: sessions and configuration of any page."""
    return (
        fence.language in ("console", "toml")
        and (fence.page, fence.language) not in RUN_BY
        and reason(fence) is None
    )


def test_every_example_is_run_or_has_its_reason() -> None:
    missing = [
        f"{fence.page}: {fence.language}: {fence.head}"
        for fence in EVERY
        if fence.language in CODE
        and not runs_here(fence)
        and (fence.page, fence.language) not in RUN_BY
        and reason(fence) is None
    ]
    assert missing == [], "no test runs these: run them (RUN_BY), or give the reason (NOT_RUN)"


def test_what_is_listed_is_there() -> None:
    found = Counter((fence.page, fence.language) for fence in EVERY)
    for (page, language), tests in RUN_BY.items():
        each = (tests,) if isinstance(tests, str) else tests
        assert found[page, language], (page, language)
        assert isinstance(tests, str) or found[page, language] == len(each), (page, language)
        for test in each:
            assert Path(page).name in (ROOT / test).read_text(encoding="utf-8"), (page, test)
    idle = [key for key in NOT_RUN if not any(starts(fence, key) for fence in EVERY)]
    assert idle == []


def starts(fence: Fence, key: tuple[str, str]) -> bool:
    return fence.page == key[0] and fence.head.startswith(key[1])


# --- what is run

SESSIONS = [
    page
    for page in PAGES
    if any(fence.language == "console" and runs_here(fence) for fence in fences(page))
]


@pytest.mark.parametrize("page", SESSIONS)
def test_a_session_prints_what_a_page_shows(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader_of(tmp_path, monkeypatch)
    assert run_console_examples(PAGES[page], tmp_path) >= 1


@pytest.mark.parametrize(
    ("page", "number"),
    [(page, number) for page in PAGES for number, _ in enumerate(blocks(PAGES[page], "toml"))],
)
def test_configuration_that_a_page_shows_is_taken(
    page: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bulkfhir.engine.cli.program import run

    reader_of(tmp_path, monkeypatch)
    text = blocks(PAGES[page], "toml")[number]
    name = "pyproject.toml" if "[tool.bulkfhir]" in text else "bulkfhir.toml"
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert run(["rules"]) == 0
    (tmp_path / name).write_text(f"{text}\nno-such-option = 1\n", encoding="utf-8")
    assert run(["rules"]) == 2, "the file is not looked at"


# --- what is only read

READ = [fence for fence in EVERY if reason(fence) is not None]


def commands(fence: Fence) -> list[list[str]]:
    """The words of every command of ours that a fence holds, without the name of the program."""
    text = fence.text.replace("\\\n", " ")
    if fence.language == "yaml":
        (document,) = yaml.safe_load_all(text)
        return list(arguments_of(document))
    batch = [found.split(",") for found in re.findall(r'command=([^"]+)', text)]
    shell = [
        shlex.split(found, comments=True)
        for line in text.splitlines()
        for found in re.findall(r'\bbulkfhir ([a-z][^")&|;]*)', line.split("#")[0])
    ]
    return batch + [words for words in shell if words[0] != "."]


def arguments_of(value: object) -> list[list[str]]:
    """What YAML gives the program: a container's arguments, or the arguments of a hook."""
    if isinstance(value, list):
        return [found for each in value for found in arguments_of(each)]
    if not isinstance(value, dict):
        return []
    own = [value["args"]] if "args" in value else []
    if own and value.get("id") == "bulkfhir":  # of .pre-commit-hooks.yaml
        own = [["validate", *value["args"], "some.ndjson"]]
    return own + [found for each in value.values() for found in arguments_of(each)]


@pytest.mark.parametrize("fence", READ, ids=lambda fence: f"{fence.page}: {fence.head[:30]}")
def test_what_is_not_run_can_be_read(fence: Fence) -> None:
    from bulkfhir.engine.cli.program import COMMANDS, program

    if fence.language == "sh":
        checked = subprocess.run(["bash", "-n"], input=fence.text, text=True, check=False)
        assert checked.returncode == 0
    elif fence.language == "text":
        compile(fence.text, fence.page, "exec")
    for words in commands(fence):
        assert words[0] in COMMANDS, words
        command = program.get_command(click.Context(program), words[0])
        assert command is not None
        command.make_context(words[0], list(words[1:]))  # raises for what it does not take
    for script, options in re.findall(r"python ([\w/]+\.py)((?:[^\n\\]|\\\n)*)", fence.text):
        home = next(each for each in (ROOT, ROOT / "native") if (each / script).exists())
        said = subprocess.run(
            [sys.executable, script, "--help"], cwd=home, capture_output=True, text=True, check=True
        ).stdout
        assert [each for each in re.findall(r"--[\w-]+", options) if each not in said] == []


def test_commands_are_found_where_they_are_only_read() -> None:
    found = [words for fence in READ for words in commands(fence)]
    assert {words[0] for words in found} >= {"validate", "serve", "plan", "run-shards", "merge"}
    assert ["run-shards", "--plan", "$PLAN"] in found


def test_inputs_that_a_page_gives_the_action_are_its_inputs() -> None:
    (fence,) = (fence for fence in READ if fence.head == "steps:")
    (given,) = (each["with"] for each in yaml.safe_load(fence.text)["steps"] if "with" in each)
    declared = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    assert given.keys() <= declared.keys()


def test_the_hook_that_a_page_names_is_the_hook() -> None:
    (fence,) = (fence for fence in READ if fence.head == "repos:")
    (repository,) = yaml.safe_load(fence.text)["repos"]
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [each["id"] for each in repository["hooks"]] == [hook["id"]]


def test_a_lean_install_names_all_that_is_needed_but_pyarrow_and_boto3() -> None:
    import tomllib

    (fence,) = (fence for fence in READ if fence.head == "make wheels")
    (named,) = re.findall(r"^pip install --target function (?!--)(.*)$", fence.text, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[>;]", each)[0] for each in project["dependencies"]}
    assert set(named.split()) == needed - {"pyarrow", "boto3"}
