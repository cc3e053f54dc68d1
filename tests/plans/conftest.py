"""What the tests of this room share: the figures of the extraction, told at the end of every run."""

import pytest

_FIGURES = pytest.StashKey[list[str]]()


def pytest_configure(config):
    config.stash.setdefault(_FIGURES, [])


@pytest.fixture
def figures(request):
    """Lines to print below the results, whatever else the run says."""
    return request.config.stash.setdefault(_FIGURES, [])


def pytest_terminal_summary(terminalreporter, config):
    lines = config.stash.get(_FIGURES, [])
    if lines:
        terminalreporter.section("how well the plans are read")
        for line in lines:
            terminalreporter.line(line)
