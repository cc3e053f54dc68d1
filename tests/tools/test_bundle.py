"""``make bundle`` and its installer: a real archive is installed, upgraded and taken back where there is no network.

The suite's own archive holds the program alone and borrows the packages of the environment that the tests run in;
``make bundle-test`` runs the same tests with the whole archive.
"""

import contextlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
from real_server import fetch, free_port, serving

ROOT = Path(__file__).resolve().parents[2]
PYTHON = "{}.{}".format(*sys.version_info)
_SPEC = importlib.util.spec_from_file_location("bundle", ROOT / "tools" / "bundle.py")
bundle = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(bundle)


def cut_off():
    """What goes before a command so that it has no network but its own loopback, and whether the system can do that."""
    words = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    with contextlib.suppress(OSError):
        if not subprocess.run([*words, "true"], check=False, capture_output=True).returncode:
            return words
    return []


def borrowed(into):
    """A wheel that lets an environment see the packages of this one, and has the program of one of them."""
    about = "borrowed-1.0.dist-info"
    files = {
        "borrowed.pth": sysconfig.get_path("purelib") + "\n",
        "borrowed-1.0.data/scripts/gunicorn": "#!python\nfrom gunicorn.app.wsgiapp import run\nrun()\n",
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: borrowed\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{about}/RECORD"))
    with zipfile.ZipFile(into / "borrowed-1.0-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100755 << 16
            wheel.writestr(entry, text)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Wheels of all that the program needs but the program: of the archive that BUNDLE names, else borrowed."""
    folder = tmp_path_factory.mktemp("wheels")
    if archive := os.environ.get("BUNDLE"):
        with tarfile.open(archive) as tar:
            for entry in tar:
                name = Path(entry.name).name
                if name.endswith(".whl") and not name.startswith("service_map-"):
                    (folder / name).write_bytes(tar.extractfile(entry).read())
        return folder
    places = (
        Path(sys.base_prefix, "lib", f"python{PYTHON}", "ensurepip", "_bundled"),
        Path("/usr/share/python-wheels"),
    )
    pip = next((wheel for place in places for wheel in sorted(place.glob("pip-*.whl"))), None)
    if pip is None:
        pytest.skip("this Python brings no wheel of pip: apt-get install python3-venv")
    shutil.copy(pip, folder)
    borrowed(folder)
    return folder


def write_program(into, version, **changed):
    """The sources of the program under another number, with files that are read otherwise."""
    bundle.sources(into)
    settings = into / "pyproject.toml"
    settings.write_text(re.sub(r'(?m)^version = ".*"$', f'version = "{version}"', settings.read_text("utf-8")), "utf-8")
    for name, change in changed.items():
        path = into / {"commitments": "geodata/commitments.jsonl", "home": "templates/home.html"}[name]
        path.write_text(change(path.read_text("utf-8")), "utf-8")


@pytest.fixture(scope="module")
def make(wheels, tmp_path_factory):
    """Make the archive of a version, and unpack it."""

    def unpacked(version, **changed):
        folder = tmp_path_factory.mktemp(f"v{version}")
        program, all_wheels = folder / "program", folder / "wheels"
        program.mkdir()
        write_program(program, version, **changed)
        shutil.copytree(wheels, all_wheels, copy_function=os.link)
        bundle.PIP = Path(sys.executable).with_name("pip")
        try:
            bundle.build(sys.executable, program, all_wheels)
        except subprocess.CalledProcessError:
            pytest.skip("no package index can be reached, from which the program's build backend would come")
        archive = bundle.pack(program, all_wheels, PYTHON, folder)
        assert f"-{version}-py{PYTHON}-" in archive.name
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        return folder / archive.name.removesuffix(".tar")

    return unpacked


@pytest.fixture(scope="module")
def first(make):
    return make("0.1.1")


def run(where, home, *words):
    """Start the installer of a folder, as an office does; without a network."""
    path = f"{sys.base_prefix}/bin:/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin:/bin"
    nowhere = {"PIP_NO_INDEX": "1", "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    return subprocess.run(
        [*cut_off(), where / "install.sh", *words, "--to", home], capture_output=True, text=True, check=False,
        env={"PATH": path, "LANG": "C.UTF-8", "SERVICE_MAP_SETTINGS": str(home / "settings"), **nowhere},
    )  # fmt: skip


@contextlib.contextmanager
def site(home):
    """The site of what is current, started as the unit for systemd says."""
    unit = (
        (home / "current" / "deploy" / "service-map.service").read_text("utf-8").replace("/opt/service-map", str(home))
    )
    port, said = (
        free_port(),
        dict(re.findall(r"^(ExecStart|ExecStartPre|Environment|WorkingDirectory)=-?(.*)$", unit, re.MULTILINE)),
    )
    place = f"http://127.0.0.1:{port}"
    environment = {"PATH": os.defpath, "PORT": str(port), "WEB_CONCURRENCY": "1", "COMPUTE_PROCESSES": "0"}
    environment |= dict(pair.split("=", 1) for pair in said["Environment"].split())
    folder = said["WorkingDirectory"]
    before = subprocess.run(
        said["ExecStartPre"].split(), env=environment, cwd=folder, capture_output=True, text=True, check=True
    )
    assert "up to date" in before.stderr
    with serving(said["ExecStart"].split(), ready=f"{place}/readyz", env=environment, cwd=folder):
        yield place


def told(place, facility):
    return json.loads(fetch(f"{place}/api/facilities/{facility}")[0])["properties"]["status"]


def program(home, *words, **environment):
    """What an operator has the program of what is current do, with the settings of the service."""
    environment = {"PATH": os.defpath, "SERVICE_MAP_SETTINGS": str(home / "settings"), **environment}
    command = [home / "current" / "service-map", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=home)


def report_open(home, facility):
    """What an operator does when a facility has opened."""
    (home / "opened.csv").write_text(f"id,status,date,source\n{facility},open,2026-01,县发改局\n", encoding="utf-8")
    assert program(home, "import", "statuses", "opened.csv").returncode == 0
    assert program(home, "build").returncode == 0


def test_an_archive_installs_upgrades_and_goes_back_without_a_network(make, first, tmp_path):
    home = tmp_path / "home"
    done = run(first, home)
    assert done.returncode == 0, done.stderr
    old = (home / "current").resolve()
    features = json.loads((old / "geodata" / "facilities.geojson").read_text("utf-8"))["features"]
    one, other = [item["id"] for item in features if item["properties"]["status"] == "planned"][:2]
    report_open(home, one)

    with site(home) as before:
        assert "<title>" in fetch(f"{before}/")[0].decode()
        assert told(before, one) == "open"

        second = make("0.1.2")
        done = run(second, home)
        assert done.returncode == 0, done.stderr
        new = (home / "current").resolve()
        assert new.name.startswith("0.1.2-")
        assert told(before, one) == "open"  # who still runs goes on with its own data
        assert "0.1.2" in program(home, "--version").stdout
    with site(home) as after:
        assert (told(after, one), told(after, other)) == ("open", "planned")

    # One that does not pass its own check, and one whose first page is broken: each is told, and nothing changes.
    for broken, reason in (
        (make("0.1.3", commitments=lambda text: text.replace('"repeats": null', '"repeats": "nowhere"', 1)), "nowhere"),
        (make("0.1.4", home=lambda text: text + "{% if %}"), "500"),
    ):
        done = run(broken, home)
        assert done.returncode == 1
        assert reason in done.stderr
        assert f"still current: {new.name}" in done.stdout
        assert (home / "current").resolve() == new
        assert {path.name for path in (home / "versions").iterdir()} == {old.name, new.name}

    report_open(home, other)
    done = run(home / "current", home, "rollback")
    assert done.returncode == 0, done.stderr
    assert (home / "current").resolve() == old
    with site(home) as back:
        # What was imported after the upgrade went along.
        assert (told(back, one), told(back, other)) == ("open", "open")
    assert run(home / "current", home, "rollback").returncode == 1

    # Installing and every command take the settings of the service; what is given with a command goes before them.
    (home / "settings").write_text('# threads\nTHREADS="65"\n', encoding="utf-8")
    assert "THREADS" in program(home, "build").stderr
    assert program(home, "build", THREADS="4").returncode == 0
    done = run(second, home)
    assert (done.returncode, "THREADS" in done.stderr) == (1, True)
    assert (home / "current").resolve() == old
    (home / "settings").unlink()

    # Data that the version before cannot use stay where they are, and going back is possible all the same.
    assert run(second, home).returncode == 0
    later = (home / "current").resolve()
    (later / "geodata" / "standards.toml").write_text("[[rule", encoding="utf-8")
    done = run(later, home, "rollback")
    assert done.returncode == 0
    assert "standards.toml" in done.stderr
    assert f"stays in {later}/geodata" in done.stdout
    assert "no longer needed" not in done.stdout
    assert (home / "current").resolve() == old
    with site(home) as back:
        assert told(back, one) == "open"


def test_the_same_sources_give_the_same_archive(wheels, tmp_path):
    program = tmp_path / "program"
    program.mkdir()
    write_program(program, "0.1.1")
    made = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        for path in sorted(program.rglob("*")):
            os.utime(path)
        made.append(bundle.pack(program, wheels, PYTHON, tmp_path / name).read_bytes())
    assert made[0] == made[1]


def copied(first, into):
    return shutil.copytree(first, into, copy_function=os.link, symlinks=True)


def replace(path, old, new):
    """Write a file anew, so that others that share its bytes keep theirs."""
    data = path.read_bytes()
    assert old in data
    path.unlink()
    path.write_bytes(data.replace(old, new))


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        (("about", f"PYTHON={PYTHON}".encode(), b"PYTHON=3.99"), 2, f"needs Python 3.99, the machine has: {PYTHON}"),
        (("about", b"MACHINE=", b"MACHINE=not-"), 1, "this bundle is for linux not-"),
        (("about", b"GLIBC=", b"GLIBC=99."), 1, "needs glibc 99."),
        (("deploy/nginx.conf", b"listen 80;", b"listen 81;"), 1, "is damaged, copy it again: deploy/nginx.conf"),
    ],
    ids=["python", "machine", "glibc", "damaged"],
)  # fmt: skip
def test_what_does_not_fit_is_said_in_words(first, tmp_path, changed, code, words):
    unpacked, (file, old, new) = copied(first, tmp_path / "bundle"), changed
    path = unpacked / file
    if b"GLIBC=\n" in path.read_bytes() and b"GLIBC" in old:  # the borrowed packages name none
        old, new = old + b"\n", new + b"0\n"
    replace(path, old, new)
    done = run(unpacked, tmp_path / "home")
    assert done.returncode == code
    assert words in done.stderr
    assert not (tmp_path / "home" / "current").exists()


def test_the_oldest_glibc_is_that_of_the_most_demanding_wheel():
    assert bundle.oldest_glibc(["a-1-py3-none-any.whl"]) == ""
    assert bundle.oldest_glibc([
        "a-1-cp311-cp311-manylinux2014_x86_64.manylinux_2_28_x86_64.whl",
        "b-1-cp311-cp311-manylinux_2_26_x86_64.manylinux_2_28_x86_64.whl",
    ]) == "2.26"  # fmt: skip
