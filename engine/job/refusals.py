"""Refusals: what cannot work is refused before anything is listed."""

from __future__ import annotations

from ..errors import ConfigurationError
from ..job_terms.job_choices import Choices
from ..judging.chosen_packages import check_packages, check_profiles
from ..plugins import SINKS, VALIDATORS, check_options, load

__all__ = ["refuse_unusable"]


def refuse_unusable(
    choices: Choices,
    workers: int | None,
    shard_bytes: int | None,
    task_bytes: int | None = None,
) -> None:
    """Raise ConfigurationError for choices that cannot work: a value that there is not, a plug-in
    that is not installed, an option that its sink does not take, a package or a target that cannot
    be read, a profile that no package has.
    """
    choices.check()
    if workers is not None and workers < 1:
        raise ConfigurationError(f"{workers}: at least one worker is needed")
    if shard_bytes is not None and shard_bytes < 1:
        raise ConfigurationError(f"{shard_bytes}: a shard holds at least one byte")
    if task_bytes is not None and task_bytes < 1:
        raise ConfigurationError(f"{task_bytes}: a task holds at least one byte")
    for name in (choices.judge, *choices.validators):
        load(VALIDATORS, name)
    if choices.sink is not None:
        check_options(SINKS, choices.sink, dict(choices.sink_options))
    if choices.table is not None:
        from ..stored_tables import TableWish

        TableWish.of(choices.table, dict(choices.table_options))
    if choices.checks:
        from ..across.relation_store import require_duckdb
        from ..across.targets import check_targets

        require_duckdb()
        check_targets(choices.targets)
    check_packages(choices.packages, choices.default_versions)
    if choices.profiles:
        check_profiles(choices)
