"""Everything that can be configured, read once from the environment.

The README has every variable with its default and meaning; a test compares them.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import urlsplit

from service_map.errors import SettingsError

_PACKAGE = Path(__file__).resolve().parent
# In a checkout the open data stands beside the package; in an installed wheel it is inside it.
_HOME = _PACKAGE.parent if (_PACKAGE.parent / "geodata").is_dir() else _PACKAGE / "_data"

TILE_MARKS = (("{x}", "{TileCol}"), ("{y}", "{TileRow}"), ("{z}", "{TileMatrix}"))
"""What stands for a tile's place in an address: as XYZ servers write it, and as WMTS does."""

GRIDS = ("mercator", "degrees")
"""Grids of tiles: web Mercator, or longitude and latitude."""

_CHINA = timezone(timedelta(hours=8))

SHIPPED = _HOME / "geodata"
"""The open data that comes with the program."""

STATIC_DIR = _HOME / "static"
TEMPLATES_DIR = _HOME / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLimits:
    """What a plan file may cost; larger ones are refused.

    Attributes
    ----------
    file_mb, text_mb, unpacked_mb
        Megabytes of 2**20 bytes: of the file, of its text as UTF-8, of what a .docx unpacks to.
    pages
        Pages of a PDF.
    """

    file_mb: int
    text_mb: int
    unpacked_mb: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionBounds:
    """How slow a client may be before its connection is closed.

    Attributes
    ----------
    header_seconds
        In which a request's header must have arrived, from its first byte on. A body has as long after it.
    body_bytes_per_second
        Each so many bytes of a body give it a second more.
    idle_seconds
        After which a connection is closed that sends nothing, or takes nothing of its answer.
    """

    header_seconds: int
    body_bytes_per_second: int
    idle_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One reading of the environment; see the module's table for each field."""

    database_url: str
    host: str
    port: int
    threads: int
    header_seconds: int
    body_bytes_per_second: int
    idle_seconds: int
    compute_processes: int
    compute_mb: int
    deadline_s: int
    plans_dir: Path | None
    geodata_dir: Path
    network: Path | None
    tianditu_key: str | None
    basemap_url: str | None
    basemap_grid: str
    basemap_attribution: str | None
    report_url: str | None
    trusted_proxies: int
    plan_file_mb: int
    plan_text_mb: int
    plan_unpacked_mb: int
    plan_pages: int
    metrics: bool
    access_log: bool
    as_of: date | None

    def today(self) -> date:
        """Give the day of an answer: ``AS_OF``, or the present day in China, where the plans' years end."""
        return self.as_of or datetime.now(_CHINA).date()


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
    limits, bounds = plan_limits(env), connection_bounds(env)
    plans, network = env.get("PLANS_DIR"), env.get("NETWORK")
    return Settings(
        database_url=env.get("DATABASE_URL") or "sqlite:///var/service_map.gpkg",
        host=env.get("HOST") or "127.0.0.1",
        port=_whole(env, "PORT", 8000, 1, 65535),
        threads=_whole(env, "THREADS", 4, 1, 64),
        header_seconds=bounds.header_seconds,
        body_bytes_per_second=bounds.body_bytes_per_second,
        idle_seconds=bounds.idle_seconds,
        compute_processes=_whole(env, "COMPUTE_PROCESSES", 2, 0, 32),
        compute_mb=_whole(env, "COMPUTE_MB", 400, 20, 100_000),
        deadline_s=_whole(env, "DEADLINE_S", 30, 1, 3600),
        plans_dir=_folder("PLANS_DIR", plans) if plans else None,
        geodata_dir=_folder("GEODATA_DIR", env.get("GEODATA_DIR") or str(SHIPPED)),
        network=_file("NETWORK", network) if network else None,
        tianditu_key=_key("TIANDITU_KEY", env.get("TIANDITU_KEY")),
        basemap_url=_tiles("BASEMAP_URL", env.get("BASEMAP_URL")),
        basemap_grid=_grid("BASEMAP_GRID", env.get("BASEMAP_GRID") or GRIDS[0]),
        basemap_attribution=env.get("BASEMAP_ATTRIBUTION") or None,
        report_url=_report("REPORT_URL", env.get("REPORT_URL")),
        trusted_proxies=_whole(env, "TRUSTED_PROXIES", 0, 0, 8),
        plan_file_mb=limits.file_mb,
        plan_text_mb=limits.text_mb,
        plan_unpacked_mb=limits.unpacked_mb,
        plan_pages=limits.pages,
        metrics=bool(_whole(env, "METRICS", 0, 0, 1)),
        access_log=bool(_whole(env, "ACCESS_LOG", 0, 0, 1)),
        as_of=_day("AS_OF", env.get("AS_OF")),
    )


