"""What the tests of this room share: the figures of the extraction, told at the end of every run."""

import pytest

_FIGURE = "figure"


@pytest.fixture
def tell(record_property):
    """Give a line to print below the results, whatever else the run says."""
    return lambda line: record_property(_FIGURE, line)


def pytest_terminal_summary(terminalreporter):
    # A test's properties come with its report, from whichever process ran it.
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    told = [(report.nodeid, line) for report in reports for name, line in report.user_properties if name == _FIGURE]
    lines = [line for _, line in sorted(told)]
    if lines:
        terminalreporter.section("how well the plans are read")
        for line in lines:
            terminalreporter.line(line)
