"""Everything that can be configured, read once from the environment.

===================  ===============================  ========================================================
variable             default                          meaning
===================  ===============================  ========================================================
``DATABASE_URL``     ``sqlite:///var/service_map.gpkg``  where the data is served from; ``postgresql+psycopg://…`` too
``HOST``             ``127.0.0.1``                    address to listen on
``PORT``             ``8000``                         port to listen on, 1–65535
``THREADS``          ``4``                            gunicorn threads, 1–64
``PLANS_DIR``        (none)                           folder with the plan texts; the pages then show the passages
``GEODATA_DIR``      the shipped ``geodata/``         where the open data files stand
``NETWORK``          (none)                           ways to walk: an OSM extract, ``.npz`` or a table of edges
``TIANDITU_KEY``     (none)                           the operator's key: 天地图 is then drawn under the facilities
``BASEMAP_URL``      (none)                           or any tiles: ``https://host/{z}/{x}/{y}.png``, in WGS 84
``BASEMAP_ATTRIBUTION``  (none)                       whose tiles these are, shown on the map
``TRUSTED_PROXIES``  ``0``                            proxies in front whose ``X-Forwarded-…`` headers are believed, 0–8
``METRICS``          ``0``                            1: figures for Prometheus at ``/metrics``
``ACCESS_LOG``       ``0``                            1: one line of JSON on standard error for each request
===================  ===============================  ========================================================
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from service_map.errors import SettingsError

_PACKAGE = Path(__file__).resolve().parent
# In a checkout the open data stands beside the package; in an installed wheel it is inside it.
_HOME = _PACKAGE.parent if (_PACKAGE.parent / "geodata").is_dir() else _PACKAGE / "_data"

_TILE_MARKS = ("{x}", "{y}", "{z}")

STATIC_DIR = _HOME / "static"
TEMPLATES_DIR = _HOME / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One reading of the environment; see the module's table for each field."""

    database_url: str
    host: str
    port: int
    threads: int
    plans_dir: Path | None
    geodata_dir: Path
    network: Path | None
    tianditu_key: str | None
    basemap_url: str | None
    basemap_attribution: str | None
    trusted_proxies: int
    metrics: bool
    access_log: bool


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment.

    Parameters
    ----------
    environment
        A mapping to read instead of ``os.environ``.

    Returns
    -------
    Settings

    Raises
    ------
    SettingsError
        When a value cannot be used; the message names the variable and what is allowed.
    """
    env = os.environ if environment is None else environment
    plans, network = env.get("PLANS_DIR"), env.get("NETWORK")
    return Settings(
        database_url=env.get("DATABASE_URL") or "sqlite:///var/service_map.gpkg",
        host=env.get("HOST") or "127.0.0.1",
        port=_whole(env, "PORT", 8000, 1, 65535),
        threads=_whole(env, "THREADS", 4, 1, 64),
        plans_dir=_folder("PLANS_DIR", plans) if plans else None,
        geodata_dir=_folder("GEODATA_DIR", env.get("GEODATA_DIR") or str(_HOME / "geodata")),
        network=_file("NETWORK", network) if network else None,
        tianditu_key=_key("TIANDITU_KEY", env.get("TIANDITU_KEY")),
        basemap_url=_tiles("BASEMAP_URL", env.get("BASEMAP_URL")),
        basemap_attribution=env.get("BASEMAP_ATTRIBUTION") or None,
        trusted_proxies=_whole(env, "TRUSTED_PROXIES", 0, 0, 8),
        metrics=bool(_whole(env, "METRICS", 0, 0, 1)),
        access_log=bool(_whole(env, "ACCESS_LOG", 0, 0, 1)),
    )


def _whole(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise SettingsError(
            f"环境变量 {name} 应为 {low} 到 {high} 的整数，现为 {text!r}",
            f"environment variable {name} takes a whole number from {low} to {high}, not {text!r}",
        )
    return int(text)


def _file(name: str, text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise SettingsError(
            f"环境变量 {name} 指的文件不存在：{text}", f"environment variable {name}: no such file: {text}"
        )
    return path


def _key(name: str, text: str | None) -> str | None:
    if text and not (text.isascii() and text.isalnum()):
        raise SettingsError(f"环境变量 {name} 应为字母和数字", f"environment variable {name} takes letters and digits")
    return text or None


def _tiles(name: str, text: str | None) -> str | None:
    """Read an address of tiles; it goes into the security policy, so nothing may stand in it that could end a rule."""
    if not text:
        return None
    parts = urlsplit(text)
    plain = text.isascii() and text.isprintable() and not set(text) & set(" ;,'\"<>\\")
    if not (
        plain and parts.scheme in {"http", "https"} and parts.hostname and all(mark in text for mark in _TILE_MARKS)
    ):
        raise SettingsError(
            f"环境变量 {name} 应为 https://主机/{{z}}/{{x}}/{{y}}.png 形式的网址，现为 {text!r}",
            f"environment variable {name} takes an address such as https://host/{{z}}/{{x}}/{{y}}.png, not {text!r}",
        )
    return text


def _folder(name: str, text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise SettingsError(
            f"环境变量 {name} 指的目录不存在：{text}", f"environment variable {name}: no such folder: {text}"
        )
    return path
