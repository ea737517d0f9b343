"""The command line: what it prints where, its exit codes, and how a user's mistake looks."""

from __future__ import annotations

import gzip
import io
import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from bulkfhir.engine.cli.program import COMMANDS, run
from bulkfhir.engine.cli.reports import FORMATS

GOOD = '{"resourceType":"Patient","id":"good"}'
BAD = '{"resourceType":"Patient","id":"bad","birthDate":"1987-02-30"}'
WORSE = '{"resourceType":"Patient","id":"worse","nickname":"Bo"}'
NO_ID = '{"resourceType":"Patient"}'
PROFILED = '{"resourceType":"Patient","id":"p","meta":{"profile":["https://example.org/StructureDefinition/p"]}}'


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has a working folder and a state folder of its own, and no setting from outside
    but one worker.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in list(os.environ):
        if name.startswith("BULKFHIR_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("BULKFHIR_WORKERS", "1")  # no processes but where a test is about them
    yield
    logging.getLogger("bulkfhir").handlers.clear()
    logging.getLogger("bulkfhir").propagate = True


@pytest.fixture
def bulkfhir(capsys: pytest.CaptureFixture[str]):
    """Runs the program in this process: code, out, err."""

    def call(*arguments: str) -> SimpleNamespace:
        code = run(list(arguments))
        out, err = capsys.readouterr()
        return SimpleNamespace(code=code, out=out, err=err)

    return call


def write(name: str, *lines: str) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines))
    return name


def job_folder(out: str = "out") -> Path:
    return next(Path(out).glob("*-FHIR_IMPORT-*"))


def gone(group: int) -> bool:
    """Whether every process of a group leaves: multiprocessing's own notice a moment later that
    their parent has.
    """
    for _ in range(600):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


# --- results and exit codes


def test_clean_data_exits_with_0(bulkfhir) -> None:
    result = bulkfhir("validate", write("a.ndjson", GOOD))
    assert result.code == 0
    assert "1 resource in 1 file: 1 accepted, 0 rejected" in result.out
    assert result.err == ""


def test_rejected_lines_exit_with_1_and_each_issue_is_one_line(bulkfhir) -> None:
    result = bulkfhir("validate", write("a.ndjson", GOOD, BAD))
    assert result.code == 1
    assert result.out.startswith("a.ndjson:2: Patient.birthDate: error[")


def test_exit_zero_keeps_the_report_and_changes_the_code(bulkfhir) -> None:
    result = bulkfhir("validate", "--exit-zero", write("a.ndjson", BAD))
    assert result.code == 0
    assert "a.ndjson:1:" in result.out


def test_import_writes_the_layout_and_sums_up(bulkfhir) -> None:
    write("data/a.ndjson", GOOD, BAD, NO_ID)
    result = bulkfhir("import", "data", "--output", "out", "--job-id", "j1")
    assert result.code == 1
    assert "1 accepted, 2 rejected" in result.out
    assert job_folder().name == f"{'0' * 32}-FHIR_IMPORT-j1"
    assert {
        line["lineId"]
        for line in map(json.loads, (job_folder() / "FAILURE/a.ndjson").read_text().splitlines())
    } == {2, 3}
    assert json.loads((job_folder() / "Manifest.json").read_text())["numberOfResourcesScanned"] == 3


def test_import_of_clean_data_exits_with_0_and_names_the_folder(bulkfhir) -> None:
    result = bulkfhir("import", write("a.ndjson", GOOD), "-o", "out", "--datastore-id", "d" * 32)
    assert result.code == 0
    assert f"COMPLETED, file://{job_folder()}" in result.out.replace(str(Path.cwd()) + "/", "")
    assert job_folder().name.startswith("d" * 32)


def test_import_summary_as_json_is_one_document(bulkfhir) -> None:
    write("data/a.ndjson", GOOD, BAD)
    document = json.loads(bulkfhir("import", "data", "-o", "out", "--output-format", "json").out)
    assert document["jobStatus"] == "COMPLETED_WITH_ERRORS"
    assert document["summary"]["types"] == [
        {"type": "Patient", "accepted": 1, "rejected": 1, "notJudged": 0}
    ]
    assert document["summary"]["rules"][0]["first"] == [{"file": "data/a.ndjson", "line": 2}]
    assert document["manifest"]["numberOfResourcesWithCustomerError"] == 1


