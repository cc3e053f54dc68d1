"""What keeps the house as it is: the order of the rooms, the documentation, what may not be committed."""

import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from service_map import cli, settings

ROOT = Path(__file__).resolve().parents[1]
ROOMS = [
    "errors",
    "settings",
    "catalogue",
    "io",
    "plans",
    "places",
    "coverage",
    "store",
    "analysis",
    "national",
    "web",
    "worker",
    "cli",
]


def tracked():
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listing.decode().split("\0") if name and (ROOT / name).is_file()]


def lint_imports(root):
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program], cwd=root, capture_output=True, text=True, check=False)


def test_each_room_imports_only_the_rooms_before_it():
    answer = lint_imports(ROOT)
    assert answer.returncode == 0, answer.stdout


def test_an_import_against_the_order_is_noticed(tmp_path):
    shutil.copytree(ROOT / "service_map", tmp_path / "service_map", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    catalogue = tmp_path / "service_map" / "catalogue" / "__init__.py"
    catalogue.write_text(catalogue.read_text(encoding="utf-8") + "\nimport service_map.web\n", encoding="utf-8")
    answer = lint_imports(tmp_path)
    assert answer.returncode != 0
    assert "service_map.catalogue" in answer.stdout
    assert "service_map.web" in answer.stdout


def test_two_files_that_import_each_other_are_noticed(tmp_path):
    shutil.copytree(ROOT / "service_map", tmp_path / "service_map", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    demand = tmp_path / "service_map" / "coverage" / "demand.py"
    lazy = "\n\ndef _late():\n    from service_map.coverage import gaps\n"
    demand.write_text(demand.read_text(encoding="utf-8") + lazy, encoding="utf-8")
    answer = lint_imports(tmp_path)
    assert answer.returncode != 0
    assert "service_map.coverage" in answer.stdout


def test_the_order_holds_for_every_room_there_is():
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"][
        0
    ]
    assert [name.removeprefix("service_map.") for name in reversed(layers["layers"])] == ROOMS
    there = {path.stem for path in (ROOT / "service_map").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert there - {"__init__", "__pycache__", "_data"} == set(ROOMS)


# What tells the time or how busy the machine is; a wait that only ends what hangs is at least PATIENCE_S long.
CLOCKS = re.compile(
    r"perf_counter|process_time|thread_time|monotonic\(|time\.time\(|timeit|getloadavg|"
    r"performance\.now|getEntriesByType|getMetrics"
)
PATIENCE_S = 120


def clocks(text):
    """What reads a clock in a test, or gives up sooner than a busy machine may need."""
    waits = re.findall(r"\btimeout=(\d+(?:\.\d+)?)\b", text)
    return CLOCKS.findall(text) + [f"timeout={wait}" for wait in waits if float(wait) < PATIENCE_S]


def test_no_test_reads_a_clock():
    """Another program that keeps the machine busy fails no test: work is counted there, seconds stand in benchmarks/."""
    for path in tracked():
        if path.relative_to(ROOT).parts[0] == "tests" and path.suffix == ".py" and path != Path(__file__).resolve():
            found = clocks(path.read_text(encoding="utf-8"))
            assert not found, (
                f"{path.relative_to(ROOT)} reads a clock or gives up in under {PATIENCE_S} s ({', '.join(found)}): "
                "count calls (fixture calls_of), queries, bytes or nodes there, and print the seconds in benchmarks/"
            )


@pytest.mark.parametrize(
    "line", ["begun = time.perf_counter()", "page.evaluate('performance.now()')", "child.wait(timeout=30)"]
)
def test_a_clock_in_a_test_is_noticed(line):
    assert clocks(line)


def test_the_readme_documents_every_setting():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for field in fields(settings.Settings):
        assert f"`{field.name.upper()}`" in readme


def test_the_readme_documents_every_command_and_every_make_target():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in cli.main.list_commands(None):
        assert f"service-map {command}" in readme
    for target in re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE):
        assert f"make {target}" in readme


def test_pinned_packages_have_hashes_and_no_address():
    for name in ("requirements.lock", "requirements-test.lock", "requirements-tools.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"https?:|file:|--index-url|--find-links", text)
        pins = re.findall(r"^[A-Za-z0-9][^\n]*==[^\n]*$(?:\n    --hash[^\n]*)*", text, re.MULTILINE)
        assert pins
        assert all("--hash=sha256:" in pin for pin in pins)


def test_no_tracked_file_holds_a_sentence_of_a_plan(plan_texts):
    width = 32
    shingles = set()
    for path in plan_texts.values():
        text = re.sub(r"\s", "", path.read_text(encoding="utf-8"))
        shingles.update(text[i : i + width] for i in range(len(text) - width))
    for path in tracked():
        text = re.sub(r"\s", "", path.read_bytes().decode("utf-8", "replace"))
        held = next((text[i : i + width] for i in range(len(text) - width) if text[i : i + width] in shingles), None)
        assert held is None, f"{path.name} holds a sentence of a plan: {held}"


def test_no_page_or_program_names_another_host_to_load_from():
    loads = re.compile(r"""(?:src|href)=["']https?://|url\(\s*["']?https?://|@import\s""")
    for path in tracked():
        if path.relative_to(ROOT).parts[0] in {"static", "templates"} and path.suffix in {".html", ".css", ".js"}:
            text = path.read_text(encoding="utf-8")
            links = re.sub(r"<a\s[^>]*>", "", text)  # a link a reader may follow loads nothing
            assert not loads.search(links), path


def test_settings_are_refused_by_the_name_of_their_variable():
    for environment in ({"PORT": "0"}, {"PORT": "x"}, {"PORT": "８０"}, {"THREADS": "65"}, {"GEODATA_DIR": "/nowhere"}):
        with pytest.raises(settings.SettingsError, match=next(iter(environment))):
            settings.load(environment)


def test_settings_have_the_defaults_of_the_readme():
    config = settings.load({})
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"`{config.host}`" in readme
    assert f"`{config.port}`" in readme
    assert f"`{config.database_url}`" in readme
