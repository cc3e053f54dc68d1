"""The report of an area: one HTML file that opens without a network, and the same figures as a spreadsheet.

folium draws the map. Its page would load nine files from other hosts, forbid zooming and name no language, so only its
map is taken: Leaflet's own files, as installed, stand in the document, which is ours.
"""

import base64
import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask import render_template
from flask_babel import gettext as _

from service_map import analysis
from service_map.analysis import answers
from service_map.catalogue import terms
from service_map.catalogue.adcode import county_of
from service_map.store.cells import writable
from service_map.store.records import AreaRecord, FacilityRecord
from service_map.web import labels
from service_map.web.addresses import VENDOR_DIR
from service_map.web.figures import AreaFigures, CoverageFigure, Covered
from service_map.web.language import language

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Table = tuple[str, list[str], list[list[Any]]]
"""Title, heading and rows of a sheet."""

# folium makes a popup's element by jQuery; this is all of jQuery that it uses.
_DOLLAR = (
    "window.$=(markup)=>{const box=document.createElement('div');box.innerHTML=markup;return [box.firstElementChild];};"
)
_POPUP_PIXELS = 280
_RING = (
    '<svg viewBox="0 0 40 40" width="34" height="34" aria-hidden="true"><circle cx="20" cy="20" r="16" fill="#fff"'
    ' stroke="#51616a" stroke-width="4"/><text x="20" y="25" text-anchor="middle" font-size="13" font-weight="700"'
    ' fill="#16242a">{count}</text></svg>'
)

if TYPE_CHECKING:
    import folium
    from openpyxl.worksheet.worksheet import Worksheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure that a plan sets itself (指标), as the report's table has it; several for one thing stand apart."""

    name: str
    unit: str
    base: str
    base_year: int | None
    target: str
    year: int
    binding: str
    plan: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a report says; the HTML and the spreadsheet are made of the same.

    Attributes
    ----------
    area, figures
        The area and its figures.
    coverage
        Category, rule and figures of what covers the area; empty where it has no boundary.
    facilities
        Every promised facility of the area, the surest first.
    ladder
        What the plans give to the area of each kind.
    goals
        The figures that the plans of the area, and of those around it, set themselves.
    boundaries
        GeoJSON of the boundaries to draw, WGS 84.
    colours
        Colour of each category, by code.
    english
        The reader's language.
    version, made
        Of the data; the day on which the report was made, ISO 8601.
    term
        That the plans' terms are over and what has been verified, by that day; None where none has ended.
    status_words
        Says in which state a facility is, by that day.
    """

    area: AreaRecord
    figures: AreaFigures
    coverage: Sequence[tuple[str, str, CoverageFigure]]
    facilities: Sequence[FacilityRecord]
    ladder: Sequence[answers.KindPromised]
    goals: Sequence[Goal]
    boundaries: Mapping[str, Any]
    colours: Mapping[str, str]
    english: bool
    version: str
    made: str
    term: str | None
    status_words: Callable[[FacilityRecord], str]


def as_html(contents: Contents) -> str:
    """Write the report as one HTML document that asks nothing of any host.

    Parameters
    ----------
    contents
        What it says. Called within a request, whose language it is written in.

    Returns
    -------
    str
        The document, with Leaflet's script, style and pictures in it.
    """
    head, body, script = _map(contents)
    return render_template(
        "report.html",
        area=contents.area,
        told=contents.figures,
        coverage=contents.coverage,
        kinds=contents.figures.kinds,
        kind_words=labels.KIND,
        term=contents.term,
        promised=_promised,
        rows=[_row(record, contents) for record in contents.facilities],
        unplaced=_unplaced(contents.ladder),
        goals=contents.goals,
        sources=sorted({(record.point_source, record.point_licence) for record in contents.facilities}),
        english=contents.english,
        made=contents.made,
        data_version=contents.version,
        leaflet_css=_leaflet_css(),
        leaflet_js=(VENDOR_DIR / "leaflet.js").read_text(encoding="utf-8").split("//# sourceMappingURL")[0],
        dollar=_DOLLAR,
        map_head=head,
        map_body=body,
        map_script=script,
    )


def _leaflet_css() -> str:
    """Give Leaflet's style with its pictures in it, without the one property that no present browser knows."""
    text = re.sub(r"behavior:[^;}]*;?", "", (VENDOR_DIR / "leaflet.css").read_text(encoding="utf-8"))

    def inline(found: re.Match[str]) -> str:
        data = base64.b64encode((VENDOR_DIR / found[1]).read_bytes()).decode()
        return f"url(data:image/png;base64,{data})"

    return re.sub(r"url\((images/[\w-]+\.png)\)", inline, text)


