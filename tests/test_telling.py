"""What one of several processes of a run tells the first of them (tests/conftest.py)."""

import pytest

from tests.conftest import is_sender, telling


def test_a_process_tells_of_a_test_once(request: pytest.FixtureRequest):
    """By the library's own plug-in, which a new version of it may call something else."""
    hooks, several = request.config.hook, hasattr(request.config, "workerinput")
    name, location, told = request.node.nodeid, request.node.location, []
    with pytest.MonkeyPatch.context() as patch:
        for sender in filter(is_sender, hooks.pytest_runtest_logreport.get_hookimpls()):
            patch.setattr(sender.plugin, "sendevent", lambda name, **given: told.append(name))
            for when in ("setup", "call", "teardown"):
                sender.function(pytest.TestReport(name, location, {}, "passed", None, when))
        for hook in (hooks.pytest_runtest_logstart, hooks.pytest_runtest_logfinish):
            for sender in filter(is_sender, hook.get_hookimpls()):
                sender.function(name, location)
    assert told == ["testreport"] * several


@pytest.mark.parametrize(
    ("when", "given", "is_told"),
    [
        pytest.param("setup", {}, False, id="passing"),
        pytest.param("setup", {"outcome": "failed"}, True, id="setup-that-fails"),
        pytest.param("setup", {"outcome": "skipped"}, True, id="skipped"),
        pytest.param("setup", {"duration": 0.1}, True, id="setup-that-takes-long"),
        pytest.param("teardown", {"outcome": "failed"}, True, id="teardown-that-fails"),
        pytest.param(
            "teardown", {"sections": [("Captured stdout teardown", "x")]}, True, id="last-words"
        ),
        pytest.param("teardown", {"user_properties": [("size", 1)]}, True, id="property"),
    ],
)
def test_what_a_reader_misses_is_told(when, given, is_told):
    told = []
    report = pytest.TestReport("a", ("a", 1, "a"), {}, "passed", None, when)
    for name, value in given.items():
        setattr(report, name, value)
    telling(told.append)(report)
    assert told == [report] * is_told
