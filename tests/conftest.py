"""What all rooms' tests share: the open data, and the plan texts where they stand beside the project."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


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