def _map(contents: Contents) -> tuple[str, str, str]:
    import folium  # with pandas, which it loads, as heavy as all else; and few save a report

    chart = folium.Map(tiles=None, prefer_canvas=True, height="100%", zoom_control=True)
    chart.default_js, chart.default_css = [], []
    folium.GeoJson(
        dict(contents.boundaries), control=False, zoom_on_click=False, name="boundaries",
        style_function=lambda feature: {
            "color": "#a9b9b3", "fillColor": "#fbfcfa", "fillOpacity": 1, "interactive": False,
            "weight": 2 if feature["properties"]["level"] == "city" else 0.8,
        },
    ).add_to(chart)  # fmt: skip
    for family in contents.figures.families:
        inside = [
            item for item in contents.facilities if item.family == family.code and item.precision not in terms.WIDE
        ]
        if inside:
            layer = folium.FeatureGroup(name=_plain(f"{family.name} {len(inside)}")).add_to(chart)
            by_point: dict[tuple[float, float], list[FacilityRecord]] = {}
            for record in inside:
                by_point.setdefault((record.lon, record.lat), []).append(record)
            for records in by_point.values():
                _dot(records, contents).add_to(layer)
    _rings(contents).add_to(chart)
    folium.LayerControl(collapsed=False).add_to(chart)
    shapes = [
        feature
        for feature in contents.boundaries["features"]
        if feature["properties"]["adcode"] == contents.area.adcode
    ]
    west, south, east, north = _bounds(shapes or contents.boundaries["features"])
    chart.fit_bounds([[south, west], [north, east]], padding=(12, 12))
    figure: Any = chart.get_root()
    figure.render()
    parts = (figure.header.render(), figure.html.render(), figure.script.render())
    # folium names its parts at random; counted, the same data give the same file.
    names = {
        name: f"p{number}" for number, name in enumerate(dict.fromkeys(re.findall(r"[0-9a-f]{32}", "".join(parts))))
    }
    head, body, script = (re.sub(r"[0-9a-f]{32}", lambda found: names[found[0]], part) for part in parts)
    style = next(found for found in re.findall(r"<style>.*?</style>", head, re.DOTALL) if "#map_" in found)
    # The attribution names no host, and the legend of the sources stands under the map.
    name = re.search(r"var (map_p\d+) = L\.map", script)
    assert name is not None  # noqa: S101  folium's own template
    return style, body, f"{script}\n{name[1]}.attributionControl.setPrefix(false);"


def _dot(records: Sequence[FacilityRecord], contents: Contents) -> "folium.CircleMarker":
    record = records[0]
    soft = record.precision == "township"
    import folium

    return folium.CircleMarker(
        [round(record.lat, 6), round(record.lon, 6)],
        radius=8 if soft else 6, color=contents.colours.get(record.category, "#5b6b73"), weight=2,
        fill=True, fill_opacity=0.25 if soft else 0.9, dash_array="3 3" if soft else None,
        popup=folium.Popup(_told(records, contents), max_width=_POPUP_PIXELS),
    )  # fmt: skip


def _rings(contents: Contents) -> "folium.FeatureGroup":
    wide = [record for record in contents.facilities if record.precision in terms.WIDE]
    import folium

    layer = folium.FeatureGroup(name=_plain(f"{_('只知道在本县（市）')} {len(wide)}"))
    by_area: dict[str, list[FacilityRecord]] = {}
    for record in wide:
        by_area.setdefault(county_of(record.adcode), []).append(record)
    for records in by_area.values():
        first = records[0]
        # A city's seat is also that of one of its counties: the city's ring stands above the county's.
        raised = 38 if first.precision == "county" else 76
        label = _("约在%(area)s范围，%(count)s 处", area=first.area_name, count=len(records))
        told = f"<p>{_plain(label)}</p>{_told(records, contents)}"
        folium.Marker(
            [round(first.lat, 6), round(first.lon, 6)],
            icon=folium.DivIcon(html=_RING.format(count=len(records)), icon_size=(34, 34), icon_anchor=(17, raised)),
            popup=folium.Popup(told, max_width=_POPUP_PIXELS),
            alt=label, title=label,
        ).add_to(layer)  # fmt: skip
    return layer


