"""What the locked packages bring with them: licences, age, whether they install, known weaknesses: ``make audit``.

Everything a person decided stands in ``packages.toml`` beside this file. Ends with 1 where a licence is on no list
there, a lock does not install, or an advisory stands open. What could not be asked is said and fails nothing.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from packaging import utils
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / "var" / "tools" / "bin"
LOCKS = (ROOT / "requirements.lock", ROOT / "requirements-test.lock")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
STALE = timedelta(days=731)
Table = Mapping[str, Any]
# An expression longer than this is the licence's own text, which only a person reads.
NAME_LENGTH = 60


def locked(text: str) -> dict[str, set[str]]:
    """Read names and versions of a lock; a name may have several, for several versions of Python."""
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;]+)", text, re.MULTILINE):
        pins.setdefault(_name(name), set()).add(version)
    return pins


def _name(text: str) -> str:
    return utils.canonicalize_name(text)


# --- licences ---------------------------------------------------------------------------------------------------------


def licence_of(row: Table, known: Table) -> str | None:
    """Give a package's licence as an SPDX expression, from what pip-licenses reads of its metadata.

    Parameters
    ----------
    row
        ``Name``, ``License-Expression``, ``License-Metadata`` and ``License-Classifier``; ``UNKNOWN`` where none is.
    known
        ``packages.toml``: ``words`` and ``unclear``. A person's reading goes before the metadata.

    Returns
    -------
    str or None
        None where nothing of it is a licence's name.
    """
    for reading in known["unclear"]:
        if _name(reading["name"]) == _name(row["Name"]):
            return str(reading["licence"])
    for field in ("License-Expression", "License-Metadata", "License-Classifier"):
        told = row[field].strip()
        if told == "UNKNOWN" or len(told) > NAME_LENGTH:
            continue
        try:
            return str(canonicalize_license_expression(known["words"].get(told, told)))
        except InvalidLicenseExpression:
            continue
    return None


def licence_faults(pins: Iterable[str], shipped: Iterable[str], rows: Iterable[Table], known: Table) -> list[str]:
    """Say of each locked package whose licence is not on the list what stands in its way.

    Of a choice of licences (``OR``) every one must be allowed; a person who chooses notes it under ``unclear``.
    """
    lists, sent = known["licences"], set(shipped)
    allowed = {*lists["usual"], *lists["unusual"]}
    readings = {_name(row["Name"]): row for row in rows}
    unclear = {_name(row["name"]): row["licence"] for row in known["unclear"]}
    faults = []
    for name in sorted(pins):
        licence = licence_of(readings[name], known) if name in readings else unclear.get(name)
        if licence is None:
            told = "is not installed here" if name not in readings else "says no licence by a name that is known"
            faults.append(f"{name} {told}: read it and note it under [[unclear]]")
            continue
        parts = set(re.findall(r"[A-Za-z0-9.+-]+", licence)) - {"AND", "OR", "WITH"}
        if more := sorted(parts - allowed - (set() if name in sent else set(lists["unshipped"]))):
            faults.append(
                f"{name}: {', '.join(more)} is not on the list" + (" of what may be shipped" * (name in sent))
            )
    return faults


def installed_licences() -> list[Table]:
    """Ask pip-licenses about the environment that the tests run in."""
    command: list[str | Path] = [
        TOOLS / "pip-licenses",
        f"--python={sys.executable}",
        "--from=all",
        "--format=json",
        "--with-system",
    ]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # type: ignore[no-any-return]


# --- the index --------------------------------------------------------------------------------------------------------


def index_address() -> str:
    """Give the index that pip is set up to ask, else pip's own. It may hold a password: never print it."""
    listing = subprocess.run([TOOLS / "pip", "config", "list"], check=True, capture_output=True, text=True).stdout
    told = dict(re.findall(r"^(\S+)=(.*)$", listing, re.MULTILINE))
    for key in (":env:.index-url", "install.index-url", "global.index-url"):
        if key in told:
            return str(ast.literal_eval(told[key])).rstrip("/")
    own = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    return subprocess.run(
        [TOOLS / "python", "-c", own], check=True, capture_output=True, text=True
    ).stdout.strip().rstrip("/")  # fmt: skip


def last_release(name: str, index: str) -> datetime | None:
    """Ask an index when something of a package was last uploaded.

    Parameters
    ----------
    name
        The package, as a lock writes it.
    index
        Address of the index, answering as PEP 691 and PEP 700 say.

    Returns
    -------
    datetime or None
        None where the index does not say.

    Raises
    ------
    requests.RequestException
        Where it cannot be reached, or does not know the package.
    """
    answer = requests.get(
        f"{index}/{name}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}, timeout=120
    )  # fmt: skip
    answer.raise_for_status()
    times = [file["upload-time"] for file in answer.json()["files"] if file.get("upload-time")]
    return max(map(datetime.fromisoformat, times), default=None)


def releases(names: Sequence[str], index: str) -> dict[str, datetime | None] | None:
    """Ask about many packages; None where the index cannot be reached or does not answer in that form."""
    try:
        last_release(names[0], index)
        with ThreadPoolExecutor(8) as several:
            return dict(zip(names, several.map(lambda name: last_release(name, index), names), strict=True))
    except (requests.RequestException, KeyError):
        return None


