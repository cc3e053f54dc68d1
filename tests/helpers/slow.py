"""Which tests take the most processor time: ``pytest -p slow -m "not (…)"`` writes ``tests/slow.txt`` anew.

Processor time of the tests' process and of all below it, and not seconds: another program that keeps the machine busy
changes little. What is left out of ``make test-fast`` follows from the file, and nothing else does.
"""

import contextlib
from collections import defaultdict
from pathlib import Path

import psutil
import pytest

FILE = Path(__file__).resolve().parents[1] / "slow.txt"
ONE_S, ALL_S = 0.4, 0.8  # of one case of a test, of all its cases together
_spent = defaultdict(list)


def listed():
    """Names of the tests in the file."""
    return set(FILE.read_text(encoding="utf-8").split())


def name_of(nodeid):
    """What stands in the file for a test: its place without its case."""
    return nodeid.partition("[")[0]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Measure the test alone: what it is given may be there for others too."""
    before = _processor_time()
    try:
        return (yield)
    finally:
        _spent[name_of(item.nodeid)].append(_processor_time() - before)


def _processor_time():
    """Of this process, of those below it, and of those that they have waited for."""
    own = psutil.Process()
    spent = 0.0
    for process in (own, *own.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            spent += sum(process.cpu_times()[:4])
    return spent


def pytest_sessionfinish():
    """Write the file."""
    slow = sorted(name for name, spent in _spent.items() if max(spent) >= ONE_S or sum(spent) >= ALL_S)
    FILE.write_text("\n".join(slow) + "\n", encoding="utf-8")
