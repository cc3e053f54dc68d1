"""The areas: what is promised in each, how surely, what it covers, beside its siblings; and the report of an area."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, render_template, url_for

from service_map import analysis
from service_map.analysis import answers
from service_map.catalogue.adcode import county_of, covers
from service_map.errors import BusyError, OverrunError, SettingsError
from service_map.store import queries
from service_map.store.records import AreaRecord, FacilityFilter, FacilityRecord
from service_map.web import addresses, figures, labels, report
from service_map.web.compute import elsewhere, part
from service_map.web.pages import choices, frame, gets, targets
from service_map.web.pages.frame import blueprint
from service_map.web.site import site

MOST_KEPT = 200
"""Areas of which what their facilities cover is kept, of one version of the data."""


@blueprint.get("/areas")
def areas() -> str:
    """All cities and counties."""
    frame.query((choices.BIG,))
    return render_template("areas.html", area_tree=frame.area_tree())


@blueprint.get("/area/<adcode>")
def area(adcode: str) -> str:
    """Show what one area gets, then its figures: by category, by year, what it covers, beside its siblings."""
    frame.query((choices.BIG,))
    record = queries.area(frame.conn(), adcode)
    told = _figures(record)
    covered = _in_time(record, told)
    kinds = analysis.ladder(frame.ground(), record.adcode, tuple(site().categories))
    existing = covered.existing if covered else {}
    seat = None
    if record.lon is not None and record.lat is not None:
        seat = (frame.coordinate(record.lon), frame.coordinate(record.lat))
    return render_template(
        "area.html",
        area=record,
        parent=frame.areas().get(record.parent or ""),
        counties=next((city.counties for city in frame.area_tree() if city.adcode == record.adcode), ()),
        told=told,
        glance=gets.glance([kind for kind in kinds if kind["category"] in site().first_kinds], existing),
        gets=gets.families(kinds),
        unsaid=[kind for kind in kinds if not gets.says_something(kind)],
        existing=existing,
        coverage=[row for row in _rows(covered.coverage) if row.figure.record.told] if covered else [],
        late=covered is None,
        targets=targets.of_area(record.adcode),
        seat=seat,
        term=frame.term_words(area=record.adcode),
        overdue=sum(queries.states(frame.conn(), FacilityFilter(area=record.adcode, states=("overdue",))).values()),
        feed_url=addresses.to("pages.feed", area=record.adcode),
        geojson_url=url_for("downloads.facilities_geojson", area=record.adcode),
    )


def _figures(record: AreaRecord) -> figures.AreaFigures:
    english = frame.english()
    return frame.reading().keep(
        ("figures", record.adcode, english),
        lambda conn: figures.area_figures(conn, record, areas=frame.areas(), families=site().families, english=english),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRow:
    """What one category covers of an area, in the reader's words; see `figures.CoverageFigure`."""

    category: str
    name: str
    colour: str
    rule_words: str
    clause: str
    marks: tuple[str, ...]
    figure: figures.CoverageFigure


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """What the page says that costs more than a page: what each category covers, and what of each kind exists."""

    coverage: Sequence[figures.CoverageFigure]
    existing: Mapping[str, answers.Existing]


def _in_time(record: AreaRecord, told: figures.AreaFigures) -> Computed | None:
    """Give what costs more than a page; None where it could not be computed now, without which the page stands."""
    kept: dict[tuple[str, bool], Computed]
    kept = frame.reading().keep("area coverage", lambda _conn: {})
    key = record.adcode, frame.english()
    if key not in kept:
        try:
            found = part(lambda: _computed(record, told), version=frame.reading().version)
        except (BusyError, OverrunError):
            return None
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[key] = found
    return kept[key]


def _computed(record: AreaRecord, told: figures.AreaFigures) -> Computed:
    kinds = analysis.promised(frame.ground(), record.adcode)["kinds"]
    return Computed(
        coverage=_coverage(record, told),
        existing={kind["category"]: kind["existing"] for kind in kinds if kind["existing"] is not None},
    )


def _coverage(record: AreaRecord, told: figures.AreaFigures) -> Sequence[figures.CoverageFigure]:
    """Compute what each category covers; nothing where the area has no boundary."""
    bounded = frame.reading().keep(
        "bounded",
        lambda conn: {area.adcode for area in queries.areas(conn, with_geometry=True) if area.geometry is not None},
    )
    if record.adcode not in bounded:
        return ()
    beside = [sibling.adcode for sibling in told.siblings if sibling.adcode in bounded]
    return figures.area_coverage(frame.ground(), record.adcode, beside)


