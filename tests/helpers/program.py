"""The program as a user runs it: each time a process of its own, forked from one that has loaded the program.

Loading takes most of the processor time of a short command. What such a process cannot show, that the installed
script starts, ``tests/test_cli.py`` asks of the script itself.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT = Path(sys.executable).with_name("service-map")
PATIENCE_S = 1_800  # ends what hangs; how long a command takes is judged by no test

_LOADED = multiprocessing.get_context("forkserver")
_LOADED.set_forkserver_preload(["service_map.cli"])


def installed(*args, cwd, **environment):
    """The same of the installed script."""
    return subprocess.run([SCRIPT, *map(str, args)], cwd=cwd, env={**os.environ, **environment}, capture_output=True,
                          text=True, check=False, timeout=PATIENCE_S)  # fmt: skip


def run(*args, cwd, **environment):
    """``service-map ARGS…`` in a folder, with these variables over those of this process."""
    return forked(_program, [str(arg) for arg in args], cwd=cwd, **environment)


def forked(work, *args, cwd=None, **environment):
    """Do a module's function in a process of its own; gives its exit code (less than 0: a signal) and what it said."""
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder) / name for name in ("stdout", "stderr")]
        given = (work, args, str(cwd or Path.cwd()), {**os.environ, **environment}, [str(path) for path in said])
        process = _LOADED.Process(target=_become, args=given)
        process.start()
        process.join(PATIENCE_S)
        if process.exitcode is None:
            process.kill()
            process.join()
        out, err = (path.read_text(encoding="utf-8") for path in said)
        return subprocess.CompletedProcess(args, process.exitcode, out, err)


def _become(work, args, cwd, environment, said):
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    for stream, path in enumerate(said, 1):
        file = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, stream)
        os.close(file)
    sys.stdout, sys.stderr = (open(stream, "w", encoding="utf-8", closefd=False) for stream in (1, 2))  # noqa: SIM115
    work(*args)


def _program(args):
    from service_map import cli

    cli.main(args, prog_name=SCRIPT.name)