def _told(records: Sequence[FacilityRecord], contents: Contents) -> str:
    lines = (
        f"<li><strong>{_plain(record.name)}</strong><br>"
        f"{_plain(record.category_en if contents.english else record.category_zh)} · "
        f"{_plain(labels.precision(record.precision, record.uncertainty_m))}</li>"
        for record in records
    )
    # A long list scrolls, so it must take the focus for who has no mouse.
    return f'<ul tabindex="0">{"".join(lines)}</ul>'


def _plain(text: str) -> str:
    """Make text fit for HTML within a JavaScript template literal, where folium puts it."""
    safe = html.escape(text)
    for mark in "`$\\{}":
        safe = safe.replace(mark, f"&#{ord(mark)};")
    return safe


def _bounds(features: Sequence[Mapping[str, Any]]) -> tuple[float, float, float, float]:
    def walk(part: Any) -> list[tuple[float, float]]:
        if part and isinstance(part[0], (int, float)):
            return [(part[0], part[1])]
        return [point for inner in part for point in walk(inner)]

    points = [point for feature in features for point in walk(feature["geometry"]["coordinates"])]
    lons, lats = [lon for lon, _lat in points], [lat for _lon, lat in points]
    return min(lons), min(lats), max(lons), max(lats)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A facility as the report's table has it."""

    name: str
    category: str
    place: str
    count: str
    due: str
    status: str
    sure: str
    plan: str
    section: str
    line: int | None


def _row(record: FacilityRecord, contents: Contents) -> Row:
    cite = record.citations[0] if record.citations else None
    return Row(
        name=record.name,
        category=record.category_en if contents.english else record.category_zh,
        place=record.area_name,
        count=labels.count(record.count, record.unit, at_least=record.at_least, english=contents.english),
        due=labels.due(record.due, record.due_basis),
        status=contents.status_words(record),
        sure=labels.precision(record.precision, record.uncertainty_m),
        plan=cite.plan_title if cite else record.source_title or "",
        section=(cite.section or "") if cite else "",
        line=cite.line if cite else record.source_row,
    )


# ---------------------------------------------------------------- the spreadsheet


