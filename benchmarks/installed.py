"""How much the program takes on a disk: the locked packages that it runs with, and its own data."""

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MEGABYTE = 1_000_000


def size(name):
    """Bytes of an installed package with its compiled files; nothing of one that other systems need."""
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        return 0
    paths = {Path(file.locate()) for file in files}
    return sum(path.stat().st_size for path in paths if path.is_file())


def main():
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    names = set(re.findall(r"^([A-Za-z0-9._-]+)==", locked, re.MULTILINE))
    sizes = sorted(((size(name), name) for name in names), reverse=True)
    own = sum(
        path.stat().st_size
        for folder in ("service_map", "geodata", "static", "templates")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    packages = sum(held for held, _ in sizes)
    print(f"{len(names)} packages, {packages / MEGABYTE:.0f} MB; the program {own / MEGABYTE:.0f} MB")
    print("largest: " + ", ".join(f"{name} {held / MEGABYTE:.0f}" for held, name in sizes[:6]) + " MB")


if __name__ == "__main__":
    main()
