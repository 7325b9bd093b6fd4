"""Ctrl-C as a person presses it, for programs in a process of their own."""

import os
import signal
import subprocess
import sys
import time

#: A shell starts background jobs with Ctrl-C ignored, which their children inherit; the programs here are to heed it.
_HEED = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"


def interrupted(code, *arguments, begun, wait=0.0):
    """Run Python code until it prints the line `begun` and `wait` seconds more, then interrupt it and its children.

    Returns the exit code, and what was written to standard output and standard error.
    """
    command = [sys.executable, "-c", _HEED + code, *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, start_new_session=True, **pipes) as process:
        assert process.stdout.readline() == f"{begun}\n"
        time.sleep(wait)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err
