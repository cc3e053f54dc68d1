"""How the layers look in QGIS before anybody has chosen: ``layer_styles``, where it finds a layer's default style."""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from sqlalchemy import Connection, Row

from service_map.catalogue import terms
from service_map.catalogue.messages import both, sentence

_TABLE = """CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"""
_POINT, _POLYGON = "0", "2"
_WHITE, _NOTHING = "255,255,255,255", "255,255,255,0"
_FACILITIES_SAID = sentence("按大类着色；规划提出（是否建成未核实）的为圆点，位置不准的空心，现有的为方块")
_GAPS_SAID = sentence("实底为现有设施已收全的服务缺口；浅色斜线只是按在册记录算的，不是真的缺口")
_DOT = {"name": "circle", "outline_width": "0.3", "size": "3"}
_AREA = {"outline_style": "solid", "outline_width": "0.3", "outline_width_unit": "MM"}


def write(connection: Connection, now: str) -> None:
    """Give the facilities the colours of their families and the shape of how surely they stand; the others a wash.

    Parameters
    ----------
    connection
        To a GeoPackage whose categories are filled.
    now
        Time of the data, ISO 8601 with ``T``, milliseconds and ``Z``.
    """
    families = connection.exec_driver_sql(
        "SELECT family, family_zh, family_colour FROM categories GROUP BY family ORDER BY min(position)"
    ).all()
    connection.exec_driver_sql(_TABLE)
    connection.exec_driver_sql(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
        " styleQML, styleSLD, useAsDefault, description, owner, update_time)"
        " VALUES ('', '', ?, 'geom', ?, ?, '', 1, ?, '', ?)",
        [
            (
                "facilities",
                "设施大类",
                _facilities(families),
                _FACILITIES_SAID.both,
                now,
            ),
            ("communities", "居住小区", _points("120,120,120,255"), both("居住小区"), now),
            ("areas", "行政区界", _polygons("90,90,90,255"), both("行政区界线"), now),
            ("ranked_areas", "参加排名的地区", _polygons("90,90,90,255"), both("排名的地区"), now),
            ("gaps", "服务缺口", _gaps(), _GAPS_SAID.both, now),
        ],
    )
    connection.exec_driver_sql(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)"
        " VALUES ('layer_styles', 'attributes', 'layer_styles', ?, ?)",
        (both("图层样式"), now),
    )


def _facilities(families: Iterable[Row[str, str, str]]) -> str:
    root, renderer = _document("RuleRenderer")
    rules = ET.SubElement(renderer, "rules", key="all")
    symbols = ET.SubElement(renderer, "symbols")
    exact = f'"precision" IN ({", ".join(repr(name) for name in terms.EXACT)})'
    vague = f"\"status\" <> 'existing' AND NOT ({exact})"
    number = 0
    for code, zh, colour in families:
        for name, words, condition, drawn in (
            ("known", zh, f"\"status\" <> 'existing' AND {exact}", {"color": _rgba(colour), "outline_color": _WHITE}),
            ("vague", f"{zh}（只知道乡镇、县或市）", vague,
             {"color": _NOTHING, "outline_color": _rgba(colour), "outline_width": "0.6"}),
            ("existing", f"{zh}（现有）", "\"status\" = 'existing'",
             {"name": "square", "color": _rgba(colour), "outline_color": _WHITE, "size": "1.8"}),
        ):  # fmt: skip
            ET.SubElement(
                rules, "rule", key=f"{code}-{name}", symbol=str(number), label=words,
                filter=f"\"family\" = '{code}' AND {condition}",
            )  # fmt: skip
            _symbol(symbols, str(number), "marker", "SimpleMarker", {**_DOT, **drawn})
            number += 1
    ET.SubElement(root, "layerGeometryType").text = _POINT
    return _text(root)


def _points(colour: str) -> str:
    root, renderer = _document("singleSymbol")
    symbols = ET.SubElement(renderer, "symbols")
    _symbol(symbols, "0", "marker", "SimpleMarker", {**_DOT, "color": colour, "outline_color": _WHITE, "size": "1.2"})
    ET.SubElement(root, "layerGeometryType").text = _POINT
    return _text(root)


def _polygons(line: str) -> str:
    root, renderer = _document("singleSymbol")
    symbols = ET.SubElement(renderer, "symbols")
    _symbol(symbols, "0", "fill", "SimpleFill", {**_AREA, "style": "no", "outline_color": line})
    ET.SubElement(root, "layerGeometryType").text = _POLYGON
    return _text(root)


def _gaps() -> str:
    root, renderer = _document("RuleRenderer")
    rules = ET.SubElement(renderer, "rules", key="all")
    symbols = ET.SubElement(renderer, "symbols")
    for number, (name, words, condition, drawn) in enumerate((
        ("gap", both("服务缺口（现有设施已收全）"), 'NOT "as_recorded"',
         {"style": "solid", "color": "178,24,43,60", "outline_color": "178,24,43,255"}),
        ("as-recorded", both("只按在册记录算，不是真的缺口"), '"as_recorded"',
         {"style": "b_diagonal", "color": "178,24,43,90", "outline_color": "178,24,43,110", "outline_style": "dash"}),
    )):  # fmt: skip
        ET.SubElement(rules, "rule", key=name, symbol=str(number), label=words, filter=condition)
        _symbol(symbols, str(number), "fill", "SimpleFill", {**_AREA, **drawn})
    ET.SubElement(root, "layerGeometryType").text = _POLYGON
    return _text(root)


def _document(kind: str) -> tuple[ET.Element, ET.Element]:
    root = ET.Element("qgis", version="3.22", styleCategories="Symbology")
    return root, ET.SubElement(root, "renderer-v2", type=kind)


def _symbol(symbols: ET.Element, name: str, kind: str, layer_class: str, options: dict[str, str]) -> None:
    symbol = ET.SubElement(symbols, "symbol", name=name, type=kind, alpha="1", clip_to_extent="1")
    layer = ET.SubElement(symbol, "layer", {"class": layer_class, "enabled": "1", "locked": "0", "pass": "0"})
    values = ET.SubElement(layer, "Option", type="Map")
    for key, value in options.items():
        ET.SubElement(values, "Option", name=key, type="QString", value=value)


def _rgba(colour: str) -> str:
    return ",".join(str(int(colour[start : start + 2], 16)) for start in (1, 3, 5)) + ",255"


def _text(root: ET.Element) -> str:
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(root, encoding="unicode")