def as_xlsx(contents: Contents) -> bytes:
    """Write the report's figures as a spreadsheet, a sheet for each of its tables.

    Parameters
    ----------
    contents
        What it says. Called within a request, whose language it is written in.

    Returns
    -------
    bytes
        An Office Open XML workbook.
    """
    told = contents.figures
    years = [_("没有写年份") if year is None else str(year) for year in told.years]
    tables: list[Table] = [
        (
            _("按类别"),
            [_("类别"), _("处数"), _("知道地点或乡镇"), *years],
            [[family.name, family.count, family.placed, *family.years] for family in told.families],
        ),
        (
            _("规划任务"),
            [_("任务类型"), _("项数"), _("已上图")],
            [[str(labels.KIND[kind.kind]), kind.count, kind.mapped] for kind in told.kinds],
        ),
        (
            _("和别处比"),
            [_("地区"), _("处数"), _("知道地点或乡镇")],
            [[other.name, other.count, other.placed] for other in told.siblings],
        ),
        (_("覆盖与缺口"), _coverage_heading(), [_coverage_row(*row) for row in contents.coverage]),
        (
            _("设施"),
            [
                _("名称"), _("类别"), _("地区"), _("数量"), _("到期"), _("状态"), _("位置"), _("东经"), _("北纬"),
                _("误差（米）"), _("规划"), _("章节"), _("文本行号"), "id",
            ],
            [
                [
                    row.name, row.category, row.place, row.count, row.due, row.status, row.sure, round(record.lon, 6),
                    round(record.lat, 6), round(record.uncertainty_m), row.plan, row.section, row.line, record.id,
                ]
                for record in contents.facilities
                for row in [_row(record, contents)]
            ],
        ),
        (
            _("没有落点的承诺"),
            [_("类别"), _("哪一种"), _("写的是"), _("谁的规划"), _("规划"), _("文本行号"), "id"],
            [
                [row.category, row.sort, row.words, row.whose, row.plan, row.line, row.id]
                for row in _unplaced(contents.ladder)
            ],
        ),
        (
            _("指标"),
            [
                _("指标"), _("单位"), _("起点"), _("起点年份"), _("目标"), _("目标年份"), _("约束性"), _("规划"),
                _("文本行号"),
            ],
            [
                [
                    goal.name, goal.unit, goal.base, goal.base_year, goal.target, goal.year, goal.binding, goal.plan,
                    goal.line,
                ]
                for goal in contents.goals
            ],
        ),
    ]  # fmt: skip
    return spreadsheet(
        tables,
        notes=[
            f"{contents.area.name} {contents.area.adcode}",
            _("依据公开的规划文件整理，供查阅参考，不代替规划原文，也不表示设施已经建成。"),
            *([contents.term] if contents.term else []),
            _("只知道在县或市的，坐标是政府驻地，不是设施的地点。"),
            *(
                [_("这里的比例是本站自己的量法，不是官方覆盖率；官方覆盖率的分母是居住用地。")]
                if contents.coverage
                else []
            ),
            f"{contents.made} · {contents.version}",
        ],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """A promise without a place as the report's table has it: a requirement, a quota or an intention."""

    category: str
    sort: str
    words: str
    whose: str
    plan: str
    line: int
    id: str


def _unplaced(ladder: Sequence[answers.KindPromised]) -> list[Unplaced]:
    """Give what stands nowhere on the map, and whose it is where it is not of this area's own plans."""

    def whose(above: bool) -> str:
        return _("上级规划，没说多少落在这里") if above else ""

    return [
        Unplaced(
            category=kind["category_name"], sort=sort, words=words, whose=whose(one["above"]), plan=one["plan_title"],
            line=one["line"], id=one["id"],
        )
        for kind in ladder
        for sort, words, one in (
            *((_("普遍要求"), one["words"], one) for one in kind["required"]),
            *((_("数量承诺"), one["words"], one) for one in kind["quotas"]),
            *((_("意向"), one["label"], one) for one in kind["intents"]["commitments"]),
        )
    ]  # fmt: skip


def _coverage_heading() -> list[str]:
    share = (_("设施"), _("至少"), _("覆盖的土地"), _("至多"), _("走得到的小区"))
    now, then = _("现有"), _("规划全部建成后")
    return [
        *(_("类别"), _("按什么算"), _("现有设施的收录"), _("在册现有"), _("最近的一处在册"), _("离它多远，米")),
        *(_("规划提出，知道地点或乡镇"), _("规划提出，只知道在本县（市）")),
        _("规划提出，只知道在上级市，不一定在这里"),
        _("规划答应了什么"),
        *(f"{name} · {now}" for name in share),
        *(f"{name} · {then}" for name in share),
        *(_("缺口，平方公里，按现有"), _("在册居住小区"), _("名次，按现有"), _("几处比")),
    ]


def _coverage_row(name: str, rule: str, of: CoverageFigure) -> list[Any]:
    record = of.record
    near: Mapping[str, Any] = record.nearest or {}
    return [
        *(name, rule, str(labels.RECORD[record.state]), record.existing, near.get("name"), near.get("metres")),
        *(record.placed, record.wide, record.around, _promised(record)),
        *(value for covered in (of.existing, of.promised) for value in _covered(covered)),
        *(of.gap_km2, of.homes, of.rank, of.among),
    ]


def _promised(record: analysis.Record) -> str:
    gap = " " if language() == "en" else ""
    return gap.join(said for kind in record.ladder or () for said in kind["words"])


def _covered(of: Covered | None) -> list[Any]:
    if of is None:
        return [None] * 5
    return [of.facilities, of.share_low, of.share, of.share_high, of.homes_share]


def spreadsheet(tables: Sequence[Table], *, notes: Sequence[str]) -> bytes:
    """Write tables as a workbook, a sheet each, and what must be said of them on a last one.

    Parameters
    ----------
    tables
        Title, heading and rows of each.
    notes
        A line each. Called within a request, whose language the sheet's own title is in.

    Returns
    -------
    bytes
        An Office Open XML workbook.
    """
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    for title, heading, rows in tables:
        sheet = book.create_sheet() if sheet is None else sheet
        sheet.title = title
        _fill(sheet, heading, rows)
        sheet = None
    last = book.create_sheet(_("说明"))
    for line in notes:
        _append(last, [line])
    last.column_dimensions["A"].width = 90
    packed = BytesIO()
    book.save(packed)
    return packed.getvalue()


def _append(sheet: "Worksheet", row: Sequence[Any]) -> None:
    """Add a row; a text that begins like a formula stays the text that it is."""
    sheet.append([writable(value) if isinstance(value, str) else value for value in row])
    for cell, value in zip(sheet[sheet.max_row], row, strict=False):
        if isinstance(value, str):
            cell.data_type = "s"


def _fill(sheet: "Worksheet", heading: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    _append(sheet, heading)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    for row in rows:
        _append(sheet, row)
    sheet.freeze_panes = "B2"
    for number, column in enumerate(sheet.columns, start=1):
        widest = max((len(str(cell.value)) for cell in column if cell.value is not None), default=4)
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = min(max(8.0, 1.9 * widest), 48.0)
