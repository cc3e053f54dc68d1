"""The map under the facilities: none, 天地图 with the operator's key, or any tiles by XYZ or WMTS.

Without one the boundaries and seats are the map, and no other host is ever asked. With one, exactly its hosts are let
into the security policy. Tiles must be in WGS 84 or CGCS2000: on tiles in GCJ-02 every point would lie half
a kilometre off.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from service_map.settings import GRIDS, TILE_MARKS, Settings

_TIANDITU = (
    "https://t{s}.tianditu.gov.cn/%(layer)s_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=%(layer)s"
    "&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=%(key)s"
)
_TIANDITU_HOSTS = "01234567"
_XYZ_HOSTS = "abc"
_DEEPEST = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseMap:
    """What the pages draw below everything else.

    Attributes
    ----------
    layers
        Addresses with ``{x}``, ``{y}``, ``{z}`` and perhaps ``{s}``, drawn in this order.
    subdomains
        What ``{s}`` may be, a letter each.
    attribution
        Whose map it is, as its terms ask.
    grid
        One of `service_map.settings.GRIDS`.
    """

    layers: tuple[str, ...]
    subdomains: str
    attribution: str
    grid: str = GRIDS[0]

    def hosts(self) -> tuple[str, ...]:
        """Give the origins that images come from, for the security policy."""
        found = []
        for layer in self.layers:
            parts = urlsplit(layer)
            for letter in self.subdomains if "{s}" in parts.netloc else " ":
                found.append(f"{parts.scheme}://{parts.netloc.replace('{s}', letter)}")  # noqa: PERF401
        return tuple(dict.fromkeys(found))

    def told(self) -> dict[str, Any]:
        """Write it for the map's script."""
        return {
            "layers": list(self.layers),
            "subdomains": self.subdomains,
            "attribution": self.attribution,
            "maxZoom": _DEEPEST,
            "grid": self.grid,
        }


@cache
def base_map(settings: Settings) -> BaseMap | None:
    """Give the configured base map, or None.

    Parameters
    ----------
    settings
        ``tianditu_key`` before ``basemap_url``, where both are given.
    """
    if settings.tianditu_key:
        return BaseMap(
            layers=tuple(_TIANDITU % {"layer": layer, "key": settings.tianditu_key} for layer in ("vec", "cva")),
            subdomains=_TIANDITU_HOSTS,
            attribution="© 天地图 www.tianditu.gov.cn",
        )
    if settings.basemap_url:
        layer = settings.basemap_url
        for plain, wmts in TILE_MARKS:
            layer = layer.replace(wmts, plain)
        return BaseMap(
            layers=(layer,),
            subdomains=_XYZ_HOSTS,
            attribution=settings.basemap_attribution or "",
            grid=settings.basemap_grid,
        )
    return None


def policy(told: str, settings: Settings) -> str:
    """Let the hosts of the configured base map, and no others, into a content security policy.

    Parameters
    ----------
    told
        The policy without a base map.
    settings
        Of the application.
    """
    found = base_map(settings)
    return told.replace("img-src 'self'", f"img-src 'self' {' '.join(found.hosts())}") if found else told