def test_sink_receives_the_accepted_lines_as_they_were(bulkfhir) -> None:
    bulkfhir("import", write("a.ndjson", GOOD, BAD), "-o", "out", "--sink", "ndjson")
    stored = list((job_folder() / "resources/Patient").iterdir())
    assert [path.read_text() for path in stored] == [GOOD + "\n"]


def test_standard_input_is_read_for_a_dash(bulkfhir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys, "stdin", SimpleNamespace(buffer=io.BytesIO(f"{GOOD}\n{BAD}\n".encode()))
    )
    result = bulkfhir("import", "-", "-o", "out")
    assert result.code == 1
    assert (job_folder() / "SUCCESS/stdin.ndjson").exists()


# --- options


def test_levels_differ_and_strict_is_the_default(bulkfhir) -> None:
    file = write("a.ndjson", PROFILED)
    assert bulkfhir("validate", file).code == 1
    assert bulkfhir("validate", file, "--level", "structure-only").code == 0
    assert bulkfhir("validate", file, "--unknown-profile", "ignore").code == 0


def test_max_errors_limits_what_is_shown_and_not_what_is_counted(bulkfhir) -> None:
    result = bulkfhir("validate", "--max-errors", "2", write("a.ndjson", *[BAD] * 5))
    assert result.out.count("a.ndjson:") == 2 + 2  # and the first place of its rule and its cause
    assert "... and 3 more" in result.out
    assert "5 rejected" in result.out


def test_no_values_leaves_out_what_a_message_might_quote(bulkfhir) -> None:
    file = write("a.ndjson", BAD)
    assert "1987-02" in bulkfhir("validate", file).out
    assert "1987-02" not in bulkfhir("validate", file, "--no-values", "--statistics").out
    assert (
        "1987-02" not in bulkfhir("validate", file, "--no-values", "--output-format", "jsonl").out
    )


def test_an_import_without_values_writes_none(bulkfhir) -> None:
    result = bulkfhir("import", write("a.ndjson", GOOD, BAD, WORSE), "-o", "out", "--no-values")
    assert "1987-02" not in result.out + result.err
    failures = (job_folder() / "FAILURE" / "a.ndjson").read_text()
    assert "1987-02" not in failures
    assert "'***' is not in the calendar" in failures
    assert "Unrecognised property '@nickname'" in failures


def test_errors_come_before_warnings_in_the_rule_table(bulkfhir) -> None:
    """Three warnings, one error."""
    codings = [f'{{"system":"http://example.org/codes","code":"{code}"}}' for code in "xy"]
    status = f'{{"coding":[{",".join(codings)}]}}'
    line = f'{{"resourceType":"Patient","id":"x","nickname":"Bo","maritalStatus":{status}}}'
    result = bulkfhir("validate", write("a.ndjson", line), "--level", "structure-only")
    assert "warning[" not in result.out
    assert "3 of severity warning" in result.out
    assert result.out.index("unknown-element  ") < result.out.rindex("warning")
    assert (
        "warning["
        in bulkfhir("validate", "a.ndjson", "--level", "structure-only", "--warnings").out
    )


def test_lines_of_the_same_resource_are_said_with_both_places(bulkfhir) -> None:
    source = write("a.ndjson", GOOD, GOOD, GOOD)
    result = bulkfhir("import", source, "-o", "out", "--job-id", "j")
    assert (
        "2 accepted lines replaced by a later line of the same type and id, which wins: "
        "a.ndjson:1 … a.ndjson:3" in result.out
    )
    document = json.loads(bulkfhir("import", source, "-o", "out", "--output-format", "json").out)
    place = {"first": {"file": "a.ndjson", "line": 1}, "last": {"file": "a.ndjson", "line": 3}}
    assert document["summary"]["duplicates"] == {"replacedLines": 2, "first": [place]}


