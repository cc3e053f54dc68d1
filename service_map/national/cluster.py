"""Dask's workers: a cluster of this machine, or any that runs already; the same program on each, the same folders."""

import gc
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service_map.errors import InvalidParameterError
from service_map.national.extra import need
from service_map.national.work import program

CONNECT_S = 10.0
"""Seconds to wait for a scheduler before saying that there is none."""

MEMORY = "2GB"
"""Memory of a worker of the local cluster, where the machine has as much."""

ALLOCATOR = {"MALLOC_TRIM_THRESHOLD_": 268_435_456, "MALLOC_MMAP_THRESHOLD_": 33_554_432}
"""Bytes that glibc keeps in a process of the local cluster, and the size from which an array is a mapping of its own.

Dask lets a worker give memory back at every turn, which costs large arrays more than their arithmetic; and a threshold
set by hand stops glibc from raising the other by itself, so that every array of a county would be mapped anew.
"""

_SCHEMES = ("tcp://", "tls://", "ucx://", "ws://", "wss://")


@dataclass(frozen=True, slots=True)
class Workers:
    """A connected cluster.

    Attributes
    ----------
    client
        Dask's client.
    count
        Threads that compute.
    dashboard
        Address of its page, or None.
    """

    client: Any
    count: int
    dashboard: str | None


@contextmanager
def connected(scheduler: str | None, *, workers: int | None = None, memory: str = MEMORY) -> Iterator[Workers]:
    """Connect to a cluster, or start one on this machine.

    Parameters
    ----------
    scheduler
        Address such as ``tcp://10.0.0.1:8786``, or None for a cluster of processes here.
    workers
        Processes of the local one; None for one a processor.
    memory
        Of each of them, e.g. ``2GB``.

    Raises
    ------
    InvalidParameterError
        When the address is none, nobody answers there, or no worker has joined.
    SettingsError
        When Dask is not installed.
    """
    distributed = need("distributed")
    if scheduler is not None and not scheduler.startswith(_SCHEMES):
        raise InvalidParameterError(
            "scheduler", f"应为 tcp://主机:端口，现为 {scheduler!r}", f"takes tcp://host:port, not {scheduler!r}"
        )
    if scheduler is None:
        with local(workers, memory) as client:
            yield _workers(client)
        return
    try:
        client = distributed.Client(scheduler, timeout=CONNECT_S)
    except (OSError, TimeoutError, ValueError) as error:
        raise InvalidParameterError(
            "scheduler",
            f"{CONNECT_S:.0f} 秒内连不上 {scheduler}：没有 Dask 调度器应答",
            f"no Dask scheduler answers at {scheduler} within {CONNECT_S:.0f} s",
        ) from error
    with client:
        with suppress(TimeoutError):
            client.wait_for_workers(1, timeout=CONNECT_S)
        yield _workers(client)


@contextmanager
def local(workers: int | None = None, memory: str = MEMORY) -> Iterator[Any]:
    """Start a cluster of processes on this machine, one thread each.

    Parameters
    ----------
    workers
        How many; None for one a processor.
    memory
        Of each of them, e.g. ``2GB``.

    Yields
    ------
    distributed.Client
        Of that cluster, which ends with the context.

    Raises
    ------
    InvalidParameterError
        When `memory` is no size.
    """
    distributed = need("distributed")
    need("dask").config.set({
        **{f"distributed.nanny.pre-spawn-environ.{name}": size for name, size in ALLOCATOR.items()},
        # It looks at the stack of every worker a hundred times a second, which takes a twentieth of the whole.
        "distributed.worker.profile.enabled": False,
    })  # fmt: skip
    with distributed.LocalCluster(
        n_workers=workers or len(os.sched_getaffinity(0)), threads_per_worker=1, processes=True,
        memory_limit=_memory(memory), dashboard_address="127.0.0.1:0", silence_logs=50,
    ) as cluster, distributed.Client(cluster) as client:  # fmt: skip
        client.run(_settle)
        yield client


def _settle() -> None:
    """Keep the collector of a worker from looking, county after county, through all that it has imported."""
    gc.collect()
    gc.freeze()


def _memory(text: str) -> str:
    parse = need("dask.utils").parse_bytes
    try:
        asked = parse(text)
    except ValueError:
        asked = 0
    # Dask stops a worker at four fifths of its memory, and the program alone takes a third of a gigabyte.
    if asked < 10**9:
        raise InvalidParameterError("memory", f"应为至少 1GB，如 2GB，现为 {text!r}", f"is at least 1GB, not {text!r}")
    return text


def _workers(client: Any) -> Workers:
    known = client.scheduler_info(n_workers=-1)["workers"]
    count = sum(worker["nthreads"] for worker in known.values())
    if not count:
        raise InvalidParameterError("scheduler", "这个集群没有 worker", "the cluster has no worker")
    return Workers(client=client, count=count, dashboard=client.dashboard_link)


def check(workers: Workers, out: Path, inputs: Sequence[str]) -> None:
    """Refuse a cluster on which the answers would differ or could not be written, before any work.

    Parameters
    ----------
    workers
        The cluster.
    out
        Folder of the run, which every worker must see.
    inputs
        Files and folders that every worker must see.

    Raises
    ------
    InvalidParameterError
        Names the workers that run another program, or do not see a path.
    """
    asked = out / ".work" / f"seen-{secrets.token_hex(6)}"
    asked.parent.mkdir(parents=True, exist_ok=True)
    asked.write_text("", encoding="utf-8")
    try:
        told = workers.client.run(_tell, str(asked), list(inputs), on_error="return")
    finally:
        for left in asked.parent.glob(asked.name + "*"):
            left.unlink(missing_ok=True)
    mine = program()
    for worker, said in sorted(told.items()):
        if isinstance(said, BaseException) or said[0] != mine:
            theirs = f"{type(said).__name__}: {said}" if isinstance(said, BaseException) else said[0]
            raise InvalidParameterError(
                "scheduler",
                f"worker {worker} 运行的程序是 {theirs}，这里是 {mine}；请装上同一版本",
                f"the worker {worker} runs {theirs}, here runs {mine}; install the same version",
            )
        if said[1]:
            raise InvalidParameterError(
                "scheduler",
                f"worker {worker} 看不到 {said[1]}；请放在各机共享的目录",
                f"the worker {worker} does not see {said[1]}; put it on storage that all machines share",
            )


def _tell(asked: str, inputs: list[str]) -> tuple[str, str]:
    """Say, on a worker, what runs there and which path it does not see."""
    for name in (asked, *inputs):
        if not Path(name).exists():
            return program(), name
    try:
        mark = Path(f"{asked}-{os.getpid()}")
        mark.write_text("", encoding="utf-8")
    except OSError:
        return program(), str(Path(asked).parents[1])
    return program(), ""
