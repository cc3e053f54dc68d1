"""What somebody hands over: a file on the disk, or one that came in a form and is kept in memory.

Nothing of the latter touches the disk: where a library wants a path, it gets one of a file that is memory only.
"""

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from service_map.errors import Fault, InvalidParameterError

TEXTS = (".csv", ".tsv", ".txt")
"""Tables as text."""

WORKBOOKS = (".xlsx", ".xlsm")
"""Tables as workbooks."""

LAYERS = (".geojson", ".json", ".gpkg", ".shp", ".fgb", ".parquet", ".kml", ".gdb", ".zip")
"""Layers with a geometry each row; a ``.zip`` holds Shapefiles, a File Geodatabase or any of the others."""

FORMS = (*TEXTS, *WORKBOOKS, *LAYERS)
"""Every form that is read, by its ending."""

EXTRACTS = (".pbf", ".osm")
"""OpenStreetMap extracts, which only an import of facilities reads."""

_ARCHIVED = (".shp", ".gdb", ".gpkg", ".geojson", ".json", ".fgb", ".kml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file, by its path or by its bytes.

    Attributes
    ----------
    name
        By which messages tell it.
    path
        Where it stands; None where it is in memory.
    body
        Its bytes; None where it is on the disk.
    """

    name: str
    path: Path | None = None
    body: bytes | None = None

    @property
    def form(self) -> str:
        """Its ending, in lower case."""
        return Path(self.name).suffix.lower()

    def open(self) -> BinaryIO:
        """Open it for reading bytes."""
        return BytesIO(self.body or b"") if self.path is None else self.path.open("rb")


def as_source(given: "Path | Source") -> Source:
    """Take a path for the file that stands there."""
    return Source(name=given.name, path=given) if isinstance(given, Path) else given


def check_form(source: Source, field: str, *, forms: tuple[str, ...] = FORMS) -> None:
    """Refuse a file of another form, and one that is not there or holds nothing.

    Raises
    ------
    InvalidParameterError
        Under `field`.
    """
    name = source.name if source.path is None else str(source.path)
    if source.form not in forms:
        zh, en = Fault(f"{name} 应为 {'、'.join(forms)} 之一", f"{name} must be one of {', '.join(forms)}")
        raise InvalidParameterError(field, zh, en, forms)
    if source.path is not None and not (source.path.is_dir() if source.form == ".gdb" else source.path.is_file()):
        raise InvalidParameterError(field, f"没有这个文件：{name}", f"no such file: {name}")
    empty = not (source.body or b"").strip() if source.path is None else source.path.stat().st_size == 0
    if empty:
        raise InvalidParameterError(field, f"{name} 是空的", f"{name} is empty")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A file of layers: the source itself, or a member of its archive.

    Attributes
    ----------
    path
        By which GDAL opens it.
    form
        Its ending.
    stem
        Its name without the ending.
    """

    path: str
    form: str
    stem: str


@contextmanager
def containers(source: Source, field: str) -> Iterator[list[Container]]:
    """Give the files of layers that a source holds, for as long as they are wanted.

    Raises
    ------
    InvalidParameterError
        When it is no archive though it is called one, or holds nothing that can be read.
    """
    if source.path is not None and source.form != ".zip":
        path = str(source.path)
        # An absolute path is never taken for a name with a meaning of its own.
        yield [Container(path=os.path.abspath(path), form=source.form, stem=source.path.stem)]  # noqa: PTH100
        return
    if source.path is not None:
        yield _members(source, str(source.path.resolve()), field)
        return
    body = source.body or b""
    if source.form != ".zip":
        # Some drivers go by the ending, which a file in memory has none of.
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(f"layer{source.form}", body)
        body = packed.getvalue()
    handle = os.memfd_create("layer")
    try:
        with os.fdopen(os.dup(handle), "wb") as file:
            file.write(body)
        path = f"/proc/self/fd/{handle}"
        if source.form == ".zip":
            yield _members(source, path, field)
        else:
            form = source.form
            yield [Container(path=f"/vsizip/{{{path}}}/layer{form}", form=form, stem=Path(source.name).stem)]
    finally:
        os.close(handle)


def _members(source: Source, path: str, field: str) -> list[Container]:
    try:
        with source.open() as file, zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if not name.startswith("__MACOSX/")]
    except (OSError, zipfile.BadZipFile) as error:
        raise InvalidParameterError(
            field, f"{source.name} 不是 ZIP，或已损坏", f"{source.name} is no ZIP archive, or is damaged"
        ) from error
    found: list[str] = []
    for name in names:
        inner = Path(name)
        geodatabase = next((part for part in (inner, *inner.parents) if part.suffix.lower() == ".gdb"), None)
        member = geodatabase or inner
        if member.suffix.lower() in _ARCHIVED and str(member) not in found:
            found.append(str(member))
    if not found:
        forms = "、".join(_ARCHIVED)
        zh, en = Fault(f"{source.name} 里没有 {forms}", f"{source.name} holds none of {', '.join(_ARCHIVED)}")
        raise InvalidParameterError(field, zh, en, _ARCHIVED)
    made = [
        Container(path=f"/vsizip/{{{path}}}/{name}", form=Path(name).suffix.lower(), stem=Path(name).stem)
        for name in found
    ]
    # A description beside Shapefiles is no layer: what is of the first form that is there.
    first = next(form for form in _ARCHIVED if any(one.form == form for one in made))
    return [one for one in made if one.form == first]
