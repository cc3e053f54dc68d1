"""What somebody has held against the plans' texts says so everywhere; what nobody has says that too."""

import csv
import shutil

import pytest
from click.testing import CliRunner

from service_map import store
from service_map.cli import main
from service_map.settings import load
from service_map.store import queries
from service_map.web import create_app

PATHS = {"f": "facility", "r": "requirement", "q": "quota"}


@pytest.fixture(scope="module")
def judged(geodata, tmp_path_factory):
    """Give a reader of a site whose data has one facility, requirement and quota reviewed; and their ids."""
    home = tmp_path_factory.mktemp("reviewed")
    folder = shutil.copytree(geodata, home / "geodata")
    (folder / "reviewed.csv").unlink(missing_ok=True)
    where = {"GEODATA_DIR": str(folder), "DATABASE_URL": f"sqlite:///{home / 'map.gpkg'}"}

    def run(*args):
        done = CliRunner().invoke(main, [*args], env=where)
        assert done.exit_code == 0, done.output

    todo = home / "todo.csv"
    run("export", "reviews", str(todo))
    with todo.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = {letter: next(row["id"] for row in rows if row["id"][0] == letter) for letter in PATHS}
    others = {letter: next(row["id"] for row in rows if row["id"][0] == letter and row["id"] != chosen[letter])
              for letter in PATHS}  # fmt: skip
    for row in rows:
        row["verdict"] = "对" if row["id"] in chosen.values() else ""
    with todo.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    run("import", "reviews", str(todo))
    with (folder / "reviewed.csv").open(encoding="utf-8") as file:
        (day,) = {row["date"] for row in csv.DictReader(file)}
    store.build(where["DATABASE_URL"], geodata=folder)
    return create_app(load(where)).test_client(), chosen, others, day, where["DATABASE_URL"]


@pytest.mark.parametrize("letter", PATHS)
def test_page_and_answer_give_the_day_of_the_review(judged, letter):
    reader, chosen, others, day, _ = judged
    plural = {"f": "facilities", "r": "requirements", "q": "quotas"}[letter]
    told = reader.get(f"/api/{plural}/{chosen[letter]}").json
    assert told.get("properties", told)["reviewed"] == day
    assert f"对照原文核对于 {day}" in reader.get(f"/{PATHS[letter]}/{chosen[letter]}").text
    assert f"own words on {day}" in reader.get(f"/{PATHS[letter]}/{chosen[letter]}?lang=en").text
    left = reader.get(f"/api/{plural}/{others[letter]}").json
    assert left.get("properties", left)["reviewed"] is None
    assert "还没有人逐字核对" in reader.get(f"/{PATHS[letter]}/{others[letter]}").text


def test_the_download_and_the_layer_have_the_day(judged):
    reader, chosen, _, day, _ = judged
    rows = {row["id"]: row for row in csv.DictReader(reader.get("/download/facilities.csv").text.splitlines())}
    assert rows[chosen["f"]]["reviewed"] == day
    assert {row["reviewed"] for name, row in rows.items() if name != chosen["f"]} == {""}
    shown = reader.get(f"/ogc/collections/facilities/items/{chosen['f']}?f=json").json
    assert shown["properties"]["reviewed"] == day


def test_what_stands_already_is_nobodys_promise_and_has_no_review(judged):
    engine = store.open_readonly(judged[4])
    with engine.connect() as connection:
        page = queries.facilities(connection, store.FacilityFilter(status="existing"), limit=50)
    engine.dispose()
    assert page.items
    assert {item.reviewed for item in page.items} == {None}
