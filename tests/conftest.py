"""What all rooms' tests share: the open data, the plan texts where they stand beside the project, a count of work."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

# An example that takes long on a busy machine is no fault.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(scope="session")
def geodata():
    """The shipped open data."""
    return ROOT / "geodata"


@pytest.fixture(scope="session")
def shared():
    """The folder beside the project with the plan texts, the labels and the place tables."""
    if not SHARED.is_dir():
        pytest.skip("the plan texts and place tables do not stand beside the project (../shared)")
    return SHARED


@pytest.fixture(scope="session")
def plan_texts(shared):
    """Path of each of the five plan texts by its file name."""
    return {path.name: path for path in sorted((shared / "plans").glob("*.txt"))}


@pytest.fixture(scope="session")
def calls_of():
    """Count the function calls, Python's and C's, of a piece of work: what no other program on the machine changes.

    What one call does inside C (a pattern over a long line, a query) is not seen; ``benchmarks/`` has the seconds.
    """

    def count(work):
        made = 0

        def note(_frame, event, _what):
            nonlocal made
            made += event in {"call", "c_call"}

        before = sys.getprofile()
        sys.setprofile(note)
        try:
            work()
        finally:
            sys.setprofile(before)
        return made

    return count