def test_jsonl_on_stdout_is_nothing_but_records(bulkfhir) -> None:
    result = bulkfhir(
        "validate", "--output-format", "jsonl", "--statistics", write("a.ndjson", GOOD, BAD, WORSE)
    )
    assert [
        (record["line"], record["resourceId"])
        for record in map(json.loads, result.out.splitlines())
    ] == [(2, "bad"), (3, "worse")]
    assert "2 rejected" in result.err


def test_offset_of_a_record_is_where_its_line_begins(bulkfhir) -> None:
    file = write("a.ndjson", GOOD, "", BAD)
    record = json.loads(bulkfhir("validate", "--output-format", "jsonl", "--quiet", file).out)
    assert record["line"] == 3
    assert Path(file).read_bytes()[record["offset"] :].decode().startswith(BAD)


def test_quiet_says_nothing_about_clean_data(bulkfhir) -> None:
    result = bulkfhir("validate", "--quiet", write("a.ndjson", GOOD))
    assert (result.out, result.err) == ("", "")


@pytest.mark.parametrize("form", FORMATS)
def test_a_broken_archive_is_seen_in_every_form_of_a_quiet_run(bulkfhir, form: str) -> None:
    Path("cut.ndjson.gz").write_bytes(gzip.compress(GOOD.encode() * 9)[:-9])
    result = bulkfhir("validate", "cut.ndjson.gz", "--quiet", "--output-format", form)
    assert result.code == 1
    assert result.out.count("unreadable-file") >= 1
    assert "it ends before its end mark" in result.out


def test_a_broken_archive_is_said_by_a_quiet_import(bulkfhir) -> None:
    Path("cut.ndjson.gz").write_bytes(gzip.compress(GOOD.encode() * 9)[:-9])
    result = bulkfhir("import", "cut.ndjson.gz", "--output", "out", "--quiet")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("bulkfhir: cut.ndjson.gz: The file could not be read")


def test_verbose_logs_go_to_standard_error_as_text_or_json(bulkfhir) -> None:
    file = write("a.ndjson", GOOD)
    assert "INFO reading, 1 files" in bulkfhir("validate", "-v", file).err
    lines = [
        json.loads(line)
        for line in bulkfhir("validate", "-vv", "--log-format", "json", file).err.splitlines()
    ]
    assert {line["level"] for line in lines} == {"info", "debug"}


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_an_import_that_is_told_to_end_leaves_no_process_and_can_go_on(
    bulkfhir, toys, number: int, code: int, word: str
) -> None:
    held = json.dumps({"resourceType": "Patient", "id": "p", "mark": "begun", "await": "gate"})
    write("a.ndjson", GOOD, held, GOOD)
    options = ["import", "a.ndjson", "-o", "out", "--job-id", "j", "--judge", "toy"]
    process = subprocess.Popen(
        [Path(sys.executable).parent / "bulkfhir", *options, "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_hear_interrupts,
    )
    while not Path("begun").exists():  # and the job cannot end, since nobody opens the gate
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=180)
    assert (process.returncode, out) == (code, "")
    said = list(filter(None, err.splitlines()))
    if len(said) > 2:  # nothing was found yet where no moment of the job was told
        assert said.pop(0).startswith("bulkfhir: found so far: ")
    assert said == [
        "bulkfhir: the job has stopped; --resume --job-id j goes on with it",
        f"bulkfhir: {word}",
    ]
    assert gone(process.pid)
    Path("gate").touch()
    assert bulkfhir(*options, "--resume").code == 0


def test_statistics_count_every_rule_with_first_places(bulkfhir) -> None:
    out = bulkfhir("validate", "--statistics", write("a.ndjson", BAD, BAD, WORSE)).out
    table = out[out.index("rule ") :].splitlines()
    assert table[1].split()[:3] == ["date", "2", "error"]
    assert table[1].endswith("a.ndjson:1")
    assert table[2].strip() == "a.ndjson:2"


