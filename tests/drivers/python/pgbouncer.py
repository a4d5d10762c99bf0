"""PgBouncer in front of a server, for the tests. It keeps at most one connection for each role, so that clients
always come to one that another has used.

    pgbouncer.py SERVER_PORT COMMAND…      runs the command; POOL in it is PgBouncer's port"""
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Debian has it in a directory that is not on everybody's path.
PROGRAM = "/usr/sbin/pgbouncer"


@contextlib.contextmanager
def pgbouncer(server_port, passwords, database="", **settings):
    """Passwords by role; `database` is what more is said of the server, such as a connect_query."""
    with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        folder = Path(folder)
        folder.chmod(0o755)  # it will not run as root
        (folder / "users").write_text("".join(f'"{role}" "{word}"\n' for role, word in passwords.items()))
        lines = {"listen_addr": "127.0.0.1", "listen_port": port, "unix_socket_dir": "",
                 "auth_type": "scram-sha-256" if any(passwords.values()) else "trust",
                 "auth_file": folder / "users", "pool_mode": "transaction", "default_pool_size": 1, **settings}
        (folder / "ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={server_port} {database}\n[pgbouncer]\n" +
            "".join(f"{name} = {value}\n" for name, value in lines.items()))
        command = [PROGRAM, "--quiet", str(folder / "ini")]
        if os.geteuid() == 0:
            command[1:1] = ["--user", "nobody"]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_for(port, process, folder / "log")
            yield port
        finally:
            process.terminate()
            process.wait()


def wait_for(port, process, log):
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise SystemExit(f"PgBouncer did not start:\n{log.read_text()}")


if __name__ == "__main__":
    with pgbouncer(sys.argv[1], {"app": ""}) as pool:
        raise SystemExit(subprocess.call([word.replace("POOL", str(pool)) for word in sys.argv[2:]]))
