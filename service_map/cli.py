"""The command line: ``service-map extract | refresh | import | export | geocode | check | build | serve``.

The questions of planners (``coverage | circle | gaps | site | completeness``) stand in `service_map.analysis.commands`.

Every error a user can cause is one line on standard error and exit code 2.
"""

import csv
import hashlib
import json
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from service_map import catalogue, places, plans, settings, store
from service_map.catalogue import terms
from service_map.catalogue.adcode import covers
from service_map.catalogue.messages import both, sentence
from service_map.errors import Fault, InvalidParameterError, PlanFileError, ServiceMapError, SettingsError
from service_map.store import gap_layer

_F = TypeVar("_F", bound=Callable[..., Any])


_QUESTIONS = ("circle", "completeness", "coverage", "gaps", "site")
_NATIONAL = "national"


class _Commands(click.Group):
    """Commands whose own errors become one line and exit code 2.

    The planners' questions and the web are imported when they are asked for: `build` and `serve` start in half the time
    without the libraries that only those need.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_QUESTIONS, _NATIONAL})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == _NATIONAL:
            from service_map.national.commands import national

            return national
        if cmd_name not in _QUESTIONS:
            return super().get_command(ctx, cmd_name)
        from service_map.analysis import commands

        return next(command for command in commands.COMMANDS if command.name == cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ServiceMapError as error:
            _complain(error)
            ctx.exit(2)
        except BrokenPipeError:  # whoever read our output has had enough; click ends quietly
            raise
        except OSError as error:  # a full disk, a folder that may not be written
            zh, en = f"读写 {error.filename} 失败：{error.strerror}", f"{error.filename}: {error.strerror}"
            _complain(SettingsError(zh, en))
            ctx.exit(2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="service-map")
def main() -> None:
    """规划里承诺的公共设施，带出处上图。What plans promise, on a map, with its citation.

    \b
    service-map extract plan.txt -o plan.jsonl     规划文本 → 任务 text to commitments
    service-map import facilities pois.csv …       现状设施 → geodata what exists already
    service-map check                              数据状况 the state of the data
    service-map build --plans plans/               geodata → 数据库 open data to database
    service-map serve                              网站与接口 the site and its API
    """  # noqa: D301  (\b is click's own mark for lines that stay as they are)


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="输出文件，缺省为标准输出 JSON Lines file to write."
)
@click.option("--explain", "why", is_flag=True, help="改写每条的依据与未取的原因 Say why, instead of writing records.")
@click.option("--line", type=click.IntRange(min=1), metavar="N",
              help="只说第 N 行，随 --explain Explain only this line of the text.")  # fmt: skip
@click.option("--text", "as_text", is_flag=True, help="写出读到的文字和行号 The text as it is read, line by line.")
@click.option("--json", "as_json", is_flag=True, help="依据写成每行一个 JSON，随 --explain Explain as JSON Lines.")
@click.option("--corrections", "corrections_file", type=click.Path(path_type=Path, dir_okay=False, exists=True),
              help="更正表，缺省为 geodata/corrections.csv Table of corrections.")  # fmt: skip
def extract(
    files: tuple[Path, ...],
    output: Path | None,
    *,
    why: bool,
    line: int | None,
    as_text: bool,
    as_json: bool,
    corrections_file: Path | None,
) -> None:
    """从规划文本提取任务，每行一个 JSON。Read plan files, write one JSON object a commitment.

    corrections.csv 里对这份规划的更正照样生效。Corrections of the plan in corrections.csv are respected.

    \b
    service-map extract qinshui.txt -o qinshui.jsonl
    service-map extract qinshui.txt --explain
    service-map extract qinshui.txt --explain --line 120
    """  # noqa: D301
    if (line is not None or as_json) and not why:
        raise click.UsageError("--line 与 --json 随 --explain 使用 --line and --json go with --explain")
    if why and as_text:
        raise click.UsageError("--text 与 --explain 择一 --text or --explain, not both")
    geodata = settings.load().geodata_dir
    listed = plans.load_plans(geodata)
    corrections = plans.load_corrections(corrections_file or geodata / "corrections.csv")

    notes: list[str] = []  # said when the progress bar is done, so that neither writes over the other

    def told(text: str, plan: str) -> list[str]:
        if as_text:
            return [f"{number}\t{source}\n" for number, source in plans.passages(text).items()]
        if why:
            return _explained(text, plan, corrections, line=line, as_json=as_json, say=notes.append)
        found = _corrected(plans.extract(text, plan=plan), corrections, text, plan, say=notes.append)
        return [json.dumps(plans.label_record(item), ensure_ascii=False) + "\n" for item in found]

    lines: list[str] = []
    failed = False
    quiet = len(files) == 1 or not sys.stderr.isatty()
    with click.progressbar(
        files, file=sys.stderr, hidden=quiet, item_show_func=lambda path: path and path.name
    ) as batch:
        for path in batch:
            try:
                lines += told(plans.read_text(path), plans.plan_for_file(listed, path))
            except PlanFileError as error:  # one bad file does not stop the others
                notes.append(_complaint(error))
                failed = True
    for note in notes:
        click.echo(note, err=True)
    if not (failed and not lines):
        _write(output, lines)
    sys.exit(2 if failed else 0)


def _explained(
    text: str,
    plan: str,
    corrections: Sequence[plans.Correction],
    *,
    line: int | None,
    as_json: bool,
    say: Callable[[str], None],
) -> list[str]:
    found = plans.explain(text, plan=plan, line=line)
    if not found and line is not None:
        last = len(text.split("\n"))
        raise PlanFileError(f"第 {line} 行不存在，{plan} 共 {last} 行", f"there is no line {line}; {plan} has {last}")
    if as_json:
        lines = [json.dumps(plans.explanation_record(item), ensure_ascii=False) + "\n" for item in found]
    else:
        lines = [plans.explanation_text(item) + "\n" for item in found]
    records = [item.commitment for item in found if item.commitment]
    own = [row for row in corrections if row.plan == plan and line in (None, row.line)]
    _, unused = plans.apply_corrections(records, own, text=text, plan=plan)
    idle = {row.correction.row for row in unused}
    for row in own:
        effect = "不适用 does not apply" if row.row in idle else "生效 applies"
        say(f"corrections.csv 第 {row.row} 行 {row.do} {row.line} {row.category}：{effect}")
    return lines


def _corrected(
    extracted: list[plans.Commitment],
    corrections: Sequence[plans.Correction],
    text: str,
    plan: str,
    *,
    say: Callable[[str], None],
) -> list[plans.Commitment]:
    """Apply the corrections of one plan and say which no longer apply."""
    corrected, unused = plans.apply_corrections(extracted, corrections, text=text, plan=plan)
    for row, zh, en in unused:
        which = f"{row.do} {row.plan} {row.line} {row.category}"
        say(f"corrections.csv 第 {row.row} 行已不适用 no longer applies（{which}）：{zh} / {en}")
    return corrected


@main.command()
@click.option("--plans", "plans_dir", required=True, type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="规划文本目录 Folder with the plan texts.")  # fmt: skip
@click.option("--townships", type=click.Path(path_type=Path, dir_okay=False, exists=True),
              help="乡镇点位表，给出时重做 places.csv Table of township points; makes places.csv again.")  # fmt: skip
@click.option("--villages", type=click.Path(path_type=Path, dir_okay=False, exists=True),
              help="村所属乡镇表，随 --townships Table of villages by township, beside --townships.")  # fmt: skip
@click.option("--keep", is_flag=True,
              help="目录里没有文本的规划沿用已有任务 Keep what is known of plans without text in DIR.")  # fmt: skip
@click.option("--release", is_flag=True,
              help="记下本次发布的标识，供日后 retired.csv 之用 Note the ids that this release publishes.")  # fmt: skip
def refresh(plans_dir: Path, townships: Path | None, villages: Path | None, *, keep: bool, release: bool) -> None:
    """重新提取、定位，写 geodata/。Extract and locate again: write the open data files.

    已导入的点位（locations.csv）与状态（statuses.csv）照样叠加。Imported locations and statuses are laid over again.

    \b
    service-map refresh --plans texts/
    service-map refresh --plans texts/ --townships townships.csv --villages villages.csv
    """  # noqa: D301
    if villages is not None and townships is None:
        raise click.UsageError("--villages needs --townships")
    geodata = settings.load().geodata_dir
    listed = plans.load_plans(geodata)
    corrections = plans.load_corrections(geodata / "corrections.csv")
    for row in corrections:
        if row.plan not in listed:
            why = Fault(f"plans.toml 里没有规划 {row.plan}", f"no plan {row.plan} in plans.toml").both
            click.echo(f"corrections.csv 第 {row.row} 行已不适用 no longer applies：{why}", err=True)
    commitments: list[plans.Commitment] = []
    circles: list[plans.PlanCircle] = []
    figures: list[plans.StockFigure] = []
    indicators: list[plans.Indicator] = []
    for plan in listed.values():
        path = plans_dir / plan.file
        if keep and not path.exists():
            stored = plans.load_commitments(geodata / "commitments.jsonl")
            commitments += [item for item in stored if item.plan == plan.id]
            circles += [row for row in plans.load_circles(geodata / "plan_circles.toml") if row.plan == plan.id]
            figures += [row for row in plans.load_stock_figures(geodata / _STOCK) if row.plan == plan.id]
            indicators += [row for row in plans.load_indicators(geodata / _INDICATORS) if row.plan == plan.id]
            click.echo(f"{plan.id}：没有 {plan.file}，沿用已有的任务 kept as it is, no such text", err=True)
            continue
        commitments += _extract_listed(plan, plans_dir, corrections)
        text = plans.read_text(path)
        circles += plans.extract_circles(text, plan=plan.id, geodata=geodata)
        figures += plans.extract_stock_figures(text, plan=plan.id, geodata=geodata)
        indicators += plans.extract_indicators(text, plan=plan.id, since=plan.period[0], geodata=geodata)
    if townships is not None:
        needed = places.gather_places(commitments, listed, townships, villages=villages, geodata=geodata)
        places.write_places(geodata / "places.csv", needed)
    plans.write_commitments(geodata / "commitments.jsonl", commitments)
    plans.write_circles(geodata / "plan_circles.toml", circles)
    plans.write_stock_figures(geodata / _STOCK, figures)
    plans.write_indicators(geodata / _INDICATORS, indicators)
    _place(commitments, listed, geodata, release=release)


def _place(
    commitments: Sequence[plans.Commitment], listed: Mapping[str, plans.Plan], geodata: Path, *, release: bool
) -> None:
    """Write the facilities that commitments put on the map, and where the ids went that were published once."""
    gazetteer = places.load_gazetteer(geodata)
    followed = places.follow_plans(commitments, listed, gazetteer)
    facilities = places.with_cancels(places.locate(followed.commitments, listed, gazetteer), followed, listed)
    facilities = places.apply_locations(facilities, places.load_locations(geodata / "locations.csv"))
    rules, numbers = places.without_place(followed, facilities, listed, gazetteer)
    before = places.load_released(geodata / places.RELEASED_FILE)
    known, today = places.load_retired(geodata / "retired.csv"), datetime.now(UTC).date()
    intents = [item for item in commitments if item.kind == "intent"]
    retired = places.retire(before, [*facilities, *rules, *numbers], known, intents=intents, today=today)
    reports = places.follow(places.load_statuses(geodata / places.STATUS_FILE), retired)
    facilities = places.apply_statuses(facilities, [*reports, *places.cancel_reports(facilities, followed, listed)])
    places.write_facilities(geodata / "facilities.geojson", facilities)
    if retired != known:
        places.write_retired(geodata / "retired.csv", retired)
    if release:
        by_id = {item.id: item for item in commitments}
        now = places.released([*facilities, *rules, *numbers], by_id, listed)
        _release(geodata, before, now, retired, today=today)
    click.echo(
        f"{len(commitments)} 项任务 commitments, {len(facilities)} 处设施 facilities, {len(rules)} 项普遍要求"
        f" requirements, {len(numbers)} 项数量承诺 quotas → {geodata}"
    )
    new = len({entry.id for entry in retired} - {entry.id for entry in known})
    if new:
        click.echo(f"{new} 个已发布的标识不再使用，见 retired.csv published ids retired", err=True)
    for row in _idle_statuses(geodata, [*facilities, *numbers], retired):
        click.echo(str(row), err=True)


def _release(
    geodata: Path,
    before: Sequence[places.Released],
    now: Sequence[places.Released],
    retired: Sequence[places.Retired],
    *,
    today: date,
) -> None:
    """Note what a release publishes, and what it changes of the one before."""
    releases = places.load_releases(geodata / places.RELEASES_FILE)
    name = places.next_release(releases, today)
    changed = []
    if before:
        successors = {entry.id: entry.successor for entry in retired}
        changed = places.differences(before, now, successors, release=name)
    kept = places.load_changes(geodata / places.CHANGES_FILE)
    counts = [sum(one.id.startswith(letter) for one in now) for letter in "frq"]
    made = places.Release(release=name, facilities=counts[0], requirements=counts[1], quotas=counts[2])
    places.write_changes(geodata / places.CHANGES_FILE, [*kept, *changed])
    places.write_releases(geodata / places.RELEASES_FILE, [*releases, made])
    places.write_released(geodata / places.RELEASED_FILE, now)
    click.echo(f"发布 release {name}：{len(changed)} 处变化 changes")


def _idle_statuses(
    geodata: Path, promised: Sequence[places.Facility | places.Promise], retired: Sequence[places.Retired]
) -> list[places.Problem]:
    listed = {facility.id for facility in places.load_listed(geodata)}
    return places.idle_rows(
        geodata / places.STATUS_FILE, known=listed | {one.id for one in promised},
        existing=listed | {facility.id for facility in places.load_existing(geodata)}, retired=retired,
    )  # fmt: skip


_STOCK = "stock_figures.csv"
_INDICATORS = "indicators.csv"


def _extract_listed(
    plan: plans.Plan, plans_dir: Path, corrections: Sequence[plans.Correction]
) -> list[plans.Commitment]:
    path = plans_dir / plan.file
    text = plans.read_text(path)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != plan.sha256:
        raise PlanFileError(
            f"{path} 与 plans.toml 登记的不是同一文本：{plan.id}.sha256 应为 {plan.sha256}，实为 {found}",
            f"{path} is not the text listed in plans.toml: {plan.id}.sha256 is {plan.sha256}, the file's {found}",
        )
    records = plans.extract(text, plan=plan.id)
    return _corrected(records, corrections, text, plan.id, say=lambda note: click.echo(note, err=True))


# --- bringing in what others know -------------------------------------------------------------------------------------


@main.group("import")
def import_() -> None:
    """导入点位、地名、现状设施、状态。Bring in places, locations, what exists already, and statuses.

    先加 --dry-run 看逐行结果；有一行不能用，就什么都不导入。With --dry-run the rows are reported and nothing is
    written; one row that cannot be used, and nothing is imported.
    """


@main.group()
def export() -> None:
    """导出待补的表。Write tables for somebody to fill in."""


_FILE = click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="只报告，不写入 Report only; write nothing.")
_SKIP_BAD = click.option("--skip-bad", is_flag=True, help="略过不能用的行 Import the other rows although some are bad.")


_COLUMN = click.option("--column", "columns", multiple=True, metavar="COLUMN=NAME",
                       help="哪一列叫什么，如 lon=经度 What a column is called, such as lon=X.")  # fmt: skip
_LAYER = click.option("--layer", metavar="NAME", help="工作表或图层，有几个时必须说明 Sheet or layer, if several.")


def _table_options(command: _F) -> _F:
    """Add what every table of points must say or may need."""
    for option in (
        _COLUMN,
        _LAYER,
        click.option("--crs", metavar="EPSG:N", help="坐标参考系，文件没有写时（如投影坐标的表） Reference system, "
                     "where the file does not say it, such as EPSG:4547."),
        click.option("--datum", metavar="DATUM", help="坐标系，文件或 --crs 没有说明时必填 The coordinates' datum, "
                     f"required unless the file or --crs says it: {' '.join(places.DATUMS)}."),
    ):  # fmt: skip
        command = option(command)
    return command


@import_.command("places")
@_FILE
@_table_options
@click.option("--source", default="", help="谁的表，必填 Whose table it is, required.")
@click.option("--licence", default="", help="以何许可使用，必填 Under what terms, required.")
@_SKIP_BAD
@_DRY_RUN
def import_places(
    file: Path,
    *,
    datum: str | None,
    crs: str | None,
    layer: str | None,
    columns: tuple[str, ...],
    source: str,
    licence: str,
    skip_bad: bool,
    dry_run: bool,
) -> None:
    """导入乡镇、村、道路、地标到 places.csv。Add a table of townships, villages, streets or landmarks to places.csv.

    表格或图层；点、线、面都可以，之后用 refresh 重新定位。Tables and layers; points, lines or polygons; then refresh.

    \b
    service-map import places townships.csv --datum WGS84 --source 某市民政局 --licence CC0
    """  # noqa: D301
    geodata = settings.load().geodata_dir
    found = places.import_places(
        file, datum=datum, crs=crs, layer=layer, columns=_columns(columns), source=source, licence=licence,
        skip_bad=skip_bad, gazetteer=places.load_gazetteer(geodata),
    )  # fmt: skip
    _report_rows(found.problems, found.warnings)
    if not found.problems or skip_bad:
        table = geodata / "places.csv"
        kept = {row.key: row for row in (places.read_places(table) if table.exists() else ())}
        if not dry_run:
            places.write_places(table, {**kept, **{row.key: row for row in found.places}}.values())
    _conclude(found.read, len(found.places), len(found.problems), dry_run=dry_run, skip_bad=skip_bad,
              into=geodata / "places.csv")  # fmt: skip


@import_.command("locations")
@_FILE
@_table_options
@_DRY_RUN
def import_locations(
    file: Path, *, datum: str | None, crs: str | None, layer: str | None, columns: tuple[str, ...], dry_run: bool
) -> None:
    """导入规划设施更准的点位到 locations.csv。Make promised facilities' points surer, by a table of locations.

    \b
    service-map export locations todo.csv
    service-map import locations todo.csv --datum GCJ02
    """  # noqa: D301
    geodata = settings.load().geodata_dir
    facilities = places.load_facilities(geodata / "facilities.geojson")
    found = places.import_locations(
        file, facilities, datum=datum, crs=crs, layer=layer, columns=_columns(columns),
        gazetteer=places.load_gazetteer(geodata),
    )  # fmt: skip
    _report_rows(found.problems, found.warnings)
    if not found.problems and not dry_run:
        table = geodata / "locations.csv"
        kept = {location.facility: location for location in places.load_locations(table)}
        kept.update((location.facility, location) for location in found.locations)
        places.write_locations(table, kept.values())
        places.write_facilities(geodata / "facilities.geojson", places.apply_locations(facilities, kept.values()))
    _conclude(found.read, len(found.locations), len(found.problems), dry_run=dry_run, into=geodata / "locations.csv",
              aside=(found.blank, "未填", "blank"))  # fmt: skip


@import_.command("facilities")
@_FILE
@_table_options
@click.option("--source", default="", help="谁的数据，必填 Whose data it is, required.")
@click.option("--licence", default="", help="以何许可使用，必填 Under what terms, required.")
@click.option("--date", default="", help="何时的数据，必填 Of when: YYYY, YYYY-MM or YYYY-MM-DD, required.")
@click.option("--classes", type=click.Path(path_type=Path, dir_okay=False, exists=True),
              help="类别对照表 TOML table of their classes, such as geodata/osm_classes.toml.")  # fmt: skip
@click.option("--uncertainty", default=100.0, show_default=True,
              help="点位误差，米 Metres within which the real site lies, where the row does not say.")  # fmt: skip
@click.option("--within", "areas", multiple=True, metavar="CODE",
              help="点位应在哪些行政区内，缺省为规划范围 Areas of the points; by default the plans'.")  # fmt: skip
@click.option("--into", default="existing.csv", type=click.Choice(places.EXISTING_FILES), show_default=True,
              help="写入 geodata/ 的哪个表 Which table of geodata/ to write.")  # fmt: skip
@click.option("--status", default="existing", type=click.Choice(tuple(places.STATUS_WORDS)), show_default=True,
              help="各行没有写明时的状态 What rows are that have no status of their own.")  # fmt: skip
@click.option("--title", default="", help="文件的标题，规划设施以此为出处，缺省为文件名 The file's title, which "
              "planned facilities cite; its name by default.")  # fmt: skip
@_SKIP_BAD
@_DRY_RUN
def import_facilities(
    file: Path,
    *,
    datum: str | None,
    crs: str | None,
    layer: str | None,
    columns: tuple[str, ...],
    source: str,
    licence: str,
    date: str,
    classes: Path | None,
    uncertainty: float,
    areas: tuple[str, ...],
    into: str,
    status: str,
    title: str,
    skip_bad: bool,
    dry_run: bool,
) -> None:
    """导入现状和规划的设施、居民小区。Bring in facilities that exist or are planned, and residential communities.

    各种表格、图层、OSM（.pbf）。同一来源的旧行会被替换。Tables, layers, OSM extracts. Rows of one source replace its
    earlier ones. 规划中的（--status，或“状态”一列）写入 planned.csv，以文件的标题、日期、行号为出处。What is planned
    goes to planned.csv and cites the file's title, date and row.

    \b
    service-map import facilities pois.csv --datum WGS84 --classes geodata/osm_classes.toml \\
        --source OpenStreetMap --licence "ODbL 1.0" --date 2024 --dry-run
    service-map import facilities projects.xlsx --datum CGCS2000 --status planned --title 2026年重点项目表 \\
        --source 县发改局 --licence 内部 --date 2026-01
    """  # noqa: D301
    geodata = settings.load().geodata_dir
    for other in places.EXISTING_FILES:
        # The ids rest on the source, so that one source in two tables would give two rows one id.
        if other != into and (geodata / other).exists() and places.holds_source(geodata / other, source):
            raise InvalidParameterError(
                "--source",
                f"{source} 的数据在 {other} 中，请用 --into {other}",
                f"{source} stands in {other}: --into {other}",
            )
    gazetteer = places.load_gazetteer(geodata)
    each = _row_writer() if dry_run else None
    found = places.import_facilities(
        file, datum=datum, crs=crs, layer=layer, columns=_columns(columns), source=source, licence=licence, date=date,
        within=areas or sorted({plan.adcode for plan in plans.load_plans(geodata).values()}),
        classes=places.load_classes(classes, geodata=geodata), gazetteer=gazetteer,
        output=None if dry_run else geodata / into, uncertainty_m=uncertainty, status=status, title=title,
        skip_bad=skip_bad, each=each,
    )  # fmt: skip
    if not dry_run:
        _report_rows(found.problems, found.warnings)
        more = found.problem_count - len(found.problems)
        if more:
            click.echo(f"……另有 {more} 行 and {more} more rows")
    elif found.warnings and not found.warnings[0].row:
        click.echo(f"（提醒 warning）{found.warnings[0]}", err=True)  # of the table as a whole, in no row's line
    if found.written:
        promised = places.load_facilities(geodata / "facilities.geojson")
        matches, doubles = places.pairs(promised, gazetteer, geodata=geodata)
        for match in (*matches, *doubles):
            _say_match(match)
    aside = (found.left_out + found.repeated, *Fault("不需要或重复", "not wanted or repeated"))
    if found.planned:
        click.echo(f"其中规划或在建 of these planned or under construction: {found.planned} → {places.LISTED_FILE}",
                   err=True)  # fmt: skip
    _conclude(found.read, found.taken + found.planned + found.demand, found.problem_count, dry_run=dry_run,
              skip_bad=skip_bad, into=geodata / into, aside=aside)  # fmt: skip


@import_.command("statuses")
@_FILE
@_COLUMN
@_LAYER
@_DRY_RUN
def import_statuses(file: Path, *, columns: tuple[str, ...], layer: str | None, dry_run: bool) -> None:
    """导入设施和数量承诺的状态到 statuses.csv。Report what became of promised facilities and quotas.

    列 columns：id,status,date,source[,link,count,same_as]。status 可写“已开工、已建成、核实未建、取消”；count 只有
    数量承诺才写；没有填的行不动。早于规划、倒退、与另一来源矛盾的行，两边一起报告。Rows left empty change nothing;
    what is before its plan, goes backwards or contradicts another source is reported with both sides.

    \b
    service-map export statuses todo.xlsx
    service-map import statuses todo.xlsx --dry-run
    """  # noqa: D301
    config = settings.load()
    geodata = config.geodata_dir
    records, commitments = _promised(geodata)
    facilities = [record for record in records if isinstance(record, places.Facility)]
    listed = {facility.id for facility in places.load_listed(geodata)}
    before = places.load_statuses(geodata / places.STATUS_FILE)
    known = places.promised(records, commitments, plans.load_plans(geodata))
    history = places.History(
        places.follow(before, places.load_retired(geodata / "retired.csv")), known, config.today()
    )  # fmt: skip
    found, problems = places.read_statuses(
        file,
        known=listed | known.begun.keys(),
        existing=listed | {facility.id for facility in places.load_existing(geodata)},
        before=before,
        columns=_columns(columns),
        layer=layer,
        judge=history,
    )
    _report_rows(problems, ())
    if not problems and not dry_run:
        _keep_statuses(geodata, facilities, [*before, *found])
    _conclude(len(found) + len(problems) + history.blank, len(found), len(problems), dry_run=dry_run,
              into=geodata / places.STATUS_FILE, aside=(history.blank, "未填", "blank"))  # fmt: skip


def _keep_statuses(
    geodata: Path, facilities: Sequence[places.Facility], history: Sequence[places.Status]
) -> None:  # fmt: skip
    places.write_statuses(geodata / places.STATUS_FILE, history)
    reports = places.follow(history, places.load_retired(geodata / "retired.csv"))
    listed = plans.load_plans(geodata)
    commitments = plans.load_commitments(geodata / "commitments.jsonl")
    followed = places.follow_plans(commitments, listed, places.load_gazetteer(geodata))
    reports += places.cancel_reports(facilities, followed, listed)
    places.write_facilities(geodata / "facilities.geojson", places.apply_statuses(facilities, reports))


@import_.command("matches")
@_FILE
@_COLUMN
@_LAYER
@_DRY_RUN
def import_matches(file: Path, *, columns: tuple[str, ...], layer: str | None, dry_run: bool) -> None:
    """导入判断过的清单：哪些规划设施就是哪处现状设施。Take back the list of `export matches`, with answers.

    accept 填“是”或“否”，空着的行不动；“否”须写 source，以后不再列出；改主意就用更晚的 date 再填一次。accept takes
    yes or no; rows without an answer change nothing; a no must have a source, and is not listed again; a row of a later
    date takes an earlier one back.

    \b
    service-map export matches pairs.xlsx
    service-map import matches pairs.xlsx --dry-run
    """  # noqa: D301
    geodata = settings.load().geodata_dir
    facilities = places.load_facilities(geodata / "facilities.geojson")
    listed = places.load_listed(geodata)
    before = places.load_statuses(geodata / places.STATUS_FILE)
    found = places.read_matches(
        file, [*facilities, *listed], [*places.load_existing(geodata), *listed],
        commitments=plans.load_commitments(geodata / "commitments.jsonl"), plans=plans.load_plans(geodata),
        before=places.follow(before, places.load_retired(geodata / "retired.csv")), columns=_columns(columns),
        layer=layer,
    )  # fmt: skip
    _report_rows(found.problems, ())
    if dry_run:
        for made in found.statuses:
            said = f"= {made.same_as} {made.status}" if made.same_as else f"≠ {made.not_same}"
            click.echo(f"  {made.facility} {said} {made.date} {made.source}")
    if not found.problems and not dry_run:
        _keep_statuses(geodata, facilities, [*before, *found.statuses])
    _conclude(found.read, len(found.statuses), len(found.problems), dry_run=dry_run,
              into=geodata / places.STATUS_FILE, aside=(found.blank, "未判断", "undecided"))  # fmt: skip


@import_.command("reviews")
@_FILE
@_COLUMN
@_LAYER
@_DRY_RUN
def import_reviews(file: Path, *, columns: tuple[str, ...], layer: str | None, dry_run: bool) -> None:
    """导入核对过的清单。Take back the list of `export reviews`, with verdicts.

    verdict 填“对”或“错”，空着的行不动。“错”在 set 里写怎样才对（如 count=3; year=2023，或 drop），写进
    corrections.csv；refresh 之后再导出，改过的会再列出来，看过无误就填“对”。verdict takes right or wrong; of what
    is wrong, set says what is right, which goes to corrections.csv; after a refresh it is listed again.

    \b
    service-map export reviews todo.xlsx --plans texts/
    service-map import reviews todo.xlsx --dry-run
    """  # noqa: D301
    geodata = settings.load().geodata_dir
    records, commitments = _promised(geodata)
    before = {review.id: review for review in places.load_reviews(geodata / places.REVIEW_FILE)}
    found = places.read_reviews(
        file, records, commitments=commitments, corrections=plans.load_corrections(geodata / "corrections.csv"),
        day=datetime.now(UTC).date(), columns=_columns(columns), layer=layer,
    )  # fmt: skip
    _report_rows(found.problems, ())
    if dry_run:
        for row in found.corrections:
            click.echo(f"  corrections.csv: {','.join(row)}")
    if not found.problems and not dry_run:
        kept = before | {review.id: review for review in found.reviews}
        places.write_reviews(geodata / places.REVIEW_FILE, kept.values())
        if plans.add_corrections(geodata / "corrections.csv", found.corrections):
            click.echo("corrections.csv 有新行，请再运行 refresh corrections.csv has new rows: refresh next", err=True)
    taken = found.read - found.blank - len(found.problems)
    _conclude(found.read, taken, len(found.problems), dry_run=dry_run, into=geodata / places.REVIEW_FILE,
              aside=(found.blank, "未判断", "undecided"))  # fmt: skip


def _promised(geodata: Path) -> tuple[list[places.Facility | places.Promise], list[plans.Commitment]]:
    """Give the facilities, requirements and quotas of the plans, and the commitments that they rest on."""
    listed, gazetteer = plans.load_plans(geodata), places.load_gazetteer(geodata)
    commitments = plans.load_commitments(geodata / "commitments.jsonl")
    facilities = places.load_facilities(geodata / "facilities.geojson")
    followed = places.follow_plans(commitments, listed, gazetteer)
    rules, numbers = places.without_place(followed, facilities, listed, gazetteer)
    return [*facilities, *rules, *numbers], commitments


@import_.command("gaps")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False, exists=True))
def import_gaps(files: tuple[Path, ...]) -> None:
    """把 gaps 命令的结果作为图层发布，取代上一次的。Publish answers of `gaps` as a layer, in place of the last.

    \b
    service-map gaps --area 140521 --category kindergarten --metres 300 -o gaps.geojson
    service-map import gaps gaps.geojson
    service-map build
    """  # noqa: D301
    geodata = settings.load().geodata_dir
    rows = gap_layer.read_answers(files)
    gap_layer.write_gaps(geodata / gap_layer.FILE, rows)
    only = sum(row["as_recorded"] for row in rows)
    told = sentence("%(count)d 块缺口写入 %(file)s，再运行 service-map build", count=len(rows), file=gap_layer.FILE)
    if only:
        told = told.also(sentence("其中 %(count)d 块只是按在册记录算的，不是真的缺口", count=only))
    click.echo(told.both)


@import_.command("summary")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True), metavar="DIR")
@click.option("--no-build", is_flag=True, help="只写入 geodata/，不建库 Write to the open data only; build later.")
def import_summary(folder: Path, *, no_build: bool) -> None:
    """导入 national 的分县汇总并建库，取代上一次的。Publish the summary of a national run, in place of the last.

    \b
    service-map national 140000 … --out shanxi/
    service-map import summary shanxi/
    """  # noqa: D301
    from service_map.store import ranks, summary

    config = settings.load()
    table, failed = summary.read_run(folder)
    summary.write_summary(config.geodata_dir / ranks.FILE, table)
    complete = table["record"].to_pylist().count("complete")
    click.echo(
        both(
            "%(count)d 行汇总写入 %(file)s，其中 %(complete)d 行的现有设施已说收全，只有这些给覆盖率和名次",
            count=table.num_rows,
            file=ranks.FILE,
            complete=complete,
        ),
        err=True,
    )
    if failed:
        click.echo(f"这次计算缺 {len(failed)} 个县 counties that the run lacks: {' '.join(failed)}", err=True)
    if no_build:
        return
    made = store.build(config.database_url, geodata=config.geodata_dir, plans_dir=config.plans_dir,
                       progress=lambda step: click.echo(f"  {step}", err=True))  # fmt: skip
    click.echo(f"→ {made.database}，{made.seconds:.1f} s", err=True)


@export.command("locations")
@click.argument("file", required=False, type=click.Path(path_type=Path), metavar="[FILE]")
def export_locations(file: Path | None) -> None:
    """导出位置尚不准的规划设施，供人填写。Write what is still imprecise, the least sure first, to be filled in.

    \b
    service-map export locations todo.csv
    """  # noqa: D301
    facilities = places.load_facilities(settings.load().geodata_dir / "facilities.geojson")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "locations.csv")
        count = places.export_locations(made, facilities)
        text = made.read_text(encoding="utf-8")  # the mark for spreadsheets stays in it
        _write(file, [text if file is not None else text.removeprefix("\ufeff")])
    click.echo(f"{count} 处待定位 facilities to locate", err=True)


@export.command("matches")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export_matches(file: Path) -> None:
    """导出疑似已建成的规划设施，供人判断：CSV 或 XLSX。Write the promised facilities that may exist, to be decided on.

    填好 accept 后用 import matches 导入。Fill in accept, then import matches.

    \b
    service-map export matches pairs.xlsx
    """  # noqa: D301
    from service_map.store.sheets import write_sheet

    geodata = settings.load().geodata_dir
    gazetteer = places.load_gazetteer(geodata)
    facilities = places.load_facilities(geodata / "facilities.geojson")
    known = [*facilities, *places.load_listed(geodata), *places.load_existing(geodata)]
    matches, doubles = places.pairs(facilities, gazetteer, geodata=geodata)
    rows = places.match_rows(
        (*matches, *doubles), known, commitments=plans.load_commitments(geodata / "commitments.jsonl"),
        plans=plans.load_plans(geodata), gazetteer=gazetteer,
    )  # fmt: skip
    count = write_sheet(file, places.MATCH_COLUMNS, rows)
    click.echo(f"{count} 对待判断 pairs to decide on → {file}", err=True)


@export.command("statuses")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--area", metavar="CODE", help="只要这个行政区的 Only what lies in this area.")
def export_statuses(file: Path, area: str | None) -> None:
    """导出待核实的设施和数量承诺，供各单位填写：CSV 或 XLSX。Write what may be verified, for offices to fill in.

    每行：什么、在哪里、出自哪里，后面是空着的 status、date、source、link、count。填好后用 import statuses 导入。
    Each row says what, where and by which plan; fill in the empty columns behind, then import statuses.

    \b
    service-map export statuses todo.xlsx --area 140213
    """  # noqa: D301
    from service_map.store.sheets import write_sheet

    geodata = settings.load().geodata_dir
    gazetteer = places.load_gazetteer(geodata)
    if area is not None and area not in gazetteer.rows:
        raise InvalidParameterError("--area", f"没有行政区 {area}", f"there is no area {area}")
    records, commitments = _promised(geodata)
    retired = places.load_retired(geodata / "retired.csv")
    rows = places.todo_rows(
        [*records, *places.load_listed(geodata)],
        places.follow(places.load_statuses(geodata / places.STATUS_FILE), retired),
        commitments=commitments, plans=plans.load_plans(geodata), gazetteer=gazetteer, area=area,
    )  # fmt: skip
    count = write_sheet(file, places.TODO_COLUMNS, rows)
    click.echo(f"{count} 项待核实 to be verified → {file}", err=True)


@export.command("reviews")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--plans", "plans_dir", type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="规划文本目录，给出时附上原文 Folder with the plan texts; adds each row's passage.")  # fmt: skip
@click.option("--plan", "only", metavar="ID", help="只要这份规划的 Only what this plan promises.")
def export_reviews(file: Path, plans_dir: Path | None, only: str | None) -> None:
    """导出尚未对照原文核对、或核对后有变的设施、普遍要求、数量承诺。Write what is to be held against the plans' texts.

    填好 verdict 后用 import reviews 导入。Fill in verdict, then import reviews.

    \b
    service-map export reviews todo.xlsx --plans texts/ --plan qinshui-2021
    """  # noqa: D301
    from service_map.store.sheets import write_sheet

    geodata = settings.load().geodata_dir
    listed = plans.load_plans(geodata)
    if only is not None and only not in listed:
        raise InvalidParameterError("--plan", f"plans.toml 里没有规划 {only}", f"no plan {only} in plans.toml", listed)
    records, commitments = _promised(geodata)
    files = [] if plans_dir is None else [plans_dir / plan.file for plan in listed.values()]
    lines = [line for path in files if path.is_file() for line in plans.passages(plans.read_text(path)).values()]
    rows = places.review_rows(
        records, places.load_reviews(geodata / places.REVIEW_FILE), commitments=commitments,
        gazetteer=places.load_gazetteer(geodata), passages={plans.passage_sha256(line): line for line in lines},
    )  # fmt: skip
    count = write_sheet(file, places.REVIEW_COLUMNS, [row for row in rows if only in (None, row["plan"])])
    click.echo(f"{count} 项待核对 to be reviewed → {file}", err=True)


@export.command("facilities")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("-w", "--where", "conditions", multiple=True, metavar="NAME=VALUE",
              help="查询条件，同接口的参数 A filter, as the API's parameters.")  # fmt: skip
@click.option("--crs", default="4326", metavar="4326|4490|3857|gcj02",
              help="坐标系；GeoJSON、KML 只有 4326 Reference system; GeoJSON and KML in 4326 alone.")  # fmt: skip
@click.option("--bom", is_flag=True, help="CSV 加字节顺序标记，供 Excel Begin a CSV with the mark that Excel needs.")
def export_facilities(file: Path, conditions: tuple[str, ...], *, crs: str, bom: bool) -> None:
    """把设施导出成 GIS 文件，格式看后缀。Write facilities as a file for GIS; the suffix names the format.

    \b
    service-map export facilities facilities.gpkg
    service-map export facilities kindergartens.csv -w category=kindergarten -w area=140500 --bom
    """  # noqa: D301
    from service_map.web import download

    written, about = download.to_file(settings.load(), file, conditions, system=crs, bom=bom)
    click.echo(f"{written} 处设施 facilities → {file}，说明 described in {about}", err=True)


@main.command()
@click.option("--geocoder", required=True, help="地理编码器 Which geocoder: amap, tianditu, or a plug-in's name.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="要写的表 The table to write.")
@click.option("--area", default="", help="只查这个行政区 Only facilities of this area, by its code.")
def geocode(geocoder: str, output: Path, area: str) -> None:
    """向地图服务查询位置；没有密钥不用。Ask a map service where named facilities stand; off without a key.

    答案是一张供人核对的表，核对后用 import locations 导入。The answers are a table for a person to look through.

    \b
    AMAP_KEY=… service-map geocode --geocoder amap -o found.csv
    service-map import locations found.csv --datum WGS84
    """  # noqa: D301
    geodata = settings.load().geodata_dir
    service = places.load_geocoder(geocoder, os.environ)
    facilities = [
        facility for facility in places.load_facilities(geodata / "facilities.geojson") if covers(area, facility.adcode)
    ]
    if not facilities:
        raise InvalidParameterError("--area", f"没有规划设施在 {area!r}", f"no promised facility lies in {area!r}")
    found = places.geocode_facilities(
        facilities, service, places.load_gazetteer(geodata), today=datetime.now(UTC).date()
    )
    try:
        places.write_locations(output, found.locations)
    except OSError as error:
        raise SettingsError(
            f"-o：无法写入 {output}：{error.strerror}", f"-o: cannot write {output}: {error.strerror}"
        ) from error
    click.echo(
        f"{len(found.locations)} 处找到 found, {len(found.unknown)} 处不知 unknown, {len(found.vague)} 处不够准 vague, "
        f"{len(found.elsewhere)} 处落在区外 elsewhere",
        err=True,
    )
    if found.stopped is not None:
        raise found.stopped


@main.command()
@click.option("--plans", "plans_dir", type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="规划文本目录，给出时核对每条出处 Folder with the plan texts; compares every citation.")  # fmt: skip
def check(plans_dir: Path | None) -> None:
    """报告数据状况；有损坏时退出码为 1。Report the state of the data; exit code 1 when something is broken.

    \b
    service-map check --plans texts/
    """  # noqa: D301
    geodata = settings.load().geodata_dir
    store.read_facts(geodata)
    facilities = places.load_facilities(geodata / "facilities.geojson")
    found = places.audit(
        plans.load_commitments(geodata / "commitments.jsonl"),
        facilities,
        plans.load_plans(geodata),
        places.load_gazetteer(geodata),
        geodata=geodata,
        retired=places.load_retired(geodata / "retired.csv"),
        plans_dir=plans_dir,
    )
    _say_counts("任务 commitments", {f"{plan} {kind}": number for (plan, kind), number in sorted(found.kinds.items())})
    _say_counts(
        "设施、普遍要求、数量承诺、意向 facilities, requirements, quotas, intents",
        {f"{plan} {_FOUR[what]} {what}": number for (plan, what), number in sorted(found.four.items())},
    )
    _say_counts(
        "普遍要求和数量承诺说不清之处 doubts of requirements and quotas",
        {f"{terms.DOUBT[code].zh} {code}": number for code, number in sorted(found.doubts.items())},
    )
    _say_changes(found)
    _say_counts("规划设施的定位精度 promised facilities by precision", found.precisions, share=True)
    _say_counts("规划设施的状态 promised facilities by status", found.statuses)
    _say_counts("现状设施 existing facilities", {**found.existing, "居民小区 communities": found.demand})
    if found.listed:
        _say_counts("文件所列的规划设施 planned facilities that files list", found.listed)
    several = sum(bool(place.candidates) for place in found.unresolved)
    click.echo(f"认不出的地名 unresolved places: {len(found.unresolved)}，其中有歧义 of which ambiguous: {several}")
    for place in found.unresolved:
        click.echo(f"  {place.commitment} {place.words} {'|'.join(place.candidates)} → {place.fallback}")
    click.echo(f"疑似重复 suspected duplicates: {len(found.duplicates)}")
    for one, other in found.duplicates:
        click.echo(f"  {one} {other}")
    click.echo(f"疑似已建成 promised facilities that may exist: {len(found.matches)}")
    for match in found.matches:
        _say_match(match)
    if found.doubles:
        click.echo(f"规划与文件所列疑似同一处 promised facilities that files may list too: {len(found.doubles)}")
        for match in found.doubles:
            _say_match(match)
    click.echo(f"不再使用的标识 retired ids: {len(found.retired)}")
    idle = _idle_statuses(geodata, _promised(geodata)[0], found.retired)
    click.echo(f"{places.STATUS_FILE} 中不再照原样生效的行 rows that no longer fit: {len(idle)}")
    for row in idle:
        click.echo(f"  {row}")
    _say_reviews(found)
    compared = "、".join(found.texts) or "未核对原文 not compared with any text"
    click.echo(f"损坏 broken: {len(found.broken)}（{compared}）")
    for line in found.broken:
        click.echo(f"  {line}")
    sys.exit(1 if found.broken else 0)


def _say_changes(found: places.Audit) -> None:
    if not found.changes:
        return
    order = terms.CHANGE.codes
    counts = sorted(found.changes.items(), key=lambda item: (item[0][0], order.index(item[0][1])))
    _say_counts(
        "与前一规划相比 compared with the plan before",
        {f"{plan} {terms.CHANGE[change].zh} {change}": number for (plan, change), number in counts},
    )
    for one, candidates in found.doubtful:
        where = f"{one.plan} 第 {one.commitment.line} 行 line" if one.commitment else one.plan
        click.echo(f"  存疑 doubtful：{where} {one.name} ~ {'、'.join(candidates) or '—'}")


def _say_reviews(found: places.Audit) -> None:
    of = sum(number for _, number in found.reviewed.values())
    click.echo(f"对照原文核对过 reviewed: {sum(done for done, _ in found.reviewed.values())} / {of}")
    for plan, (done, number) in found.reviewed.items():
        click.echo(f"  {plan} {done} / {number}")
    click.echo(f"{places.REVIEW_FILE} 中不再适用的行 rows that no longer fit: {len(found.idle_reviews)}")
    for row in found.idle_reviews:
        click.echo(f"  {row}")


_FOUR = {"facilities": "设施", "requirements": "普遍要求", "quotas": "数量承诺", "intents": "意向"}


def _say_counts(title: str, counts: Mapping[str, int], *, share: bool = False) -> None:
    total = sum(counts.values())
    click.echo(f"{title}: {total}")
    for name, number in counts.items():
        click.echo(f"  {name} {number}{f' {number / total:.1%}' if share and total else ''}")


def _say_match(match: places.Match) -> None:
    how = places.HOW[match.how]
    click.echo(f"  {match.promised} {match.promised_name} ~ {match.existing} {match.existing_name}（{how}）")


def _columns(asked: Iterable[str]) -> dict[str, str]:
    columns = {}
    for text in asked:
        column, equals, name = text.partition("=")
        if not equals:
            raise InvalidParameterError("--column", f"应为 列=名称，现为 {text!r}", f"takes COLUMN=NAME, not {text!r}")
        columns[column] = name
    return columns


def _row_writer() -> Callable[[places.Outcome], None]:
    """Write what becomes of each row as CSV to standard output."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("row", "result", "category", "adcode", "id", "name", "note"))

    def write(outcome: places.Outcome) -> None:
        record = outcome.record
        fields = ("", "", "", "") if record is None else (record.category, record.adcode, record.id, record.name)
        writer.writerow((outcome.row, outcome.result, *fields, outcome.note))

    return write


