"""Clusters: two workers of an engine each, as processes of this machine, for ``engines.py``."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

__all__ = ["CLUSTERS", "Cluster"]


@dataclass(frozen=True)
class Cluster:
    """An engine that is up.

    options      of its runner
    kin          the process that runs a task, its parent, that one's parent: what is killed
    ends_tasks   whether a task that runs is ended when its job is cancelled
    """

    options: Mapping[str, object]
    kin: tuple[str, ...]
    ends_tasks: bool


@contextlib.contextmanager
def dask() -> Iterator[Cluster]:
    """Two workers with one thread each, whose nannies are processes of their own."""
    import distributed

    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=None, host="127.0.0.1") as cluster,
        contextlib.ExitStack() as nannies,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        command = ["-m", "dask", "worker", cluster.scheduler_address, "--nthreads", "1"]
        for _ in range(2):
            nanny = subprocess.Popen(
                [sys.executable, *command, "--host", "127.0.0.1", "--no-dashboard"],
                stderr=subprocess.DEVNULL,
            )
            nannies.callback(_end, nanny)
        client.wait_for_workers(2, timeout=60)
        yield Cluster({"address": cluster.scheduler_address}, ("worker", "nanny"), False)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


@contextlib.contextmanager
def ray() -> Iterator[Cluster]:
    """Two nodes with one processor each, and a head without, whose raylet is not to die."""
    import ray
    from ray.cluster_utils import Cluster as Nodes

    here = {"include_dashboard": False}
    nodes = Nodes(initialize_head=True, head_node_args={"num_cpus": 0, **here})
    for _ in range(2):
        nodes.add_node(num_cpus=1, **here)
    ray.init(address=nodes.address)
    yield Cluster({}, ("worker", "raylet"), True)
    ray.shutdown()
    nodes.shutdown()


@contextlib.contextmanager
def spark() -> Iterator[Cluster]:
    """Two executors with one core and one gigabyte each, as JVMs of their own."""
    import pyspark

    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    conf = pyspark.SparkConf().setMaster("local-cluster[2,1,1024]").set("spark.ui.enabled", "false")
    context = pyspark.SparkContext(conf=conf)
    context.setLogLevel("ERROR")
    context.parallelize(range(2), 2).count()  # the cluster is up when it has answered
    yield Cluster({}, ("worker", "daemon", "executor JVM"), True)
    context.stop()


CLUSTERS: Mapping[str, Callable[[], AbstractContextManager[Cluster]]] = {
    "dask": dask,
    "ray": ray,
    "spark": spark,
}
