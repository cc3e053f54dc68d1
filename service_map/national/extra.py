"""Dask, which only this room needs: imported when it is used, and named where it is missing."""

from importlib import import_module
from typing import Any

from service_map.errors import SettingsError

_NEEDED = ("dask", "distributed", "dask_geopandas")


def need(name: str) -> Any:
    """Import one of the packages of the extra ``national``.

    Parameters
    ----------
    name
        Module to import.

    Raises
    ------
    SettingsError
        When it is not installed; the message names the extra.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise SettingsError(
            f"全国计算需要 {error.name or name}：pip install 'service-map[national]'",
            f"the national run needs {error.name or name}: pip install 'service-map[national]'",
        ) from error


def need_all() -> None:
    """Import them all, so that a missing one is said before any work.

    Raises
    ------
    SettingsError
        As `need`.
    """
    for name in _NEEDED:
        need(name)
