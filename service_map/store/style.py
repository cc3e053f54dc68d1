"""How the layers look in QGIS before anybody has chosen: ``layer_styles``, where it finds a layer's default style."""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from sqlalchemy import Connection, Row

_TABLE = """CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"""
_POINT, _POLYGON = "0", "2"


def write(connection: Connection, now: str) -> None:
    """Give the facilities the colours of their families, the areas an outline, and the gaps a wash of red.

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
            ("facilities", "设施大类", _facilities(families), "按设施大类着色 / coloured by family", now),
            ("areas", "行政区界", _polygons("no", "90,90,90,255"), "行政区界线 / boundaries", now),
            ("gaps", "服务缺口", _polygons("solid", "178,24,43,255", fill="178,24,43,60"), "服务缺口 / gaps", now),
        ],
    )
    connection.exec_driver_sql(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)"
        " VALUES ('layer_styles', 'attributes', 'layer_styles', '图层样式 / styles of the layers', ?)",
        (now,),
    )


def _facilities(families: Iterable[Row[str, str, str]]) -> str:
    root, renderer = _document("categorizedSymbol", "family")
    categories = ET.SubElement(renderer, "categories")
    symbols = ET.SubElement(renderer, "symbols")
    for number, (code, zh, colour) in enumerate(families):
        ET.SubElement(categories, "category", symbol=str(number), value=code, label=zh, render="true")
        dot = {"name": "circle", "color": _rgba(colour), "outline_color": "255,255,255,255", "outline_width": "0.3"}
        _symbol(symbols, str(number), "marker", "SimpleMarker", {**dot, "size": "3"})
    ET.SubElement(root, "layerGeometryType").text = _POINT
    return _text(root)


def _polygons(style: str, line: str, *, fill: str = "255,255,255,255") -> str:
    root, renderer = _document("singleSymbol")
    symbols = ET.SubElement(renderer, "symbols")
    drawn = {
        "style": style,
        "color": fill,
        "outline_color": line,
        "outline_style": "solid",
        "outline_width": "0.3",
        "outline_width_unit": "MM",
    }
    _symbol(symbols, "0", "fill", "SimpleFill", drawn)
    ET.SubElement(root, "layerGeometryType").text = _POLYGON
    return _text(root)


def _document(kind: str, attribute: str = "") -> tuple[ET.Element, ET.Element]:
    root = ET.Element("qgis", version="3.22", styleCategories="Symbology")
    renderer = ET.SubElement(root, "renderer-v2", type=kind)
    if attribute:
        renderer.set("attr", attribute)
    return root, renderer


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
