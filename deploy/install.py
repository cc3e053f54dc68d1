"""Installs a bundle without a network, upgrades an older version, goes back to it: started by ``install.sh``.

Each version has a folder of its own with program, open data and database; ``current`` is a link to one of them, and is
put over to another at one stroke, after that one has built its database, passed ``check`` and answered pages::

    current -> versions/0.2.0-1a2b3c4d
    versions/0.2.0-1a2b3c4d/{.venv,deploy,geodata,var,service-map,install.sh,previous -> ../0.1.0-…}

What the operator brought into ``geodata/`` (imports, edited files) goes along, both ways. Whatever fails leaves the
link as it was. Needs nothing but Python's own library.
"""

import argparse
import fcntl
import filecmp
import hashlib
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

BUNDLE = Path(__file__).resolve().parent
# Made from the others by every refresh, so it is never the operator's own.
DERIVED = {"facilities.geojson"}
TRIES = 600
# Of a failed command so much is shown.
LAST_LINES = 12


class Refusal(Exception):  # noqa: N818 - nothing erred: it is told why not
    """Why nothing was put in place, in Chinese and English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")


def main() -> None:
    """Do what the command line asks, and end with 1 and the reason where it cannot be done."""
    parser = argparse.ArgumentParser(
        prog="install.sh", description="安装或升级；rollback 退回上一版 installs or upgrades; rollback goes back"
    )
    parser.add_argument("what", nargs="?", choices=["install", "rollback"], default="install")
    parser.add_argument("--to", type=Path, default=Path("/opt/service-map"), metavar="DIR", help="%(default)s")
    asked = parser.parse_args()
    os.umask(0o022)
    home = asked.to.resolve()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with (home / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Refusal("另一次安装正在进行", "another installation is at work") from None
            # What is started from here holds the lock too, so that it is not written over when this program is killed.
            os.set_inheritable(lock.fileno(), True)
            (install if asked.what == "install" else rollback)(home)
    except (Refusal, OSError) as error:
        print(f"install: {error}", file=sys.stderr)
        if current := _linked(home / "current"):
            _say(f"仍在使用 {current.name}", f"still current: {current.name}")
        sys.exit(1)


def install(home: Path) -> None:
    """Put this bundle's version in place, with what the operator brought into the one before.

    Raises
    ------
    Refusal
        When the bundle is damaged or does not suit the machine, or the new version fails its check. What was current
        stays so.
    """
    if not (BUNDLE / "SHA256SUMS").exists():
        raise Refusal(
            "这里只能 rollback；安装请在解开的安装包中进行", "here is rollback alone; install from an unpacked bundle"
        )
    about = _about()
    _verify(about)
    name = f"{about['VERSION']}-{_digest(BUNDLE / 'SHA256SUMS')[:8]}"
    place, before = home / "versions" / name, _linked(home / "current")
    if place == before:
        _say(f"{name} 已在使用", f"{name} is current already")
        return
    try:
        if not (place / "var").is_dir():  # else it was in use before, and its program is whole
            _lay_out(place)
        _say(f"试用 {name}", f"trying {name}")
        renew(place, before)
    except BaseException:
        if not (place / "var").is_dir():
            shutil.rmtree(place, ignore_errors=True)
        raise
    (place / "previous").unlink(missing_ok=True)
    if before is not None:
        (place / "previous").symlink_to(Path("..", before.name))
    _switch(home, place, before)


def _lay_out(place: Path) -> None:
    """Install the program of a version into its folder, and what an operator needs beside it."""
    _say(f"安装 {place.name}", f"installing {place.name}")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    _install_program(place)
    for part in ("install.sh", "install.py", "about", "deploy", "operators.md"):
        (shutil.copytree if (BUNDLE / part).is_dir() else shutil.copy2)(BUNDLE / part, place / part)
    shutil.copy2(BUNDLE / "deploy" / "service-map", place / "service-map")


def rollback(home: Path) -> None:
    """Go back to the version before, with what the operator has brought in since, where it takes that.

    Raises
    ------
    Refusal
        When there is none.
    """
    current = _linked(home / "current")
    before = None if current is None else _linked(current / "previous")
    if before is None:
        raise Refusal("没有可退回的上一版", "there is no version to go back to")
    try:
        renew(before, current)
    except Refusal as error:
        print(f"install: {error}", file=sys.stderr)
        _say(f"退回时的数据是升级前的；此后导入的留在 {current}/geodata",
             f"its data are from before the upgrade; what was imported since stays in {current}/geodata")  # fmt: skip
    _switch(home, before, current)


def renew(place: Path, other: Path | None) -> None:
    """Make a version's open data and database anew, with what the operator brought into another version, and ask them.

    Parameters
    ----------
    place
        Folder of the version, whose program is installed. What it has of data is replaced when all is well.
    other
        Folder of the version whose operator's files go along; None: there is none.

    Raises
    ------
    Refusal
        When the data cannot be built, do not pass ``check``, or the site does not answer with them.
    """
    with tempfile.TemporaryDirectory(dir=place, prefix="new.") as folder:
        geodata, var, empty = (Path(folder, part) for part in ("geodata", "var", "none"))
        shutil.copytree(shipped(place), geodata)
        var.mkdir()
        empty.mkdir()
        brought = {} if other is None else own(other)
        for name, path in brought.items():
            if path.is_dir():
                shutil.copytree(path, geodata / name, dirs_exist_ok=True)
            else:
                shutil.copy2(path, geodata / name)
        database = f"sqlite:///{var}/service_map.gpkg"
        environment = {**os.environ, "GEODATA_DIR": str(geodata), "DATABASE_URL": database}
        if other is not None and brought:
            _say(f"带上 {'、'.join(brought)}", f"brought along: {', '.join(brought)}")
            _warn_of_both(place, other, brought)
            # Lays the operator's points and statuses over the facilities of this version.
            _run(place, "refresh", "--plans", empty, "--keep", env=environment)
        _run(place, "build", env=environment)
        _run(place, "check", env=environment)
        _ask(place, environment)
        for part in (geodata, var):
            shutil.rmtree(place / part.name, ignore_errors=True)
            part.rename(place / part.name)


def own(place: Path) -> dict[str, Path]:
    """Give what stands in a version's open data and was not shipped so: the operator's imports and edits."""
    home = shipped(place)
    return {
        path.name: path
        for path in sorted((place / "geodata").iterdir())
        if path.name not in DERIVED and not (path.is_file() and _same(path, home / path.name))
    }


def shipped(place: Path) -> Path:
    """Give the open data as a version's program brought it.

    Raises
    ------
    Refusal
        When the program is not whole.
    """
    found = next(place.glob(".venv/lib/python*/site-packages/service_map/_data/geodata"), None)
    if found is None:
        raise Refusal(f"{place} 中没有程序", f"there is no program in {place}")
    return found


def _warn_of_both(place: Path, other: Path, brought: Mapping[str, Path]) -> None:
    theirs, before = shipped(place), shipped(other)
    for name in brought:
        if (theirs / name).is_file() and not _same(theirs / name, before / name):
            kept = theirs / name
            _say(f"（提醒）{name} 您改过，新版也改了：沿用您的，新版的在 {kept}",
                 f"warning: {name} was changed by you and in the new version: yours stays, theirs: {kept}")  # fmt: skip


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and filecmp.cmp(one, other, shallow=False)


def _about() -> dict[str, str]:
    return dict(line.split("=", 1) for line in (BUNDLE / "about").read_text("utf-8").splitlines())


def _verify(about: Mapping[str, str]) -> None:
    """Refuse a bundle for another machine, and one that did not arrive as it was made."""
    for_it, here = f"{about['SYSTEM']} {about['MACHINE']}", f"{sys.platform} {platform.machine()}"
    if for_it != here:
        raise Refusal(f"本安装包用于 {for_it}，本机是 {here}", f"this bundle is for {for_it}, the machine is {here}")
    kind, version = platform.libc_ver()
    if about["GLIBC"] and (kind != "glibc" or _numbers(version) < _numbers(about["GLIBC"])):
        raise Refusal(
            f"本安装包需要 glibc {about['GLIBC']} 或更新，本机是 {kind or '别的 C 库'} {version}",
            f"this bundle needs glibc {about['GLIBC']} or newer, not {kind or 'another C library'} {version}",
        )
    for line in (BUNDLE / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, name = line.split("  ", 1)
        if not (BUNDLE / name).is_file() or _digest(BUNDLE / name) != digest:
            raise Refusal(f"安装包已损坏，请重新复制：{name}", f"the bundle is damaged, copy it again: {name}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _install_program(place: Path) -> None:
    """Make the version's environment from the wheels alone; pip runs from its own wheel, so Debian's venv is enough."""
    _command(sys.executable, "-m", "venv", "--without-pip", place / ".venv")
    (pip,) = (BUNDLE / "wheels").glob("pip-*.whl")
    _command(
        place / ".venv" / "bin" / "python", pip / "pip", "--isolated", "install", "--quiet", "--no-index", "--no-deps",
        "--no-cache-dir", "--disable-pip-version-check", "--root-user-action=ignore", "--find-links", BUNDLE / "wheels",
        "--require-hashes", "--requirement", BUNDLE / "requirements.txt",
        env={**os.environ, "PIP_CONFIG_FILE": os.devnull},
    )  # fmt: skip


def _run(place: Path, *words: str | Path, env: Mapping[str, str]) -> None:
    """Run the program with the settings of the service, but for those given."""
    _command(place / "service-map", *words, env=env)


def _command(*words: str | Path, env: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
        close_fds=False,
    )  # fmt: skip
    if done.returncode:
        told = "\n".join(done.stdout.splitlines()[-LAST_LINES:])
        what = " ".join(Path(word).name for word in map(str, words[:3]))
        raise Refusal(f"{what} 失败", f"{what} failed:\n{told}")


def _ask(place: Path, environment: Mapping[str, str]) -> None:
    """Serve the new data on a port of this machine alone, and ask for readiness, the first page and one facility."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    site = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile("w+") as words:
        server = subprocess.Popen(
            [place / "service-map", "serve"], stdout=words, stderr=subprocess.STDOUT,
            env={**environment, "HOST": "127.0.0.1", "PORT": str(port), "METRICS": "0", "NETWORK": "",
                 "COMPUTE_PROCESSES": "0"},
        )  # fmt: skip
        try:
            _await(f"{site}/readyz", server)
            for path in ("/", "/api/facilities?limit=1"):
                _fetch(site + path)
        except OSError as error:
            words.seek(0)
            told = "\n".join(words.read().splitlines()[-LAST_LINES:])
            raise Refusal(f"新版不能应答：{error}", f"the new version does not answer: {error}\n{told}") from error
        finally:
            server.terminate()
            server.wait()