def test_second_opinion_is_counted_and_the_judge_decides(bulkfhir) -> None:
    pytest.importorskip("fhir.resources")
    file = write("a.ndjson", GOOD, '{"resourceType":"Patient","id":"x","gender":"unheard"}')
    assert (
        "fhir-resources, second opinion: accepts 1, agrees 1"
        in bulkfhir("validate", "--validator", "fhir-resources", file).out
    )
    assert bulkfhir("validate", "--judge", "fhir-resources", file).code == 0


def test_files_beside_an_export_are_skipped_and_said_so(bulkfhir) -> None:
    write("data/a.ndjson", GOOD)
    write("data/log.ndjson", '{"eventId":"kickoff"}')
    result = bulkfhir("validate", "data")
    assert result.code == 0
    assert "skipped 1 file beside the data" in result.out
    assert bulkfhir("validate", "data", "--include-all").code == 1


def test_workers_give_the_same_report(bulkfhir) -> None:
    for number in range(4):
        write(f"data/{number}.ndjson", GOOD, BAD)
    one, two = (
        bulkfhir("validate", "data", "--output-format", "jsonl", "--workers", count).out
        for count in ("1", "2")
    )
    assert one == two
    assert one.count("\n") == 4


# --- where the result goes, and its colours


def test_a_result_is_written_to_a_file_whole(bulkfhir) -> None:
    file, result = write("a.ndjson", BAD, WORSE), Path("found.jsonl")
    shown = bulkfhir("validate", file, "--output-format", "jsonl", "-q").out
    told = bulkfhir(
        "validate", file, "--output-format", "jsonl", "-q", "--output-file", result.name
    )
    assert (told.code, told.out) == (1, "")
    assert result.read_text() == shown
    assert {path.name for path in Path().iterdir() if path.is_file()} == {file, result.name}


def test_a_result_of_an_earlier_run_stays_where_a_run_fails(bulkfhir) -> None:
    Path("found.txt").write_text("earlier")
    assert bulkfhir("validate", "nowhere.ndjson", "--output-file", "found.txt").code == 2
    assert Path("found.txt").read_text() == "earlier"
    assert [path.name for path in Path().iterdir() if path.is_file()] == ["found.txt"]
    no_folder = bulkfhir("validate", write("a.ndjson", GOOD), "--output-file", "no/found.txt")
    assert (no_folder.code, no_folder.err) == (
        2,
        "bulkfhir: --output-file no/found.txt: No such file or directory\n",
    )


def test_what_is_no_file_is_written_to_and_stays_what_it_is(bulkfhir) -> None:
    os.mkfifo("pipe")
    held = os.open("pipe", os.O_RDWR)  # a reader, so that the writer need not wait for one
    write("a.ndjson", GOOD, BAD)
    try:
        bulkfhir("validate", "a.ndjson", "--output-format", "jsonl", "--output-file", "pipe")
        assert os.read(held, 20).startswith(b'{"file": "a.ndjson"')
    finally:
        os.close(held)
    assert Path("pipe").is_fifo()


def test_a_link_stays_and_leads_to_the_new_result(bulkfhir) -> None:
    Path("kept").mkdir()
    Path("link.txt").symlink_to("kept/result.txt")
    assert bulkfhir("validate", write("a.ndjson", GOOD), "--output-file", "link.txt").code == 0
    assert Path("link.txt").is_symlink()
    assert [path.name for path in Path("kept").iterdir()] == ["result.txt"]


@pytest.mark.parametrize("source", ["a.ndjson", "."])
def test_a_result_never_takes_the_place_of_what_is_read(bulkfhir, source: str) -> None:
    file = Path(write("a.ndjson", BAD))
    data = file.read_bytes()
    Path("link").symlink_to(file)
    for name in (file.name, f"./{file.name}", "link"):
        told = bulkfhir("validate", source, "--output-file", name)
        assert (told.code, told.err) == (
            2,
            f"bulkfhir: {Path(name)}: this file is read; name another for the result\n",
        )
    assert file.read_bytes() == data
    assert {path.name for path in Path().iterdir() if path.is_file()} == {file.name, "link"}