def _report_rows(problems: Sequence[places.Problem], warnings: Sequence[places.Problem]) -> None:
    for problem in problems[: places.MOST_LISTED]:
        click.echo(f"{problem}")
    for warning in warnings[: places.MOST_LISTED]:
        click.echo(f"（提醒 warning）{warning}")
    more = max(len(problems) - places.MOST_LISTED, 0) + max(len(warnings) - places.MOST_LISTED, 0)
    if more:
        click.echo(f"……另有 {more} 行 and {more} more rows")


def _conclude(
    read: int, taken: int, bad: int, *, dry_run: bool, into: Path, skip_bad: bool = False,
    aside: tuple[int, str, str] | None = None,
) -> None:  # fmt: skip
    """Say on one line what came of an import, and stop with exit code 2 where rows stood in its way."""
    rest = f"，{aside[0]} 行{aside[1]} {aside[2]}" if aside is not None and aside[0] else ""
    if bad and not skip_bad:
        click.echo(f"service-map: {read} 行中 {bad} 行不能用，未导入 {bad} of {read} rows cannot be used, nothing "
                   f"imported{rest}", err=True)  # fmt: skip
        sys.exit(2)
    left = f"，{bad} 行不能用 cannot be used" if bad else ""
    where = "未写入 nothing written" if dry_run else f"→ {into}"
    click.echo(f"{read} 行 rows，{taken} 行可用 usable{left}{rest} {where}", err=True)


