"""The documents hold what they say: every block of code is run, read as data, or says why nothing here can run it."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import documents
import program
import pytest
import yaml
from real_server import free_port

import service_map

SITE = documents.ROOT / "docs"
LOADS = re.compile(
    r"""<(?:script|link|img|iframe|source)[^>]*(?:src|href)=["'](?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import\s"""
)
BLOCKS = [block for name in documents.pages() for block in documents.blocks(name)]
RUN = {"sh", "python", ""}
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
PATIENCE_S = 1_800


def read_csv(text):
    rows = list(csv.reader(io.StringIO(text)))
    assert {len(row) for row in rows} == {len(rows[0])}


def read_nginx(text, home):
    """Let nginx judge it: what stands before the first place in the server, the rest inside."""
    around, place, inside = text.replace("/var/cache", str(home)).partition("location")
    whole = f"events {{}}\npid {home}/pid;\nhttp {{\naccess_log off;\n{around}\nserver {{\n{place}{inside}\n}}\n}}\n"
    (home / "nginx.conf").write_text(whole, encoding="utf-8")
    command = [NGINX, "-t", "-e", home / "error.log", "-p", home, "-c", home / "nginx.conf"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


READ = {
    "toml": lambda text: tomllib.loads(text.replace(", …", "")),
    "json": json.loads,
    "csv": read_csv,
}


@pytest.mark.parametrize("block", BLOCKS, ids=[block.place for block in BLOCKS])
def test_every_block_is_run_or_read_or_says_why_not(block, tmp_path):
    if block.not_run:
        pytest.skip(f"{block.place} is not run: {block.not_run}")
    if block.language == "nginx":
        if not Path(NGINX).exists():
            pytest.skip("nginx is not installed: apt-get install nginx-light")
        read_nginx(block.text, tmp_path)
    elif block.language in READ:
        READ[block.language](block.text)
    else:
        # The test below runs these.
        assert block.language in RUN, f"tests/test_documents.py does not know how {block.language} is tried"


@pytest.fixture
def home(geodata, shipped_database, tmp_path):
    documents.furnish(tmp_path, geodata, shipped_database)
    return tmp_path


def test_the_documents_are_found():
    assert {"README.md", "docs/planners.md", "docs/tutorial.md"} <= set(documents.pages())
    assert {block.language for block in BLOCKS} >= {"sh", "python", "toml"}


@pytest.mark.client
@pytest.mark.parametrize(
    "name",
    [name for name in documents.pages() if any(b.place.startswith(f"{name}:") and b.language in RUN for b in BLOCKS)],
)
def test_the_commands_of_a_document_run_one_after_another(name, home):
    port, spare = free_port(), free_port()
    told = documents.script(name, home, port)
    if told is None:
        pytest.skip(f"nothing of {name} can be run here; each block says why")
    if re.search(r"^ogr", told, re.MULTILINE) and not shutil.which("ogrinfo"):
        pytest.skip("GDAL's programs are not installed: apt-get install gdal-bin")
    environment = {
        **os.environ, "PATH": f"{home}/.venv/bin:{os.environ['PATH']}", "ROOT": str(documents.ROOT),
        "DATABASE_URL": f"sqlite:///{home}/var/service_map.gpkg", "GEODATA_DIR": str(home / "geodata"),
        "PORT": str(port), "SPARE_PORT": str(spare), "PROGRAM": program.__file__,
    }  # fmt: skip
    with program.at_a_door() as door:
        done = subprocess.run(["bash", "-c", told], cwd=home, env={**environment, "DOOR": door}, check=False,
                              capture_output=True, text=True, timeout=PATIENCE_S)  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def make_site(pages, into):
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "--quiet",
        "--fail-on-warning",
        "--keep-going",
        "-b",
        "html",
        pages,
        into,
    ]
    return subprocess.run(command, cwd=documents.ROOT, check=False, capture_output=True, text=True, timeout=PATIENCE_S)


def test_the_site_of_the_documents_is_made_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path):
    made = make_site(SITE, tmp_path)
    assert made.returncode == 0, made.stderr
    for path in (path for path in tmp_path.rglob("*") if path.suffix in {".html", ".css", ".js"}):
        assert not LOADS.search(path.read_text(encoding="utf-8")), path
    assert "service_map.coverage.gap" in (tmp_path / "reference" / "coverage.html").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in (documents.ROOT / "service_map").glob("*/__init__.py")} - {"web"}
    assert rooms <= {path.stem for path in (tmp_path / "reference").glob("*.html")}


@pytest.mark.parametrize("link", ["[a page](nowhere.md)", "[a heading](page.md#nothing)"])
def test_a_broken_link_fails_the_site(tmp_path, link):
    pages = tmp_path / "pages"
    pages.mkdir()
    shutil.copy(SITE / "conf.py", pages)
    (pages / "page.md").write_text("# Another\n", encoding="utf-8")
    whole = "# One\n\n```{toctree}\npage\n```\n"
    (pages / "index.md").write_text(whole + "\n[a page](page.md), [its heading](page.md#another)\n", encoding="utf-8")
    assert make_site(pages, tmp_path / "good").returncode == 0
    (pages / "index.md").write_text(f"{whole}\n{link}\n", encoding="utf-8")
    made = make_site(pages, tmp_path / "broken")
    assert made.returncode != 0
    assert "index.md" in made.stderr


def test_what_to_cite_is_this_version():
    cited = yaml.safe_load((documents.ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert str(cited["version"]) == service_map.__version__
    assert {"cff-version", "message", "title", "authors", "license"} <= set(cited)


def test_the_forms_ask_and_the_hooks_fetch_nothing():
    for path in (documents.ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert path.name == "config.yml" or all(part["attributes"]["label"] for part in form["body"]), path
    hooks = yaml.safe_load((documents.ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [source["repo"] for source in hooks["repos"]] == ["local"]
    for hook in hooks["repos"][0]["hooks"]:
        assert Path(sys.executable).with_name(Path(hook["entry"].split()[0]).name).exists(), hook


def test_who_imports_the_rooms_gets_their_types():
    assert (Path(service_map.__file__).parent / "py.typed").is_file()