def _await(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(TRIES):
        try:
            _fetch(address)
        except URLError as error:
            if server.poll() is not None:
                raise OSError(f"exit {server.returncode}") from error
            time.sleep(0.2)
        else:
            return
    raise OSError(f"{address}: no answer")


def _fetch(address: str) -> None:
    """Read an answer to its end, whatever proxy the environment names."""
    with build_opener(ProxyHandler({})).open(address, timeout=120) as answer:
        answer.read()


def _linked(link: Path) -> Path | None:
    return link.resolve() if link.is_symlink() and link.exists() else None


def _switch(home: Path, place: Path, left: Path | None) -> None:
    """Put ``current`` over: a rename, so that whoever looks sees the one version or the other."""
    new = home / ".current"
    new.unlink(missing_ok=True)
    new.symlink_to(place.relative_to(home))
    new.replace(home / "current")
    _say(
        f"现用 {place.name}；请重启服务：systemctl restart service-map",
        f"now current: {place.name}; restart the service",
    )
    kept = {place, left, _linked(place / "previous")}
    if spare := [path.name for path in sorted((home / "versions").iterdir()) if path not in kept]:
        _say(f"更早的可删：{'、'.join(spare)}", f"no longer needed in {home}/versions: {', '.join(spare)}")


def _say(zh: str, en: str) -> None:
    print(f"{zh} / {en}", flush=True)


if __name__ == "__main__":
    main()
