"""The interfaces keep to their own definitions, whatever is asked: schemathesis against the running site."""

import subprocess
import sys
from pathlib import Path

import pytest

# What fits its schema is taken, but where a schema cannot say what is: a condition in CQL2, a cursor that was given, a box
# whose edges are in order, a code that the data holds, two parameters of which one is to be given, a ring that is closed.
# An address that is too long is refused before anybody reads what is wrong in it.
CONFIG = """[checks.negative_data_rejection]
expected-statuses = [400, 404, 405, 406, 413, 414, 415, 422, 429]

[[operations]]
include-path-regex = "^/api/(areas$|changes|facilities|commitments|indicators|progress|quotas|requirements|circle|coverage|gaps|sites|completeness)|^/api/plans/.+/changes$|^/download/(about|facilities|indicators|progress|quotas|requirements)|/items$"
checks.positive_data_acceptance.enabled = false
"""


# What one view answers with the same parameters is asked once: a layer of one family stands for those of all, a streamed
# table, a tree and a database for the formats of the download, each of which ``tests/web/test_download.py`` asks.
SAME_FORMATS = r"^/download/facilities\.(geojsonl|kml|fgb|parquet|shp\.zip|xlsx)$"
SAME_LAYERS = r"^/collections/facilities_(?!elderly)"


@pytest.mark.parametrize(
    ("definition", "base", "effort"),
    [
        ("/api/openapi.json", "",
         ("--phases", "examples,coverage,fuzzing", "--max-examples", "8", "--exclude-path-regex", SAME_FORMATS)),
        ("/ogc/api", "/ogc",
         ("--phases", "coverage,fuzzing", "--max-examples", "10", "--exclude-path-regex", SAME_LAYERS)),
    ],
    ids=["api", "ogc"],
)  # fmt: skip
def test_no_server_error_and_no_answer_off_its_schema(live_site, tmp_path, definition, base, effort):
    program = Path(sys.executable).with_name("schemathesis")
    if not program.exists():
        pytest.skip("schemathesis is not installed: pip install 'service-map[test]'")
    command = [
        program, "--config-file", tmp_path / "checks.toml", "run", f"{live_site}{definition}", "--url", f"{live_site}{base}",
        *effort, "--generation-deterministic",
        "--suppress-health-check", "all", "--no-color", "--max-failures", "5", "--request-timeout", "300",
    ]  # fmt: skip
    (tmp_path / "checks.toml").write_text(CONFIG, encoding="utf-8")
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, timeout=1800)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "failed" not in done.stdout.rpartition("Test cases:")[2]
