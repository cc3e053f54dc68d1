"""Makes one archive that installs the program where no package index can be reached: ``make bundle``.

The archive holds a wheel of every locked package and of the program itself, ``deploy/`` with the installer, and
checksums; its name says for which Python and machine. It is made of the files that git knows, and of nothing that an
operator has beside them: the same files and the same lock give the same bytes.
"""

import argparse
import hashlib
import io
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PIP = ROOT / "var" / "tools" / "bin" / "pip"
# The time of every file in it, and what build backends write into wheels: 2020-02-02, as hatchling's own.
EPOCH = 1_580_601_600
SOURCES = ("service_map", "geodata", "static", "templates", "deploy", "pyproject.toml", "README.md", "LICENSE")
OLD_NAMES = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}


def sources(into: Path) -> None:
    """Lay out the program's files that git knows, as they stand; in a folder without git, all of them."""
    names = [*SOURCES, "docs/operators.md"]
    listing = subprocess.run(["git", "ls-files", "-z", *names], cwd=ROOT, capture_output=True, check=False)
    if listing.returncode:
        files = [
            path for name in names for path in ((ROOT / name).rglob("*") if (ROOT / name).is_dir() else [ROOT / name])
        ]
    else:
        files = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    for path in files:
        if path.is_file() and "__pycache__" not in path.parts:
            target = into / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


def gather(python: str, lock: Path, tools_lock: Path, into: Path) -> None:
    """Fetch a wheel of every locked package for a Python, and of pip; build those that the index has no wheel of.

    Parameters
    ----------
    python
        The interpreter whose version and machine the wheels are for; it needs no pip.
    lock, tools_lock
        Locks with hashes: all of the first are fetched, of the second pip alone.
    into
        Folder for the wheels.
    """
    pip = re.search(r"^pip==.*(?:\n    --hash.*)*", tools_lock.read_text("utf-8"), re.MULTILINE)
    if pip is None:
        sys.exit(f"{tools_lock} pins no pip")
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "requirements.txt")
        wanted.write_text(f"{lock.read_text('utf-8')}\n{pip[0]}\n", "utf-8")
        _pip(python, "download", "--no-deps", "--require-hashes", "--dest", folder, "--requirement", wanted)
        for path in sorted(Path(folder).iterdir()):
            if path.suffix == ".whl":
                shutil.move(path, into)
            elif path != wanted:
                build(python, path, into)


def build(python: str, source: Path, into: Path) -> None:
    """Build a wheel, of the program or of a package that has none on the index: the same bytes each time."""
    _pip(python, "wheel", "--no-deps", "--no-cache-dir", "--wheel-dir", into, source)


def _pip(python: str, *words: str | Path) -> None:
    command = [PIP, "--python", python, *words, "--quiet", "--disable-pip-version-check"]
    subprocess.run(command, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)})


def oldest_glibc(wheels: Iterable[str]) -> str:
    """Give the oldest glibc that all of some wheels take, from their names (PEP 600); nothing where any will do."""
    needed = [(0, 0)]
    for name in wheels:
        new = [(int(major), int(minor)) for major, minor in re.findall(r"manylinux_(\d+)_(\d+)_", name)]
        old = [version for tag, version in OLD_NAMES.items() if f"{tag}_" in name]
        if new or old:
            needed.append(min(new + old))
    return "{}.{}".format(*max(needed)) if max(needed) > (0, 0) else ""


def pack(program: Path, wheels: Path, python: str, into: Path) -> Path:
    """Pack wheels and the program's other files into one archive.

    Parameters
    ----------
    program
        The program's sources: its ``deploy/``, its version, its page for operators.
    wheels
        Folder with a wheel of each package, of the program, and of pip.
    python
        Version of Python that the wheels are for, as ``3.11``.
    into
        Folder for the archive.

    Returns
    -------
    Path
        The archive, named for the version, the Python and the machine. The same files give the same bytes.
    """
    version = tomllib.loads((program / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    names = sorted(path.name for path in wheels.glob("*.whl"))
    files: dict[str, bytes | Path] = {f"wheels/{name}": wheels / name for name in names}
    pins = []
    for name in names:
        project, pinned = name.split("-")[:2]
        if project != "pip":
            pins.append(f"{project}=={pinned} --hash=sha256:{_digest((wheels / name).read_bytes())}\n")
    about = {"VERSION": version, "PYTHON": python, "SYSTEM": sys.platform, "MACHINE": platform.machine(),
             "GLIBC": oldest_glibc(names)}  # fmt: skip
    files |= {
        "about": "".join(f"{key}={value}\n" for key, value in about.items()).encode(),
        "requirements.txt": "".join(pins).encode(),
        "operators.md": program / "docs" / "operators.md",
        "LICENSE": program / "LICENSE",
    }
    for path in sorted((program / "deploy").iterdir()):
        if path.is_file():
            files[path.name if path.name in {"install.sh", "install.py"} else f"deploy/{path.name}"] = path
    sums = "".join(f"{_digest(_bytes(files[name]))}  {name}\n" for name in sorted(files))
    files["SHA256SUMS"] = sums.encode()
    folder = f"service-map-{version}-py{python}-{about['SYSTEM']}_{about['MACHINE']}"
    archive = into / f"{folder}.tar"
    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as tar:
        for name in sorted(files):
            data = _bytes(files[name])
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mtime = len(data), EPOCH
            entry.mode = 0o755 if name in {"install.sh", "deploy/service-map"} else 0o644
            tar.addfile(entry, io.BytesIO(data))
    return archive


def _bytes(content: bytes | Path) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def main() -> None:
    """Make the archive for a Python of this machine under ``var/bundle``, and print its name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter that the bundle is for")
    python = parser.parse_args().python
    told = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"]
    version, python = subprocess.run(told, check=True, capture_output=True, text=True).stdout.strip().split(" ", 1)
    into = ROOT / "var" / "bundle"
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into) as folder:
        program, wheels = Path(folder, "program"), Path(folder, "wheels")
        program.mkdir()
        wheels.mkdir()
        sources(program)
        gather(python, ROOT / "requirements.lock", ROOT / "requirements-tools.lock", wheels)
        build(python, program, wheels)
        archive = pack(program, wheels, version, into)
    print(
        f"{archive.relative_to(ROOT)}: {archive.stat().st_size / 2**20:.0f} MiB, sha256 {_digest(archive.read_bytes())}"
    )


if __name__ == "__main__":
    main()
