#!/usr/bin/env python3
"""Engines: the same job on engines that CI has not, two workers each, with and without one that is
killed, beside the bytes of a local job.

usage: engines.py {dask,ray,spark} ...

Prints a line a run: the engine, seconds, digest, and the seconds of a task that does nothing. Ends
with 1 where a digest is another one than the local job's.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bulkfhir import import_job
from bulkfhir.engine.executors import open_runner

PLUGINS = Path(__file__).resolve().parents[1] / "plugins"
FILES, LINES = 4, 2_000


def main() -> int:
    """Run the engines that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("engines", nargs="+", choices=sorted(CLUSTERS))
    engines = parser.parse_args().engines
    sys.path.insert(0, str(PLUGINS))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(PLUGINS), os.environ.get("PYTHONPATH", "")])
    codes = set()
    with tempfile.TemporaryDirectory() as folder:
        wanted = {dies: run(Path(folder), "local", {}, dies=dies) for dies in (False, True)}
        for name in engines:
            with CLUSTERS[name]() as options:
                for dies in (False, True):
                    codes.add(run(Path(folder), name, options, dies=dies) == wanted[dies])
                overhead(name, options)
    return int(False in codes)


def run(folder: Path, name: str, options: Mapping[str, object], *, dies: bool) -> str:
    """Run one job; return the digest of its folder. A worker ``dies`` once, but not locally."""
    source, output = folder / f"in-{dies}", folder / "out"
    export(source, folder / "killed" if dies else None)
    (folder / "killed").unlink(missing_ok=True)
    if name == "local":
        (folder / "killed").touch()
    begun = time.monotonic()
    import_job(
        source,
        output,
        judge="toy",
        job_id="j",
        shard_bytes=20_000,
        task_bytes=200_000,
        executor=name,
        executor_options=options,
    )
    digest = digest_of(output)
    output.rename(folder / f"{name}-{dies}")
    if dies and not (folder / "killed").exists():
        digest = "nobody died"
    say(name, "one worker killed" if dies else "whole", f"{time.monotonic() - begun:.1f} s", digest)
    return digest


def export(folder: Path, killed: Path | None) -> None:
    """Write the input; with ``killed`` one of its lines kills its worker while no such file is."""
    folder.mkdir(exist_ok=True)
    for number in range(FILES):
        lines = [
            {"resourceType": "Patient", "id": f"{line}"} | ({} if line % 9 else {"bad": 1})
            for line in range(LINES)
        ]
        if killed is not None and number == 1:
            lines[LINES // 2]["kill"] = str(killed)
        text = "".join(json.dumps(line) + "\n" for line in lines)
        place = folder / f"{number}.ndjson"
        if not place.exists():
            place.write_text(text)


def digest_of(folder: Path) -> str:
    """Return the SHA-256 of names and bytes below a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def overhead(name: str, options: Mapping[str, object], tasks: int = 100) -> None:
    """Print how long the engine takes over a task that does nothing."""
    runner = open_runner(name, None, options)
    begun = time.monotonic()
    for future in [runner.submit(0, id) for _ in range(tasks)]:
        future.exception()
    each = (time.monotonic() - begun) / tasks
    say(name, f"{runner.slots} slots", f"{1_000 * each:.1f} ms a task")
    runner.close()


def say(*texts: str) -> None:
    """Print one line."""
    sys.stdout.write("  ".join(texts) + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def dask() -> Iterator[Mapping[str, object]]:
    """Two workers with one thread each."""
    import distributed

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield {"address": cluster.scheduler_address}


@contextlib.contextmanager
def ray() -> Iterator[Mapping[str, object]]:
    """Two processors."""
    import ray

    ray.init(num_cpus=2, include_dashboard=False)
    yield {}
    ray.shutdown()


@contextlib.contextmanager
def spark() -> Iterator[Mapping[str, object]]:
    """Two executors with one core and one gigabyte each, as JVMs of their own."""
    import pyspark

    conf = pyspark.SparkConf().setMaster("local-cluster[2,1,1024]").set("spark.ui.enabled", "false")
    context = pyspark.SparkContext(conf=conf)
    context.setLogLevel("ERROR")
    context.parallelize(range(2), 2).count()  # the cluster is up when it has answered
    yield {}
    context.stop()


CLUSTERS = {"dask": dask, "ray": ray, "spark": spark}

if __name__ == "__main__":
    sys.exit(main())
