"""Child processes that cannot outlive us: killed with us, whatever ends us."""

import os
import subprocess
import sys
from collections.abc import Sequence

# Runs in the child, before the real program takes its place under the same process id: asks the
# kernel for SIGTERM when the thread that started it ends, and makes sure it has not ended already.
_TIE = """
import ctypes, os, sys
if ctypes.CDLL(None, use_errno=True).prctl(1, 15, 0, 0, 0) != 0:
    sys.exit("prctl: " + os.strerror(ctypes.get_errno()))
if os.getppid() != int(sys.argv[1]):
    sys.exit("the parent is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


def start_tied(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start `command` (an absolute path and arguments) so that it gets SIGTERM when we die.

    The kernel watches the *thread* that calls this: call it from one that lives as long as the
    child shall. The child reads nothing, keeps our standard error, and does not speak to systemd
    in our name.
    """
    tied = [sys.executable, "-I", "-S", "-c", _TIE, str(os.getpid()), *command]
    mute = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
    return subprocess.Popen(tied, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=mute)


def stop(child: "subprocess.Popen[bytes]", within: float = 5.0) -> None:
    """End a child by its own process id and collect it: politely, then after `within` by force."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(within)
        except subprocess.TimeoutExpired:
            child.kill()
    child.wait()
