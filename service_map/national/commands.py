"""``service-map national`` on the command line."""

import sys
from pathlib import Path

import click

from service_map import catalogue, settings
from service_map.catalogue import Inventory, terms
from service_map.catalogue.messages import both
from service_map.errors import InvalidParameterError
from service_map.national import cluster
from service_map.national.county import ALL, County, counties
from service_map.national.extra import need_all
from service_map.national.population import Source
from service_map.national.question import Question, question
from service_map.national.record import stated, whole_register
from service_map.national.survey import MOST_CELLS, run
from service_map.places import load_gazetteer

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("areas", nargs=-1, required=True, metavar=f"AREA…|{ALL}")
@click.option("--facilities", required=True, help="设施：GeoParquet 或数据库网址 GeoParquet, or a database's URL.")
@click.option(
    "--demand", required=True, type=_PATH, help="人口：栅格，或按代码分的 Parquet 目录 Raster, or Parquet by code."
)
@click.option("--group", "groups", multiple=True, metavar="NAME=RASTER",
              help="年龄组的栅格，如 60+=old.tif An age group's raster.")  # fmt: skip
@click.option("--band", type=int, help="栅格波段，有几个时必须说明 Band of the rasters, where they have several.")
@click.option("--networks", type=_PATH, help="按代码命名的路网目录 Folder of networks named by area code.")
@click.option("--out", "-o", required=True, type=_PATH, help="结果目录 Folder for the answers.")
@click.option("--category", "categories", multiple=True, help="类别代码，可多次 Category; may be repeated.")
@click.option("--rule", "rules", multiple=True, help="规则代号，可多次 Rule to judge by; may be repeated.")
@click.option("--metres", type=float, help="各类同一半径，米 One radius for every category.")
@click.option("--minutes", type=float, help="各类同一步行分钟 One walk for every category.")
@click.option("--profile", type=click.Choice(terms.PROFILE.codes), default="adult", help="步行者 Who walks.")
@click.option("--year", "years", type=int, multiple=True, help="到这一年年底，可多次 End of a year; may be repeated.")
@click.option("--gaps", type=int, default=20, help="每类最多写几块缺口 Most gaps written for each kind.")
@click.option(
    "--complete",
    "complete",
    multiple=True,
    metavar=f"CATEGORY|{ALL}",
    help="设施数据是这一类的全部名录，可多次 The facilities are the whole register of a kind; may be repeated.",
)
@click.option("--complete-source", default="", help="谁的名录 Whose register that is.")
@click.option("--complete-date", default="", help="名录截至何时 Of when it is.")
@click.option("--scheduler", help="Dask 调度器 tcp://主机:端口，缺省用本机 A Dask cluster instead of this machine.")
@click.option("--workers", type=click.IntRange(0), help="本机进程数，0 为不另起进程 Local processes; 0 for none.")
@click.option("--memory", default=cluster.MEMORY, help="本机每进程内存 Memory of each local process.")
@click.option(
    "--cells", type=click.IntRange(1), default=MOST_CELLS, help="一块最多几格，超过再分 Most cells of a part."
)
@click.option("--skip-empty", is_flag=True, help="略过没有人口数据的县 Leave out counties without people.")
@click.option("--dry-run", is_flag=True, help="只检查，不计算 Check the question and the counties only.")
def national(
    areas: tuple[str, ...], *, facilities: str, demand: Path, groups: tuple[str, ...], band: int | None,
    networks: Path | None, out: Path, categories: tuple[str, ...], rules: tuple[str, ...], metres: float | None,
    minutes: float | None,
    profile: str, years: tuple[int, ...], gaps: int, complete: tuple[str, ...], complete_source: str,
    complete_date: str, scheduler: str | None, workers: int | None, memory: str,
    cells: int, skip_empty: bool, dry_run: bool,
) -> None:  # fmt: skip
    """全省或全国逐县：覆盖、完善度、缺口。Coverage, completeness and gaps for every county of an area.

    中断后用同样的参数再跑，从停下处接着算；有县失败时其余照算，退出码为 1。
    Run again after an interruption, it goes on where it stopped; exit code 1 where a county failed.

    \b
    service-map national 140000 --facilities pois.parquet --demand pop.tif --networks networks/ --out shanxi/
    service-map national all --facilities postgresql://host/map --demand pop.vrt --out china/
    """  # noqa: D301
    need_all()
    geodata = settings.load().geodata_dir
    asked = question(
        catalogue.rules(geodata), catalogue.categories(geodata), wanted=categories, by_rules=rules, metres=metres,
        minutes=minutes, profile=profile, years=years, gaps=gaps,
    )  # fmt: skip
    chosen = counties(load_gazetteer(geodata), areas)
    click.echo(
        f"{len(chosen)} 个县 counties，{len(asked.targets)} 类 categories，{len(asked.horizons)} 个时点 horizons",
        err=True,
    )
    inventories = (
        *catalogue.inventories(geodata),
        *whole_register(asked, complete, catalogue.categories(geodata), source=complete_source, date=complete_date),
    )
    _say_record(asked, chosen, inventories)
    source = Source(path=str(demand), groups=_groups(groups), band=band)
    if dry_run:
        from service_map.national.survey import check_inputs

        check_inputs(chosen, facilities=facilities, demand=source, networks=networks, skip_empty=skip_empty)
        click.echo("可以开算 ready to run", err=True)
        return
    with click.progressbar(length=len(chosen), file=sys.stderr, label="县 counties") as bar:

        def step(done: int, _all: int, code: str) -> None:
            bar.label = f"县 {code}"
            bar.update(done - bar.pos)

        found = run(
            asked, chosen, facilities=facilities, demand=source, out=out, networks=networks, scheduler=scheduler,
            workers=workers, memory=memory, most_cells=cells, skip_empty=skip_empty,
            inventories=inventories, progress=step,
            say=lambda line: click.echo(f"  {line}", err=True),
        )  # fmt: skip
    click.echo(
        f"{len(found.done)} 个县算好 done，{len(found.kept)} 个原已算好 kept，"
        f"{len(found.left_out)} 个无人口略过 left out，{len(found.failed)} 个失败 failed，"
        f"{len(found.fallback)} 个没有路网、按直线 in straight lines for want of a network；"
        f"{found.cells} 格 cells，{found.people:.0f} 人 people，{found.seconds:.1f} s → {out}",
        err=True,
    )
    for failure in found.failed:
        click.echo(f"  {failure.adcode} {failure.name}：{failure.zh} / {failure.en}", err=True)
    if found.failed:
        sys.exit(1)


def _say_record(asked: Question, chosen: list[County], inventories: tuple[Inventory, ...]) -> None:
    """Say of how much the answers will be coverage, and of how much they are what is on record and no more."""
    pairs = len(chosen) * len(asked.targets)
    complete = sum(bool(told) for county in chosen for told in stated(asked, county, inventories))
    click.echo(
        both("%(pairs)d 个“县×类”中 %(complete)d 个已说收全现有设施", pairs=pairs, complete=complete),
        err=True,
    )
    if complete < pairs:
        click.echo(
            "  "
            + both("其余只是按在册记录算，不是覆盖率，发布后不给覆盖率和名次；用 --complete 或 inventories.toml 说明"),
            err=True,
        )


def _groups(given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in given:
        name, equals, path = text.partition("=")
        if not equals or not name or not path:
            raise InvalidParameterError("group", f"应为 名称=栅格，现为 {text!r}", f"takes NAME=RASTER, not {text!r}")
        found[name] = path
    return found
