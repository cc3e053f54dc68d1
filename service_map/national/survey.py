"""A run over the counties of an area: checked before any work, continued where it stopped, finished where it can."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely

from service_map.catalogue import Inventory
from service_map.catalogue.messages import both
from service_map.coverage import square_km
from service_map.errors import InvalidParameterError, PartitionError, SettingsError
from service_map.national import cluster, output, population, record, supply, ways, work
from service_map.national.county import County
from service_map.national.extra import need, need_all
from service_map.national.population import Source
from service_map.national.question import Question

TRIES = 3
"""How often a county is tried before it is reported."""

MOST_CELLS = 1_000_000
"""Cells that a worker holds at once; a larger county is split."""

# Bytes of a cell's own columns, and of those of a kind: somewhat more than the answers of the generated country take.
_BYTES_CELL, _BYTES_KIND = 24.0, 1.5
_LEAST_BYTES = 20_000_000

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A county that could not be computed: its code and name, and why in Chinese and English."""

    adcode: str
    name: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a run.

    Attributes
    ----------
    done, kept
        Counties computed now, and those whose answer stood already.
    left_out
        Counties without people, left out because that was asked for.
    fallback
        Counties that no network of the folder reaches, answered in straight lines.
    failed
        Counties that failed three times.
    cells, people
        Of all answers together.
    facilities
        Facilities of the kinds asked about.
    seconds
        From the first county given to the last that came back.
    """

    done: tuple[str, ...]
    kept: tuple[str, ...]
    left_out: tuple[str, ...]
    fallback: tuple[str, ...]
    failed: tuple[Failure, ...]
    cells: int
    people: float
    facilities: int
    seconds: float


def run(
    question: Question,
    counties: Sequence[County],
    *,
    facilities: str,
    demand: Source,
    out: Path,
    networks: Path | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    memory: str = cluster.MEMORY,
    most_cells: int = MOST_CELLS,
    skip_empty: bool = False,
    inventories: Sequence[Inventory] = (),
    progress: Callable[[int, int, str], None] | None = None,
    say: Progress | None = None,
) -> Outcome:
    """Answer a question for every county.

    Parameters
    ----------
    question
        What is asked.
    counties
        From `service_map.national.counties`.
    facilities
        GeoParquet file or folder, or the URL of a database of this product.
    demand
        The people.
    out
        Folder for the answers; a county whose answer of the same inputs stands there is not computed again.
    networks
        Folder of networks by area code; None for straight lines.
    scheduler
        Address of a Dask cluster; None for one of this machine.
    workers
        Processes of the local cluster; None for one a processor, 0 to compute in this process.
    memory
        Of each process of the local cluster.
    most_cells
        Cells that a worker holds at once.
    skip_empty
        Leave out the counties of which the data certainly holds nobody, instead of refusing the run.
    inventories
        Statements that the facilities hold every one of some kinds that stands in an area; of the area `ALL` for all.
    progress
        Called with the number of counties that came back, the number of all, and the last one's code.
    say
        Called with a short Chinese and English line at each step.

    Returns
    -------
    Outcome

    Raises
    ------
    InvalidParameterError
        When an input, the cluster or the output folder cannot be used.
    SettingsError
        When Dask is not installed, or the disk has no room.
    """
    need_all()
    if scheduler is not None and workers is not None:
        raise InvalidParameterError(
            "workers",
            "只用于本机，给了 scheduler 就不要再给",
            "is for this machine alone; leave it out beside scheduler",
        )
    tell: Progress = say or (lambda _line: None)
    if most_cells < 1:
        raise InvalidParameterError("cells", "应为正整数", "takes a whole number above 0")
    empty = check_inputs(counties, facilities=facilities, demand=demand, networks=networks, skip_empty=skip_empty)
    asked = [county for county in counties if county.adcode not in set(empty)]
    if not asked:
        raise InvalidParameterError(
            "demand", "人口数据不含所问的任何县", "the population data holds nobody of any county asked about"
        )
    out = out.absolute()
    _make(out)
    _room(out, question, demand, asked, most_cells)
    where = nullcontext(None) if workers == 0 else cluster.connected(scheduler, workers=workers, memory=memory)
    with _alone(out), where as found:
        if found is not None:
            tell(both("%(count)d 个 worker，看板 %(dashboard)s", count=found.count, dashboard=found.dashboard))
            inputs = [demand.path, *demand.groups.values(), *([str(networks)] if networks else [])]
            if not supply.is_database(facilities):
                inputs.append(facilities)
            cluster.check(found, out, [str(Path(name).absolute()) for name in inputs])
        tell(both("按块整理设施"))
        codes = tuple(dict.fromkeys(code for target in question.targets for code in target.codes))
        source = facilities if supply.is_database(facilities) else str(Path(facilities).absolute())
        with _told_of_a_full_disk(out):
            laid = supply.lay(source, codes, out / ".work" / "facilities",
                              scheduler="synchronous" if found is None else found.client)  # fmt: skip
        tell(both("收下 %(taken)d 处设施，共 %(read)d 处", taken=laid.taken, read=laid.read))
        if laid.read and not laid.taken:
            raise InvalidParameterError(
                "facilities",
                f"{laid.read} 处设施没有一处属于所问的类别；category 列应为类别代码，如 kindergarten",
                f"none of the {laid.read} facilities is of a category asked about; the column category holds codes such"
                " as kindergarten",
            )
        jobs = [
            work.Job(
                county=county, question=question, supply=laid, demand=_absolute(demand),
                networks=None if networks is None else str(networks.absolute()), out=str(out), most_cells=most_cells,
                program=work.program(), stated=record.stated(question, county, inventories),
            )
            for county in asked
        ]  # fmt: skip
        start = time.perf_counter()
        came = _here(jobs) if found is None else _there(jobs, found.client)
        outcome = _gather(came, jobs, out, progress, skip_empty=skip_empty)
        seconds = time.perf_counter() - start
        if not outcome[1]:
            shutil.rmtree(out / ".work", ignore_errors=True)
    return _conclude(question, empty, outcome, out, facilities=laid.taken, seconds=seconds)


@contextmanager
def _told_of_a_full_disk(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if not output.is_full(error):
            raise
        raise SettingsError(f"{out} 的磁盘已满", f"the disk of {out} is full") from error


def check_inputs(
    counties: Sequence[County], *, facilities: str, demand: Source, networks: Path | None, skip_empty: bool = False
) -> tuple[str, ...]:
    """Refuse inputs of which the headers already say that they cannot be used.

    Parameters
    ----------
    counties, facilities, demand, networks, skip_empty
        As in `run`.

    Returns
    -------
    tuple of str
        Counties of which the population data certainly holds nobody.

    Raises
    ------
    InvalidParameterError
        Names the input and what is wrong with it.
    """
    supply.check(facilities)
    if networks is not None:
        ways.check(networks)
    empty = population.check(demand, counties)
    if empty and not skip_empty:
        names = "、".join(f"{county.adcode} {county.name}" for county in counties if county.adcode in set(empty[:8]))
        more = f" … {len(empty)}" if len(empty) > 8 else ""
        raise InvalidParameterError(
            "demand",
            f"人口数据不含这些县：{names}{more}；加 --skip-empty 可略过",
            f"the population data holds nobody of {names}{more}; --skip-empty leaves them out",
        )
    return empty


def _absolute(demand: Source) -> Source:
    return Source(
        path=str(Path(demand.path).absolute()),
        groups={name: str(Path(path).absolute()) for name, path in demand.groups.items()},
        band=demand.band,
    )


def _make(out: Path) -> None:
    try:
        (out / ".work").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidParameterError(
            "out", f"无法写入 {out}：{error.strerror}", f"cannot write {out}: {error.strerror}"
        ) from error


def _room(out: Path, question: Question, demand: Source, counties: Sequence[County], most_cells: int) -> None:
    """Refuse a disk that certainly cannot hold the answers."""
    cells = 0
    for county in counties:
        if output.manifest(out, county.adcode) is None:
            cells += sum(last - first for first, last in _rows_of(demand, county, most_cells))
    needed = _LEAST_BYTES + cells * (_BYTES_CELL + _BYTES_KIND * len(question.targets)) / 4
    free = shutil.disk_usage(out).free
    if free < needed:
        raise SettingsError(
            f"{out} 的磁盘剩 {free / 1e6:.0f} MB，至少要 {needed / 1e6:.0f} MB",
            f"the disk of {out} has {free / 1e6:.0f} MB left, at least {needed / 1e6:.0f} MB are needed",
        )


def _rows_of(demand: Source, county: County, most_cells: int) -> list[tuple[int, int]]:
    # A raster's rows say little of its cells; a hundredth of a square degree of built land is a fair least.
    if demand.is_raster:
        return [(0, int(square_km(county.shape)))]
    try:
        return population.parts(demand, county, most_cells)
    except Exception:  # noqa: BLE001 - a damaged table costs its own county, later
        return []


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Let one run at a time work on a folder; the system frees the lock of a run that was killed."""
    import fcntl

    path = out / ".work" / "lock"
    with path.open("w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InvalidParameterError("out", f"另一次计算正在写 {out}", f"another run is writing {out}") from error
        shutil.rmtree(out / ".work" / "staged", ignore_errors=True)
        yield


# --- giving the counties out ------------------------------------------------------------------------------------------

_Came = tuple[str, dict[str, Any] | BaseException]


def _here(jobs: Sequence[work.Job]) -> Iterator[_Came]:
    for job in jobs:
        for left in reversed(range(TRIES)):
            try:
                yield job.county.adcode, work.whole(job)
                break
            except PartitionError as error:
                if error.full or not left:
                    yield job.county.adcode, error
                    break


def _there(jobs: Sequence[work.Job], client: Any) -> Iterator[_Came]:
    distributed = need("distributed")
    retries = TRIES - 1
    # An extract that many counties share is read once, before they ask for it; what is wrong with it they will say.
    extracts = sorted({str(path) for job in jobs if (path := work.network_of(job)) and path.suffix != ".npz"})
    if extracts:
        kept = str(Path(jobs[0].out) / ".work" / "networks")
        distributed.wait([client.submit(ways.prepare, path, kept, pure=False) for path in extracts])
    # The largest first, so that none of them is left for the end.
    order = sorted(jobs, key=lambda job: -shapely.area(job.county.shape))
    waiting: dict[Any, str] = {}
    for rank, job in enumerate(order):
        code = job.county.adcode
        given = {"pure": False, "retries": retries, "priority": -rank}
        try:
            parts = work.parts_of(job)
        except PartitionError:
            parts = [(0, 0)]  # the worker will say it, three times
        if len(parts) < 2:
            future = client.submit(work.whole, job, key=f"county-{code}-{rank}", **given)
        else:
            portions = [
                client.submit(work.portion, job, rows, key=f"part-{code}-{rank}-{rows[0]}", **given) for rows in parts
            ]
            future = client.submit(work.merge, job, portions, key=f"merge-{code}-{rank}", **given)
        waiting[future] = code
    finished = distributed.as_completed(list(waiting))
    for future in finished:
        code = waiting.pop(future)
        try:
            answer = future.result() if future.status == "finished" else future.exception()
        except (OSError, CancelledError) as error:
            raise _lost(error) from error
        if future.status not in ("finished", "error"):
            raise _lost(answer)
        yield code, answer
        future.release()


def _lost(error: BaseException) -> SettingsError:
    """Tell that no county failed but whoever hands them out is gone: what stands, stands."""
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    return SettingsError(
        f"与 Dask 调度器的连接断了（{said}）；算好的县都保留，恢复后用同样的参数重跑会接着算",
        f"the connection to Dask's scheduler is lost ({said}); the counties done stay, and a new run with the same"
        " options goes on there",
    )


def _gather(
    came: Iterator[_Came],
    jobs: Sequence[work.Job],
    out: Path,
    progress: Callable[[int, int, str], None] | None,
    *,
    skip_empty: bool,
) -> tuple[dict[str, dict[str, Any]], dict[str, Failure]]:
    names = {job.county.adcode: job.county.name for job in jobs}
    answers: dict[str, dict[str, Any]] = {}
    failed: dict[str, Failure] = {}
    for code, answer in came:
        if isinstance(answer, dict) and answer["state"] == "empty":
            output.withdraw(out, code)
            if skip_empty:
                answers[code] = answer
            else:
                failed[code] = Failure(adcode=code, name=names[code], zh=work.NOBODY[0], en=work.NOBODY[1])
        elif isinstance(answer, dict):
            answers[code] = answer
        else:
            if isinstance(answer, PartitionError) and answer.full:
                raise SettingsError(
                    f"{out} 的磁盘已满，算好的 {len(answers)} 个县保留；腾出空间后重跑会接着算",
                    f"the disk of {out} is full; the {len(answers)} counties done stay, and a new run goes on there",
                )
            failed[code] = _failure(code, names[code], answer)
            output.withdraw(out, code)
        if progress is not None:
            progress(len(answers) + len(failed), len(jobs), code)
    return answers, failed


def _failure(code: str, name: str, error: BaseException) -> Failure:
    if isinstance(error, PartitionError):
        start = f"{code} {name}"
        return Failure(adcode=code, name=name, zh=error.zh.removeprefix(start).lstrip("：: "),
                       en=error.en.removeprefix(start).lstrip("：: "))  # fmt: skip
    if type(error).__name__ == "KilledWorker":
        zh = "计算它的 worker 反复被终止，可能内存不足；可减小 --cells"
        en = "the workers that computed it were killed, perhaps for want of memory; try fewer --cells"
        return Failure(adcode=code, name=name, zh=zh, en=en)
    said = f"{type(error).__name__}: {error}"
    return Failure(adcode=code, name=name, zh=said, en=said)


def _conclude(
    question: Question,
    empty: Sequence[str],
    outcome: tuple[dict[str, dict[str, Any]], dict[str, Failure]],
    out: Path,
    *,
    facilities: int,
    seconds: float,
) -> Outcome:
    answers, failed = outcome
    empty = sorted({*empty, *(code for code, answer in answers.items() if answer["state"] == "empty")})
    answers = {code: answer for code, answer in answers.items() if answer["state"] != "empty"}
    output.keep_only(out, question, spared={*answers}, gone={*empty})
    failures = [failed[code] for code in sorted(failed)]
    # Nothing here says when or where: two runs of the same inputs leave the same files.
    about = {
        "format": output.FORMAT,
        "program": work.program(),
        "question": question.parameters(),
        "counties": sorted(answers),
        "left_out": sorted(empty),
        "failed": [{"adcode": item.adcode, "name": item.name, "zh": item.zh, "en": item.en} for item in failures],
    }
    beside = out / ".run.json.new"
    beside.write_text(json.dumps(about, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    beside.replace(out / "run.json")
    return Outcome(
        done=tuple(sorted(code for code, answer in answers.items() if answer["state"] == "done")),
        kept=tuple(sorted(code for code, answer in answers.items() if answer["state"] == "kept")),
        left_out=tuple(sorted(empty)),
        fallback=tuple(sorted(code for code, answer in answers.items() if answer["fallback"])),
        failed=tuple(failures),
        cells=sum(answer["cells"] for answer in answers.values()),
        people=sum(answer["people"] for answer in answers.values()),
        facilities=facilities,
        seconds=seconds,
    )
