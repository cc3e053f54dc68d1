"""What ``make audit`` reads of licences, of dates and of advisories, and what it makes of them."""

import http.server
import importlib.util
import json
import threading
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_SPEC = importlib.util.spec_from_file_location("audit", ROOT / "tools" / "audit.py")
audit = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(audit)

KNOWN = {
    "licences": {
        "usual": ["MIT", "Apache-2.0"],
        "unusual": {"MPL-2.0": "why"},
        "unshipped": {"AGPL-3.0-or-later": "why"},
    },
    "words": {"MIT License": "MIT"},
    "unclear": [{"name": "silent", "licence": "MIT", "read": "its LICENSE"}],
    "stale": [{"name": "old_one", "instead": "new-one"}, {"name": "busy", "instead": "other"}],
    "source": {"only": []},
    "advisories": {"GHSA-1": "not called here"},
}


def row(name, expression="UNKNOWN", metadata="UNKNOWN", classifier="UNKNOWN"):
    return {
        "Name": name,
        "License-Expression": expression,
        "License-Metadata": metadata,
        "License-Classifier": classifier,
    }


@pytest.mark.parametrize(
    ("given", "licence"),
    [
        (row("a", "mit and apache-2.0", "GPL"), "MIT AND Apache-2.0"),
        (row("a", metadata="MIT License", classifier="BSD License"), "MIT"),
        (row("a", metadata="Permission is hereby granted, free of charge, " * 9, classifier="MIT License"), "MIT"),
        (row("a", metadata="(same as the other)", classifier="MIT License"), "MIT"),
        (row("a", metadata="ask me"), None),
        (row("a"), None),
        (row("Silent", "Proprietary"), "MIT"),
    ],
    ids=["expression first", "word of the metadata", "a whole text is no name", "not a name", "unknown word", "none", "a person's reading"],
)  # fmt: skip
def test_a_licence_is_read_from_the_surest_field_that_names_one(given, licence):
    assert audit.licence_of(given, KNOWN) == licence


def test_a_licence_outside_the_list_is_named_with_its_package():
    rows = [row("good", "MIT"), row("bad", "MIT AND GPL-3.0-only")]
    assert audit.licence_faults(["good", "bad"], ["good", "bad"], rows, KNOWN) == [
        "bad: GPL-3.0-only is not on the list of what may be shipped"
    ]


def test_every_licence_of_a_choice_must_be_allowed_until_a_person_chooses():
    rows = [row("two", "MIT OR GPL-3.0-only")]
    assert audit.licence_faults(["two"], ["two"], rows, KNOWN)
    chosen = {**KNOWN, "unclear": [{"name": "two", "licence": "MIT", "read": "its README"}]}
    assert audit.licence_faults(["two"], ["two"], rows, chosen) == []


def test_what_only_tests_and_benchmarks_run_may_have_a_licence_that_is_not_shipped():
    rows = [row("peer", "AGPL-3.0-or-later")]
    assert audit.licence_faults(["peer"], [], rows, KNOWN) == []
    assert audit.licence_faults(["peer"], ["peer"], rows, KNOWN)


def test_a_locked_package_that_nobody_read_is_a_fault():
    assert audit.licence_faults(["absent", "silent"], [], [], KNOWN) == [
        "absent is not installed here: read it and note it under [[unclear]]"
    ]


def test_a_lock_is_read_with_each_version_that_a_package_has():
    text = "a_b==1.0 \\\n    --hash=sha256:00\nnumpy==2.4 ; python_version < '3.12'\nnumpy==2.5 ; python_version >= '3.12'\n"
    assert audit.locked(text) == {"a-b": {"1.0"}, "numpy": {"2.4", "2.5"}}


def test_a_package_without_a_release_for_two_years_is_told_with_what_replaces_it():
    day = datetime(2026, 6, 1, tzinfo=UTC)
    released = {
        "old-one": datetime(2020, 1, 2, tzinfo=UTC), "forgotten": datetime(2023, 1, 2, tzinfo=UTC),
        "busy": datetime(2026, 1, 2, tzinfo=UTC), "just": datetime(2024, 6, 2, tzinfo=UTC), "mute": None,
    }  # fmt: skip
    first, second, *others = audit.stale(released, KNOWN, day)
    assert first == "old-one 2020-01-02: new-one"
    assert second.startswith("forgotten 2023-01-02: NO ROW")
    assert others == ["mute: the index does not say when", "busy: its row under [[stale]] is no longer needed"]


PAGES = {
    "/simple/a/": {"files": [{"upload-time": "2024-02-03T04:05:06.7Z"}, {"upload-time": "2023-01-01T00:00:00Z"}]},
    "/simple/b/": {"files": [{"filename": "b-1.tar.gz"}]},
}


class _Index(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = PAGES.get(self.path) if "simple.v1+json" in self.headers["Accept"] else None
        body = json.dumps(page).encode()
        self.send_response(200 if page else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def index():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Index)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/simple"
    server.shutdown()
    thread.join()
    server.server_close()


def test_dates_are_asked_of_an_index_in_its_common_form(index):
    assert audit.releases(["a", "b"], index) == {
        "a": datetime(2024, 2, 3, 4, 5, 6, 700_000, tzinfo=UTC),
        "b": None,
    }


def test_an_index_that_cannot_be_asked_is_no_fault(index):
    assert audit.releases(["unknown"], index) is None
    assert audit.releases(["a"], "http://127.0.0.1:9/simple") is None


def test_open_advisories_are_told_and_those_that_a_person_judged_are_not():
    fault = {"id": "GHSA-2", "fix_versions": ["1.1"]}
    report = {"dependencies": [
        {"name": "a", "version": "1.0", "vulns": [{"id": "GHSA-1", "fix_versions": []}, fault]},
        {"name": "b", "skip_reason": "not found"},
    ]}  # fmt: skip
    assert audit.advisories(report, KNOWN) == (1, ["a 1.0: GHSA-2, mended in 1.1"])


def test_what_a_person_noted_is_about_packages_that_are_locked():
    known = tomllib.loads((ROOT / "tools" / "packages.toml").read_text(encoding="utf-8"))
    pins = {name for lock in audit.LOCKS for name in audit.locked(lock.read_text(encoding="utf-8"))}
    noted = {row["name"] for table in ("unclear", "stale") for row in known[table]} | set(known["source"]["only"])
    assert noted <= pins
    assert all(row["read"] and row["licence"] for row in known["unclear"])
    lists = known["licences"]
    assert not set(lists["usual"]) & {*lists["unusual"], *lists["unshipped"]}
