"""Service map: what city and county plans promise, on a map, with its citation."""

__version__ = "0.1.0"