@main.command()
@click.option("--plans", "plans_dir", type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="规划文本目录，给出时存入原文 Folder with the plan texts; stores the cited passages.")  # fmt: skip
@click.option("--force", is_flag=True, help="即使数据未变也重建 Build even when the data has not changed.")
def build(plans_dir: Path | None, *, force: bool) -> None:
    """由 geodata/ 建数据库：先建好、验过，再换上。Build the database from the open data.

    \b
    service-map build
    service-map build --plans texts/
    """  # noqa: D301
    config = settings.load()
    source = plans_dir or config.plans_dir
    # No table holds these, so a database that is up to date says nothing of them.
    store.read_facts(config.geodata_dir)
    stated = catalogue.inventories(config.geodata_dir)
    # Said even where there is nothing to build, for what is stated does not stand in the database.
    if stated and (unknown := places.unknown_areas(stated, places.load_gazetteer(config.geodata_dir))):
        click.echo(f"（提醒 warning）{'；'.join(unknown)}", err=True)
    if not force and store.is_current(config.database_url, config.geodata_dir, source):
        click.echo("数据库已是最新 the database is up to date", err=True)
        return
    report = store.build(config.database_url, geodata=config.geodata_dir, plans_dir=source,
                         progress=lambda step: click.echo(f"  {step}", err=True))  # fmt: skip
    rows, missing = report.rows, "、".join(report.missing_texts)
    click.echo(f"{rows['facilities']} 处设施 facilities, {rows['commitments']} 项任务 commitments, "
               f"{report.passages} 段原文 passages, {report.seconds:.1f} s", err=True)  # fmt: skip
    if missing:
        click.echo(f"原文缺或与登记不符，未存 texts missing or not the listed ones, left out: {missing}", err=True)


