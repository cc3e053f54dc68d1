"""The program as a user runs it: each time a process of its own, forked from one that has loaded the program.

Loading takes most of the processor time of a short command. What such a process cannot show, that the installed
script starts, ``tests/test_cli.py`` asks of the script itself.
"""

import contextlib
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import traceback
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


@contextlib.contextmanager
def at_a_door():
    """Do the commands that ``python program.py DOOR ARGS…`` brings, with its folder, variables and three files."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as door:
        path = f"{folder}/door"
        door.bind(path)
        door.listen()
        process = _LOADED.Process(target=_open, args=(door,))
        process.start()
        try:
            yield path
        finally:
            with socket.socket(socket.AF_UNIX) as last:
                last.connect(path)
            process.join()


def _open(door):
    while True:
        caller, _ = door.accept()
        size, files, *_ = socket.recv_fds(caller, 4, 3)
        if not size:  # whoever made the door
            break
        if not os.fork():
            door.close()
            os._exit(_answer(caller, int.from_bytes(size), files))
        for file in (caller.fileno(), *files):
            os.close(file)
        caller.detach()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    with contextlib.suppress(ChildProcessError):
        while os.wait():
            pass


def _answer(caller, size, files):
    args, cwd, environment = json.loads(caller.recv(size, socket.MSG_WAITALL))
    for stream, file in enumerate(files):
        os.dup2(file, stream)
        os.close(file)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    streams = (open(stream, "w" if stream else "r", encoding="utf-8", closefd=False) for stream in range(3))  # noqa: SIM115
    sys.stdin, sys.stdout, sys.stderr = streams
    code = 0
    try:
        _program(args)
    except SystemExit as end:
        code = end.code or 0
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    caller.send(bytes([code]))
    return code


def _bring(path, *args):
    told = json.dumps([args, os.getcwd(), dict(os.environ)]).encode()  # noqa: PTH109
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(path)
        socket.send_fds(door, [len(told).to_bytes(4)], [0, 1, 2])
        door.sendall(told)
        return (door.recv(1) or b"\x89")[0]  # as the shell says of what was killed


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


if __name__ == "__main__":
    sys.exit(_bring(*sys.argv[1:]))
