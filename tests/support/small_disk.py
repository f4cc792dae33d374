"""A file system that is soon full."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

__all__ = ["SmallDisk", "small_disk"]


class SmallDisk:
    """A folder on a file system of its own, and what fills it up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Until not one byte more goes in."""
        with contextlib.suppress(OSError), self._ballast.open("ab", buffering=0) as ballast:
            for size in (1_048_576, 4096):
                with contextlib.suppress(OSError):
                    while ballast.write(b"\0" * size) == size:
                        pass

    def make_room(self) -> None:
        self._ballast.unlink(missing_ok=True)

    @property
    def free(self) -> int:
        return shutil.disk_usage(self.folder).free


@contextlib.contextmanager
def small_disk(folder: Path, *, megabytes: int = 64) -> Iterator[SmallDisk]:
    """A disk of so many megabytes at `folder`: mounted by root, else in a user namespace of its own
    that is reached through the process which holds it."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "tmpfs", str(folder)]
    if os.geteuid() == 0:
        subprocess.run(mount, check=True)
        try:
            yield SmallDisk(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return
    hold = ["unshare", "--map-root-user", "--mount", "sh", "-c", '"$@" && echo held && cat', "-"]
    with subprocess.Popen([*hold, *mount], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n", "no user namespace to mount a disk in"
        yield SmallDisk(Path(f"/proc/{holder.pid}/root{folder}"))
        assert holder.stdin is not None
        holder.stdin.close()  # it ends, and the disk with it
