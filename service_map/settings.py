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
===================  ===============================  ========================================================
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from service_map.errors import SettingsError

_PACKAGE = Path(__file__).resolve().parent
# In a checkout the open data stands beside the package; in an installed wheel it is inside it.
_HOME = _PACKAGE.parent if (_PACKAGE.parent / "geodata").is_dir() else _PACKAGE / "_data"

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
    plans = env.get("PLANS_DIR")
    return Settings(
        database_url=env.get("DATABASE_URL") or "sqlite:///var/service_map.gpkg",
        host=env.get("HOST") or "127.0.0.1",
        port=_whole(env, "PORT", 8000, 1, 65535),
        threads=_whole(env, "THREADS", 4, 1, 64),
        plans_dir=_folder("PLANS_DIR", plans) if plans else None,
        geodata_dir=_folder("GEODATA_DIR", env.get("GEODATA_DIR") or str(_HOME / "geodata")),
    )


def _whole(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise SettingsError(
            f"环境变量 {name} 应为 {low} 到 {high} 的整数，现为 {text!r}",
            f"environment variable {name} takes a whole number from {low} to {high}, not {text!r}",
        )
    return int(text)


def _folder(name: str, text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise SettingsError(
            f"环境变量 {name} 指的目录不存在：{text}", f"environment variable {name}: no such folder: {text}"
        )
    return path
