"""The interfaces keep to their own definitions, whatever is asked: schemathesis against the running site."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.mark.parametrize(
    ("definition", "base", "effort"),
    [
        ("/api/openapi.json", "", ("--phases", "examples,fuzzing", "--max-examples", "8")),
        ("/ogc/api", "/ogc", ("--phases", "fuzzing", "--max-examples", "10")),
    ],
    ids=["api", "ogc"],
)
def test_no_server_error_and_no_answer_off_its_schema(live_site, tmp_path, definition, base, effort):
    program = Path(sys.executable).with_name("schemathesis")
    if not program.exists():
        pytest.skip("schemathesis is not installed: pip install 'service-map[test]'")
    command = [
        program, "--config-file", tmp_path / "none.toml", "run", f"{live_site}{definition}", "--url", f"{live_site}{base}",
        "--checks", CHECKS, *effort, "--generation-deterministic",
        "--suppress-health-check", "all", "--no-color", "--max-failures", "5", "--request-timeout", "300",
    ]  # fmt: skip
    (tmp_path / "none.toml").write_text("", encoding="utf-8")
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, timeout=1800)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "failed" not in done.stdout.rpartition("Test cases:")[2]