COLOURS = {
    "nothing said": ([], {}, False),
    "always": (["--color", "always"], {"NO_COLOR": "1"}, True),
    "never": (["--color", "never"], {"FORCE_COLOR": "1"}, False),
    "FORCE_COLOR": ([], {"FORCE_COLOR": "1"}, True),
    "NO_COLOR": ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
}


@pytest.mark.parametrize("case", COLOURS)
def test_colours(bulkfhir, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    flags, variables, coloured = COLOURS[case]
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    out = bulkfhir("validate", write("a.ndjson", BAD), *flags).out
    assert ("\x1b[31m error\x1b[0m[" in out) is coloured


# --- configuration


def test_environment_and_file_set_options_in_that_order(
    bulkfhir, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write("a.ndjson", PROFILED)
    write("bulkfhir.toml", 'level = "structure-only"', "[validate]", 'output-format = "jsonl"')
    assert bulkfhir("validate", file, "--quiet").out == ""
    monkeypatch.setenv("BULKFHIR_LEVEL", "strict")
    assert bulkfhir("validate", file, "--quiet").code == 1
    assert bulkfhir("validate", file, "--level", "minimal").code == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("speed = 9", "no command has an option 'speed'"),
        ("[validate]\nsink = 'ndjson'", "'validate' has no option 'sink'"),
        ("validate = 3", "'validate' is a table of options"),
        ("level = ", "bulkfhir.toml:"),
        ("level = 'loose'", "'loose'"),
        ("workers = [1]", "'workers' takes one value, no list"),
        ("workers = 2026-01-01", "'workers' takes one value, no date"),
        ("warnings = {a = 1}", "'warnings' takes true or false"),
        ("exit-zero = 1", "'exit-zero' takes true or false"),
        ("output-format = {a = 1}", "'output-format' takes one value, no table"),
        ("levle = 'strict'", "no command has an option 'levle'; did you mean 'level'?"),
        ("[validate]\nworker = 1", "'validate' has no option 'worker'; did you mean 'workers'?"),
        ("[validate]\npackages = 'a#1'", "'packages' takes a list: ['...']"),
        ("[validate]\nmax-errors = 1.5", "'1.5' is not a valid integer"),
    ],
)
def test_mistake_in_the_file_is_one_line(bulkfhir, text: str, words: str) -> None:
    Path("bulkfhir.toml").write_text(text)
    result = bulkfhir("validate", write("a.ndjson", GOOD))
    assert result.code == 2
    assert words in result.err
    assert result.err.count("\n") == 1


# --- mistakes


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["validate", "nowhere.ndjson"], 2, "nowhere.ndjson: no such file or folder"),
        (["improt"], 2, "No such command 'improt'. Did you mean 'import'?"),
        (["validate", "empty"], 4, "nothing to read"),
        (
            ["validate", "a.ndjson", "--level", "loose"],
            2,
            "'loose' is not one of 'strict', 'structure-only', 'minimal'",
        ),
        (["validate", "a.ndjson", "--workers", "0"], 2, "--workers"),
        (["validate", "a.ndjson", "--judge", "nobody"], 2, "nobody: no such validator"),
        (["validate"], 2, "Missing argument"),
        (["validate", "a.ndjson", "--colour"], 2, "No such option"),
        (["import", "a.ndjson"], 2, "Missing option '-o' / '--output'"),
        (["import", "a.ndjson", "-o", "a.ndjson/out"], 2, "a.ndjson"),
        (["import", "a.ndjson", "-o", "out", "--resume"], 2, "--job-id"),
        (["import", "a.ndjson", "-o", "out", "--job-id", "../x"], 2, "../x"),
        (["import", "a.ndjson", "-o", "out", "--sink", "drain"], 2, "drain: no such sink"),
        (["schema", "Patiënt"], 2, "Patiënt: no such type in FHIR R4"),
        (["frobnicate"], 2, "frobnicate"),
    ],
)
def test_mistake_is_one_clear_line_and_a_code(
    bulkfhir, arguments: list[str], code: int, words: str
) -> None:
    write("a.ndjson", GOOD)
    Path("empty").mkdir()
    result = bulkfhir(*arguments)
    assert result.code == code
    assert words in result.err
    assert result.err.startswith("bulkfhir: ")
    assert result.err.count("\n") == 1
    assert result.out == ""


