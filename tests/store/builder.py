"""Builds in a process of its own that dies at a step, or before a statement counted from writing on."""

import os
import resource
import signal
import sys
from pathlib import Path

from sqlalchemy import Engine, event

from service_map import store
from service_map.errors import ServiceMapError


def build(url, geodata, moment="", largest_file=None):
    """Build; print the steps, then how many statements it took from writing on. Exit code 2 where it is refused."""
    statements = -1

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    def step(line):
        nonlocal statements
        print(line, flush=True)  # noqa: T201
        if moment and not moment.isdigit() and moment in line:
            die()
        if "写入" in line:
            statements = 0

    @event.listens_for(Engine, "before_cursor_execute")
    def count(*_given):
        nonlocal statements
        if statements >= 0:
            statements += 1
            if moment == str(statements):
                die()

    if largest_file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    try:
        store.build(url, geodata=Path(geodata), progress=step)
        print(statements)  # noqa: T201
    except ServiceMapError as error:
        print(error.en, file=sys.stderr)  # noqa: T201
        sys.exit(2)


if __name__ == "__main__":
    build(*sys.argv[1:])
