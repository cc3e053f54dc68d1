"""Tables that the product itself writes into the open data: in UTF-8, with exactly the columns that it writes.

What somebody brings is read by `service_map.io`, which finds out encoding, heading and order; here another than the
written one is damage, and is said so.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from service_map.errors import GeodataError


def rows(path: Path, columns: Sequence[str], *, later: int = 0) -> Iterator[tuple[int, list[str]]]:
    """Read a table row by row, so that a million need no memory.

    Parameters
    ----------
    path
        The file.
    columns
        Its heading.
    later
        How many of the last columns an earlier edition did not write; such a table is read too.

    Yields
    ------
    number : int
        Counting the heading as row 1.
    cells : list of str
        As they stand; of a damaged row more or fewer than there are columns. Empty lines are passed over.

    Raises
    ------
    GeodataError
        When the file cannot be read or has another heading.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            if next(reader, []) not in (list(columns), list(columns[: len(columns) - later])):
                heading = ",".join(columns)
                raise GeodataError(f"{path} 的表头应为 {heading}", f"the heading of {path} must be {heading}")
            yield from ((number, row) for number, row in enumerate(reader, start=2) if row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GeodataError(f"无法读取 {path}：{error}", f"cannot read {path}: {error}") from error


def write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table that `rows` reads; the old one is replaced as a whole, when all of the new one stands.

    Parameters
    ----------
    path
        The file.
    columns
        Its heading.
    rows
        The cells of each row in that order; None leaves one empty.
    """
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    beside.replace(path)
