"""SSH servers on loopback, each with a host key and a user key of its own: OpenSSH's sshd, and asyncssh's."""

import asyncio
import getpass
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

import asyncssh

from tests.ports import reserved_port

SBIN = "/usr/sbin:/usr/local/sbin:/sbin"  # where sshd lies, which is on no user's PATH
PATIENCE_S = 300


def sshd_path() -> str:
    """The installed sshd; raises ConnectionError where there is none."""
    found = shutil.which("sshd") or shutil.which("sshd", path=SBIN)
    if not found:
        raise ConnectionError("no sshd is installed (Debian: apt-get install openssh-server)")
    return found


def write_keys(folder: Path) -> Path:
    """Host key, user key and the list of users' keys that the server takes; returns the user's private key."""
    folder.mkdir(parents=True)
    for name in ("host", "user"):
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(folder / name)
        (folder / name).chmod(0o600)
        key.write_public_key(folder / f"{name}.pub")
    shutil.copyfile(folder / "user.pub", folder / "authorized_keys")
    return folder / "user"


@contextmanager
def openssh_server(keys: Path) -> Iterator[int]:
    """The port of an sshd that runs as this user and lets only this user in; raises ConnectionError where it cannot."""
    port = reserved_port()
    (keys / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {keys / 'host'}\nPidFile none\nStrictModes no\nUsePAM no\n"
        f"AuthorizedKeysFile {keys / 'authorized_keys'}\nAllowUsers {getpass.getuser()}\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
        "Subsystem sftp internal-sftp\n",
        encoding="utf-8",
    )
    command = [sshd_path(), "-D", "-e", "-f", str(keys / "sshd_config")]
    with (keys / "log").open("w", encoding="utf-8") as log, subprocess.Popen(command, stderr=log) as server:
        try:
            _wait_for(port, server, keys)
            yield port
        finally:
            server.terminate()


@contextmanager
def asyncssh_server(keys: Path) -> Iterator[int]:
    """The port of a server in a thread of this process."""
    loop, ports, ended = asyncio.new_event_loop(), SimpleQueue[int](), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=[_serve(keys, ports, ended)])
    thread.start()
    try:
        yield ports.get(timeout=PATIENCE_S)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


async def _serve(keys: Path, ports: "SimpleQueue[int]", ended: asyncio.Event) -> None:
    async with asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[str(keys / "host")],
        authorized_client_keys=str(keys / "authorized_keys"),
        sftp_factory=asyncssh.SFTPServer,
    ) as acceptor:
        ports.put(acceptor.get_port())
        await ended.wait()


def _wait_for(port: int, server: "subprocess.Popen[bytes]", keys: Path) -> None:
    """Return when the server lets the user in; raises ConnectionError, with what it said, where it does not."""
    deadline = time.monotonic() + PATIENCE_S
    while server.poll() is None and time.monotonic() < deadline:
        try:
            asyncio.run(_log_in(port, keys / "user"))
        except ConnectionRefusedError:
            time.sleep(0.05)
        except asyncssh.PermissionDenied:
            break
        else:
            return
    raise ConnectionError(f"sshd does not let {getpass.getuser()} in: {(keys / 'log').read_text(encoding='utf-8')}")


async def _log_in(port: int, key: Path) -> None:
    async with asyncssh.connect("127.0.0.1", port, known_hosts=None, client_keys=[str(key)], config=None):
        pass