def today() -> date:
    """Give the day of an answer by the environment alone: ``AS_OF``, or the present day in China.

    Nothing else than this and `Settings.today` asks the clock whether a promise is due.

    Raises
    ------
    SettingsError
        When ``AS_OF`` is no day.
    """
    return _day("AS_OF", os.environ.get("AS_OF")) or datetime.now(_CHINA).date()


def connection_bounds(environment: Mapping[str, str] | None = None) -> ConnectionBounds:
    """Read only how slow a client may be.

    Parameters
    ----------
    environment
        A mapping to read instead of ``os.environ``.

    Returns
    -------
    ConnectionBounds

    Raises
    ------
    SettingsError
        When a value cannot be used; the message names the variable and what is allowed.
    """
    env = os.environ if environment is None else environment
    return ConnectionBounds(
        header_seconds=_whole(env, "HEADER_SECONDS", 10, 1, 600),
        body_bytes_per_second=_whole(env, "BODY_BYTES_PER_SECOND", 1000, 1, 1_000_000),
        idle_seconds=_whole(env, "IDLE_SECONDS", 30, 1, 3600),
    )


def plan_limits(environment: Mapping[str, str] | None = None) -> PlanLimits:
    """Read only what a plan file may cost.

    Parameters
    ----------
    environment
        A mapping to read instead of ``os.environ``.

    Returns
    -------
    PlanLimits

    Raises
    ------
    SettingsError
        When a value cannot be used; the message names the variable and what is allowed.
    """
    env = os.environ if environment is None else environment
    return PlanLimits(
        file_mb=_whole(env, "PLAN_FILE_MB", 50, 1, 1000),
        text_mb=_whole(env, "PLAN_TEXT_MB", 10, 1, 100),
        unpacked_mb=_whole(env, "PLAN_UNPACKED_MB", 200, 1, 2000),
        pages=_whole(env, "PLAN_PAGES", 2000, 1, 20000),
    )


def _whole(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise SettingsError(
            f"环境变量 {name} 应为 {low} 到 {high} 的整数，现为 {text!r}",
            f"environment variable {name} takes a whole number from {low} to {high}, not {text!r}",
        )
    return int(text)


def _day(name: str, text: str | None) -> date | None:
    if not text:
        return None
    try:
        # ISO 8601 knows other forms of a day, such as weeks; one form is enough.
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=_CHINA).date()
    except ValueError:
        raise SettingsError(
            f"环境变量 {name} 应为 YYYY-MM-DD 形式的日期，现为 {text!r}",
            f"environment variable {name} takes a day as YYYY-MM-DD, not {text!r}",
        ) from None


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
    placed = all(any(mark in text for mark in either) for either in TILE_MARKS)
    # A place in braces that is none of these would be asked for as it stands.
    rest = re.sub("|".join(re.escape(mark) for either in (*TILE_MARKS, ("{s}",)) for mark in either), "", text)
    if not (plain and placed and parts.scheme in {"http", "https"} and parts.hostname and not set(rest) & set("{}")):
        raise SettingsError(
            f"环境变量 {name} 应为 https://主机/{{z}}/{{x}}/{{y}}.png 形式的网址，"
            f"或写有 {{TileMatrix}}、{{TileCol}}、{{TileRow}} 的 WMTS 网址，现为 {text!r}",
            f"environment variable {name} takes an address such as https://host/{{z}}/{{x}}/{{y}}.png, or one of WMTS"
            f" with {{TileMatrix}}, {{TileCol}} and {{TileRow}}, not {text!r}",
        )
    return text


def _grid(name: str, text: str) -> str:
    if text not in GRIDS:
        raise SettingsError(
            f"环境变量 {name} 应为 {'、'.join(GRIDS)} 之一，现为 {text!r}",
            f"environment variable {name} is one of {', '.join(GRIDS)}, not {text!r}",
        )
    return text


def _report(name: str, text: str | None) -> str | None:
    """Read where errors are reported: an address of a form, or of a person as ``mailto:``."""
    if not text:
        return None
    letter = text.removeprefix("mailto:")
    if re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", letter):
        return f"mailto:{letter}"
    parts = urlsplit(text)
    plain = text.isascii() and text.isprintable() and not set(text) & set(' "<>\\')
    if not (plain and parts.scheme in {"http", "https"} and parts.hostname):
        raise SettingsError(
            f"环境变量 {name} 应为电子邮箱，或 https:// 开头的表单网址，现为 {text!r}",
            f"environment variable {name} takes an e-mail address, or the address of a form, not {text!r}",
        )
    return text


def _folder(name: str, text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise SettingsError(
            f"环境变量 {name} 指的目录不存在：{text}", f"environment variable {name}: no such folder: {text}"
        )
    return path