@main.command()
@click.argument("area", metavar="AREA")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False),
              help="HTML 文件，表格写在旁边（.xlsx） HTML file; the tables go beside it (.xlsx).")  # fmt: skip
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", help="语言 Language.")
def report(area: str, output: Path, lang: str) -> None:
    """写一个地区的报告：不联网也能打开。Write an area's report: one file that opens without a network.

    \b
    service-map report 140521 -o qinshui.html
    """  # noqa: D301
    from service_map import web
    from service_map.web.pages import save_report

    for path in save_report(web.create_app(settings.load()), area, output, language=lang):
        click.echo(f"→ {path}", err=True)


@main.command()
def serve() -> None:
    """启动网站与接口（HOST、PORT、THREADS 取自环境）。Serve the site and its API.

    \b
    PORT=9000 service-map serve
    """  # noqa: D301
    from service_map.worker import serve as serve_site

    config = settings.load()
    store.open_readonly(config.database_url).dispose()  # a missing or damaged database is said here, before listening
    _refuse_taken_port(config.host, config.port)
    host = f"[{config.host}]" if ":" in config.host else config.host
    click.echo(f"Service map: http://{host}:{config.port}", err=True)
    serve_site(config, bind=f"{host}:{config.port}")


def _refuse_taken_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"无法监听 HOST={host} PORT={port}：{error.strerror}；可换一个 PORT",
                f"cannot listen on HOST={host} PORT={port}: {error.strerror}; choose another PORT",
            ) from error


def _write(output: Path | None, lines: Iterable[str]) -> None:
    if output is None:
        sys.stdout.writelines(lines)
        return
    part = output.with_name(output.name + ".part")
    try:
        part.write_text("".join(lines), encoding="utf-8")
        part.replace(output)  # a reader sees the old file or the new one, whole
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SettingsError(
            f"-o：无法写入 {output}：{error.strerror}", f"-o: cannot write {output}: {error.strerror}"
        ) from error


def _complain(error: ServiceMapError) -> None:
    click.echo(_complaint(error), err=True)


def _complaint(error: ServiceMapError) -> str:
    return f"service-map: {' '.join(str(error).split())}"
