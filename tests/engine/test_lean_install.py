"""An install without pyarrow, as AWS Lambda wants it: what works, and what says which package to
install.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bulkfhir.engine.cli.program import run

SAMPLE = Path(__file__).resolve().parents[2] / "fixtures" / "sample" / "Patient.ndjson"


@pytest.fixture(autouse=True)
def lean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Import neither pyarrow nor what stands on it, as where they are not installed."""
    for name in [name for name in sys.modules if name.split(".")[0] in ("pyarrow", "pandas")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setenv("BULKFHIR_WORKERS", "1")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["validate"], id="validate"),
        pytest.param(["import", "--output", "out"], id="import"),
        pytest.param(["import", "--output", "out", "--sink", "ndjson"], id="sink-ndjson"),
        pytest.param(["import", "--output", "out", "--rejected", "ndjson"], id="rejected"),
    ],
)
def test_works_without_pyarrow(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*arguments, "--quiet", "--level", "structure-only", str(SAMPLE)]) == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        pytest.param(["--sink", "parquet"], "pip install pyarrow", id="sink-parquet"),
        pytest.param(["--checks"], "pip install 'bulkfhir[checks]'", id="checks"),
    ],
)
def test_names_the_package_to_install(
    arguments: list[str], advice: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["import", "--output", "out", *arguments, str(SAMPLE)]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.endswith(f"pyarrow, which is not installed: {advice}")
    assert not [*tmp_path.glob("out/*")]