def _rows(found: Sequence[figures.CoverageFigure]) -> list[CoverageRow]:
    ground, categories = frame.ground(), site().categories
    return [
        CoverageRow(
            category=of.rule.category,
            name=ground.named(of.rule.category),
            colour=categories[of.rule.category].colour,
            rule_words=labels.rule(of.rule),
            clause=labels.clause(of.rule),
            marks=tuple(labels.marks(of.rule)),
            figure=of,
        )
        for of in found
    ]


@blueprint.get("/area/<adcode>/report.html")
@elsewhere
def area_report(adcode: str) -> Response:
    """Everything about an area in one file that opens without a network; a download, so that no policy bends for it."""
    frame.query((choices.BIG,))
    body = report.as_html(_report_contents(adcode))
    return _download(body.encode(), f"service-map-{adcode}.html", "text/html; charset=utf-8")


@blueprint.get("/area/<adcode>/report.xlsx")
@elsewhere
def area_report_xlsx(adcode: str) -> Response:
    """Give the figures of the report as a spreadsheet."""
    frame.query((choices.BIG,))
    return _download(report.as_xlsx(_report_contents(adcode)), f"service-map-{adcode}.xlsx", report.XLSX)


def _download(body: bytes, name: str, kind: str) -> Response:
    response = Response(body, content_type=kind)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def _report_contents(adcode: str) -> report.Contents:
    record = queries.area(frame.conn(), adcode)
    inside = FacilityFilter(area=record.adcode, promised=True)
    found: list[FacilityRecord] = []
    cursor: str | None = None
    while True:
        page = queries.facilities(frame.conn(), inside, limit=queries.MAX_LIMIT, cursor=cursor, surest_first=True)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    drawn = frame.reading().keep(
        "shapes", lambda conn: frame.boundary_collection(queries.areas(conn, with_geometry=True))
    )
    around = record.adcode if record.level == "city" else county_of(record.adcode)
    shapes = [feature for feature in drawn["features"] if covers(around, feature["properties"]["adcode"])]
    told = _figures(record)
    coverage, ground = _coverage(record, told), frame.ground()
    return report.Contents(
        area=record,
        figures=told,
        coverage=[(ground.named(of.rule.category), labels.cited(of.rule), of) for of in coverage],
        facilities=found,
        ladder=analysis.ladder(ground, record.adcode, tuple(site().categories)),
        goals=[goal for one in targets.of_area(record.adcode) for goal in _goals(one)],
        boundaries={"type": "FeatureCollection", "features": shapes or drawn["features"]},
        colours={code: category.colour for code, category in site().categories.items()},
        english=frame.english(),
        version=frame.reading().version,
        made=frame.today().isoformat(),
        term=frame.term_words(area=record.adcode),
        status_words=frame.status_words,
    )


def _goals(of: targets.Targets) -> list[report.Goal]:
    return [
        report.Goal(
            name=row.name, unit=row.unit or "", base=row.base or "", base_year=row.base_year, target=figure.words,
            year=figure.year, binding=figure.binding, plan=of.plan.title, line=figure.lines[0],
        )
        for row in of.rows
        for figure in row.figures
    ]  # fmt: skip


def save_report(app: Flask, adcode: str, output: Path, *, language: str = "zh") -> tuple[Path, Path]:
    """Write an area's report and its spreadsheet beside it, for the command line.

    Parameters
    ----------
    app
        From `service_map.web.create_app`.
    adcode
        The area's code.
    output
        The HTML file; the spreadsheet gets its name with ``.xlsx``.
    language
        ``zh`` or ``en``.

    Returns
    -------
    tuple of Path
        The two files.

    Raises
    ------
    NotFoundError
        When there is no area of that code.
    StoreError
        When the database is missing or damaged.
    SettingsError
        When a file cannot be written.
    """
    with app.test_request_context(f"/areas?lang={language}"):
        app.preprocess_request()
        contents = _report_contents(adcode)
        files = {output: report.as_html(contents).encode(), output.with_suffix(".xlsx"): report.as_xlsx(contents)}
    for path, body in files.items():
        try:
            path.write_bytes(body)
        except OSError as error:
            raise SettingsError(
                f"-o：无法写入 {path}：{error.strerror}", f"-o: cannot write {path}: {error.strerror}"
            ) from error
    return output, output.with_suffix(".xlsx")