def test_cancelled_job_exits_with_130_and_says_how_to_go_on(
    bulkfhir, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bulkfhir.engine.jobs import recording

    file = write("a.ndjson", GOOD)
    with monkeypatch.context() as cancelling:
        cancelling.setattr(
            recording.Recording, "is_set", lambda _: True
        )  # as `bulkfhir jobs cancel` makes it
        result = bulkfhir("import", file, "-o", "out", "--job-id", "j")
    assert result.code == 130
    assert "--resume --job-id j" in result.err
    assert bulkfhir("import", file, "-o", "out", "--job-id", "j", "--resume").code == 0


def test_import_is_recorded_where_jobs_are_listed(bulkfhir) -> None:
    bulkfhir("import", write("a.ndjson", GOOD), "-o", "out", "--job-id", "j")
    assert "COMPLETED" in bulkfhir("jobs", "describe", "j").out


def test_existing_job_folder_is_refused(bulkfhir) -> None:
    file = write("a.ndjson", GOOD)
    assert bulkfhir("import", file, "-o", "out", "--job-id", "j").code == 0
    again = bulkfhir("import", file, "-o", "out", "--job-id", "j")
    assert again.code == 2
    assert "exists already" in again.err


def test_job_over_the_limits_fails_with_3(bulkfhir) -> None:
    Path("a.ndjson").touch()
    os.truncate(
        "a.ndjson", (5 << 30) + 1
    )  # sparse: a file over HealthLake's 5 GiB that takes no room
    result = bulkfhir("import", "a.ndjson", "-o", "out", "--limits", "healthlake")
    assert result.code == 3
    assert "a.ndjson has 5,368,709,121 bytes" in result.err


# --- the other commands


def test_schema_of_a_type_is_json(bulkfhir) -> None:
    schema = json.loads(bulkfhir("schema", "Observation").out)
    assert schema["name"] == "Observation"
    assert schema["properties"]["valueQuantity"]["type"] == "Quantity"
    assert schema["properties"]["status"]["element"]["binding"]["strength"] == "required"
    assert json.loads(bulkfhir("schema", "Patient.contact").out)["kind"] == "backbone"


def test_help_of_every_command_is_there(bulkfhir) -> None:
    listing = bulkfhir("--help").out
    for name, (_, text) in COMMANDS.items():
        assert f"  {name}" in listing
        assert text in listing
        result = bulkfhir(name, "--help")
        assert result.code == 0
        assert f"Usage: bulkfhir {name}" in result.out


def test_help_loads_neither_rules_nor_definitions(tmp_path: Path) -> None:
    code = (
        "import sys; from bulkfhir.engine.cli.program import COMMANDS, run; "
        "[run([name, '--help']) for name in COMMANDS]; "
        "print([name for name in sys.modules if name.startswith('bulkfhir.validators.')"
        " and name.split('.')[2] in ('rules', 'explainer', 'schema', 'validator')])"
    )
    made = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert made.stdout.splitlines()[-1] == "[]"


def test_program_is_installed_and_says_its_version(tmp_path: Path) -> None:
    made = subprocess.run(
        [Path(sys.executable).parent / "bulkfhir", "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert made.stdout.startswith("bulkfhir 0.")
    assert "acceptor" in made.stdout


def test_reader_that_leaves_is_no_mistake(tmp_path: Path) -> None:
    write("a.ndjson", *[BAD] * 2000)
    command = (
        f"'{Path(sys.executable).parent}/bulkfhir' validate a.ndjson --output-format jsonl "
        "--quiet --workers 1 | head -n 1"
    )
    made = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert made.stdout.count("\n") == 1
    assert made.stderr == ""


def _hear_interrupts() -> None:
    """For a child: whoever runs the tests in the background has SIGINT ignored, and children
    inherit that.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