def stale(released: Mapping[str, datetime | None], known: Table, today: datetime) -> list[str]:
    """Say which packages have had no release for two years, oldest first, and what would take their place."""
    instead = {_name(row["name"]): row["instead"] for row in known["stale"]}
    old = sorted((when, name) for name, when in released.items() if when is not None and today - when > STALE)
    lines = [f"{name} {when:%Y-%m-%d}: {instead.get(name, 'NO ROW under [[stale]] says what would take its place')}"
             for when, name in old]  # fmt: skip
    silent = sorted(name for name, when in released.items() if when is None)
    idle = sorted(set(instead) - {name for _, name in old} - set(silent))
    return [
        *lines,
        *(f"{name}: the index does not say when" for name in silent),
        *(f"{name}: its row under [[stale]] is no longer needed" for name in idle),
    ]


# --- installing -------------------------------------------------------------------------------------------------------


def interpreter(version: str) -> str | None:
    """Find a Python of a version that runs: on the path, or beside pyenv's others."""
    home = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for program in (shutil.which(f"python{version}"), *sorted(home.glob(f"versions/{version}.*/bin/python{version}"))):
        if program and not subprocess.run([program, "-c", ""], check=False, capture_output=True).returncode:
            return str(program)
    return None


def resolves(lock: Path, version: str, known: Table, index: str) -> str:
    """Say why a lock's packages have no wheels for a version of Python or do not go together; nothing where they do."""
    wheels = [
        f"--only-binary={name}" for name in locked(lock.read_text("utf-8")) if name not in known["source"]["only"]
    ]
    command: list[str | Path] = [
        "--dry-run",
        "--require-hashes",
        "--python-version",
        version,
        *wheels,
        "--target",
        ROOT / "var" / "none",
    ]
    return _uv("pip", "install", *command, "-r", lock, index=index)


def installs(version: str, program: str, index: str) -> str:
    """Install what is shipped with a Python, for real, and have the program build its database; say what went wrong."""
    place = ROOT / "var" / f"audit-{version}"
    python, database = place / "bin" / "python", place / "map.gpkg"
    try:
        if fault := _uv("venv", "--quiet", "--clear", "--python", program, place, index=index):
            return fault
        if fault := _uv(
            "pip", "install", "--quiet", "--require-hashes", "--python", python, "-r", LOCKS[0], index=index
        ):
            return fault
        environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "DATABASE_URL": f"sqlite:///{database}"}
        command: list[str | Path] = [
            python,
            "-W",
            "error::SyntaxWarning",
            "-c",
            "from service_map.cli import main; main()",
            "build",
        ]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.stderr if done.returncode else ""
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _uv(*words: str | Path, index: str) -> str:
    done = subprocess.run([TOOLS / "uv", *words], capture_output=True, text=True, check=False,
                          env={**os.environ, "UV_DEFAULT_INDEX": index})  # fmt: skip
    return done.stderr.replace(index, "(index)") if done.returncode else ""


# --- advisories -------------------------------------------------------------------------------------------------------


def advisories(report: Table, known: Table) -> tuple[int, list[str]]:
    """Read pip-audit's report: how many packages a database knew, and what stands open against them."""
    asked = [row for row in report["dependencies"] if "skip_reason" not in row]
    found = [(row, fault) for row in asked for fault in row["vulns"]]
    lines = [f"{row['name']} {row['version']}: {fault['id']}, mended in {' '.join(fault['fix_versions']) or 'none'}"
             for row, fault in found if fault["id"] not in known["advisories"]]  # fmt: skip
    return len(asked), lines


def ask_advisories(lock: Path) -> Table | None:
    """Have pip-audit ask its databases about a lock; None where it reaches none."""
    for service in ("pypi", "osv"):
        command: list[str | Path] = [
            TOOLS / "pip-audit", "--vulnerability-service", service, "--requirement", lock, "--require-hashes",
            "--disable-pip", "--format=json", "--progress-spinner=off",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        try:
            report = json.loads(done.stdout)
        except json.JSONDecodeError:
            continue
        if any("skip_reason" not in row for row in report["dependencies"]):
            return report  # type: ignore[no-any-return]
    return None


def main() -> None:
    """Print what was found, a chapter each, and end with 1 where something must not be shipped."""
    known = tomllib.loads(Path(__file__).with_name("packages.toml").read_text("utf-8"))
    shipped, every = (locked(lock.read_text("utf-8")) for lock in LOCKS)
    every = {**shipped, **every}
    index = index_address()
    faults = licence_faults(every, shipped, installed_licences(), known)
    _say(f"licences of {len(every)} packages, {len(shipped)} of them shipped", faults, "all on the list")

    released = releases(sorted(every), index)
    if released is None:
        print("== releases: the index cannot be reached, or does not say when; nothing is known")
    else:
        _say("packages without a release for two years", stale(released, known, datetime.now(UTC)), "none")

    for version in PYTHONS:
        program = interpreter(version)
        bad = [f"{lock.name}: {fault}" for lock in LOCKS if (fault := resolves(lock, version, known, index))]
        if program and not bad and (fault := installs(version, program, index)):
            bad.append(f"{LOCKS[0].name}: {fault}")
        how = (
            "installed, and the program builds"
            if program
            else "wheels of both locks found; not installed, no such Python here"
        )
        _say(f"Python {version}", bad, how)
        faults += bad

    for lock in LOCKS:
        report = ask_advisories(lock)
        if report is None:
            print("== advisories: no database can be reached; nothing is known")
            break
        number, open_ = advisories(report, known)
        _say(f"advisories on {number} packages of {lock.name}", open_, "none")
        faults += open_
    sys.exit(1 if faults else 0)


def _say(title: str, lines: Sequence[str], nothing: str) -> None:
    print(f"== {title}" + ("" if lines else f": {nothing}"))
    for line in lines:
        print(f"  {line.strip()}")


if __name__ == "__main__":
    main()
