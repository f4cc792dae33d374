"""The step between a parent and its child: makes the child die with the parent, then becomes it.

Run as a script (`python -I -S launch.py PARENT SIGNAL ACCOUNT PIPE COMMAND...`), so that it starts
in some 10 ms and nothing between fork and exec is left to the parent.

Linux: `PR_SET_PDEATHSIG`, which the kernel sends when the *thread* that forked us ends; see
`children`, which keeps that thread for as long as the child lives. Elsewhere, and for children that
have children: a guardian process that reads a pipe whose other end only the parent holds, and ends
the child's whole group when it closes, or when the child is gone.

ACCOUNT is `uid:gid` to change to, or `-`. The child keeps the one right to pass and read folders
(CAP_DAC_OVERRIDE, Linux), because the way to its files may lead through folders of root alone,
whose permissions are not ours to widen.
"""

import contextlib
import ctypes
import os
import select
import signal
import sys
import time

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
CAP_DAC_OVERRIDE, CAPABILITY_VERSION_3 = 1, 0x20080522
PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP = 28, 1 << 2
GRACE_SECONDS = 5.0


def change_to(account: str, *, linux: bool) -> None:
    uid, gid = (int(part) for part in account.split(":"))
    libc = ctypes.CDLL(None, use_errno=True)
    if linux:
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        # Else access(2), by which initdb looks for its programs, would not count the right kept.
        libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if linux:
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        # Where root itself lacks this right: none, and folders open to everyone still work.
        for bit in (1 << CAP_DAC_OVERRIDE, 0):
            rights = (ctypes.c_uint32 * 6)(bit, bit, bit)  # effective, permitted, inheritable
            if libc.capset(header, rights) == 0:
                break
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def guard(pipe: int, how: int) -> None:
    """Fork the guardian of this process, which is the child soon, and of its group."""
    child = os.getpid()
    if os.fork():
        os.close(pipe)
        return
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(256):  # logs and locks are the child's, not ours to hold
        if descriptor <= 2:
            os.dup2(null, descriptor)
        elif descriptor != pipe:
            with contextlib.suppress(OSError):
                os.close(descriptor)
    watched, pause = [pipe], 0.2
    with contextlib.suppress(AttributeError, OSError):  # Linux: told of its end, no need to look
        watched, pause = [pipe, os.pidfd_open(child)], 60.0
    while not select.select(watched, [], [], pause)[0] and os.getppid() == child:
        pass
    if os.getppid() == child:
        end_group(child, how)
        until = time.monotonic() + GRACE_SECONDS
        while os.getppid() == child and time.monotonic() < until:
            time.sleep(0.02)
    end_group(child, signal.SIGKILL)  # and what it may have left
    os._exit(0)


def end_group(child: int, how: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, how)


def bind(*, parent: int, how: int, pipe: int) -> None:
    """From here on this process dies with `parent`; pipe -1: no guardian."""
    if pipe >= 0:
        guard(pipe, how)
    if sys.platform == "linux":  # after the change of account, which clears it
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, how, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent ended before its child began")


def main() -> None:
    parent, how, account, pipe, *command = sys.argv[1:]
    if account != "-":
        change_to(account, linux=sys.platform == "linux")
    bind(parent=int(parent), how=int(how), pipe=int(pipe))
    os.execvpe(command[0], command, os.environ)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
