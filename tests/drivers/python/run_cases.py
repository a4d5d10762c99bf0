"""Runs ../cases.json through a driver, with the driver's own defaults.

    run_cases.py DRIVER PORT

A driver is a class below: it connects when made, and says of each error its SQLSTATE. What a driver has
no way for (`cancel`, `copy`, `load`), its class lacks, and the cases that need it are left out."""
import asyncio
import io
import json
import re
import sys
import threading
from pathlib import Path


class Failed(Exception):
    def __init__(self, sqlstate):
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


def percent_s(sql, parameters):
    """$n in the driver's own way of writing parameters, in the order in which they stand."""
    if parameters is None:
        return sql, None
    order = [int(n) - 1 for n in re.findall(r"\$(\d+)", sql)]
    return re.sub(r"\$\d+", "%s", sql.replace("%", "%%")), tuple(parameters[n] for n in order)


class DbApi:
    """What the drivers of Python's DB-API have in common."""

    def __init__(self, port):
        self.db = self.connect(port)

    def execute(self, sql, parameters):
        cursor = self.db.cursor()
        try:
            if parameters is None:
                cursor.execute(sql)
            else:
                cursor.execute(*percent_s(sql, parameters))
            rows = [list(row) for row in cursor.fetchall()] if cursor.description else []
            return rows, cursor.rowcount
        except self.error as error:
            raise Failed(self.sqlstate(error)) from error

    def batch(self, sql, batch):
        first, _ = percent_s(sql, batch[0])
        self.db.cursor().executemany(first, [percent_s(sql, row)[1] for row in batch])

    def begin(self):
        self.db.autocommit = False

    def end(self, how):
        getattr(self.db, how)()
        self.db.autocommit = True

    def cancel(self, sql):
        timer = threading.Timer(0.3, self.db.cancel)
        timer.start()
        try:
            self.execute(sql, None)
        finally:
            timer.join()

    def copy(self, case, data):
        """Copies the data in, or out where there is none. Gives the data that came, and the count."""
        cursor = self.db.cursor()
        try:
            if data is None:
                return self.copy_out(cursor, case["copy_out"]), cursor.rowcount
            self.copy_in(cursor, case["copy_in"], data)
            return None, cursor.rowcount
        except self.error as error:
            raise Failed(self.sqlstate(error)) from error

    def close(self):
        self.db.close()


class Psycopg(DbApi):
    options = {}

    def connect(self, port):
        import psycopg
        self.error = psycopg.Error
        return psycopg.connect(host="127.0.0.1", port=port, user="app", autocommit=True, **self.options)

    def copy_in(self, cursor, sql, data):
        with cursor.copy(sql) as copy:
            copy.write(data)

    def copy_out(self, cursor, sql):
        with cursor.copy(sql) as copy:
            return b"".join(copy)

    def load(self, case, records):
        cursor = self.db.cursor()
        with cursor.copy(case["load"]) as copy:
            copy.set_types(["text", "float4[]", "jsonb"])
            for record in records:
                copy.write_row(record)
        return cursor.rowcount

    def sqlstate(self, error):
        return error.sqlstate

    def json(self, value):
        from psycopg.types.json import Jsonb
        return Jsonb(value)


class PsycopgPooled(Psycopg):
    """Behind PgBouncer of before 1.21, which knows no prepared statements in transaction mode."""
    options = {"prepare_threshold": None}


class Psycopg2(DbApi):
    def connect(self, port):
        import psycopg2
        self.error = psycopg2.Error
        db = psycopg2.connect(host="127.0.0.1", port=port, user="app")
        db.autocommit = True
        return db

    def copy_in(self, cursor, sql, data):
        cursor.copy_expert(sql, io.BytesIO(data))

    def copy_out(self, cursor, sql):
        data = io.BytesIO()
        cursor.copy_expert(sql, data)
        return data.getvalue()

    def sqlstate(self, error):
        return error.pgcode

    def json(self, value):
        from psycopg2.extras import Json
        return Json(value)


class Pg8000(DbApi):
    def connect(self, port):
        import pg8000.dbapi
        self.error = pg8000.dbapi.Error
        db = pg8000.dbapi.connect(host="127.0.0.1", port=port, user="app", database="app")
        db.autocommit = True
        return db

    def copy_in(self, cursor, sql, data):
        cursor.execute(sql, stream=io.BytesIO(data))

    def copy_out(self, cursor, sql):
        data = io.BytesIO()
        cursor.execute(sql, stream=data)
        return data.getvalue()

    def sqlstate(self, error):
        return error.args[0]["C"]

    def json(self, value):
        return json.dumps(value)

    cancel = None  # the driver has none


class Asyncpg:
    def __init__(self, port):
        import asyncpg
        self.error = asyncpg.PostgresError
        self.loop = asyncio.new_event_loop()
        self.db = self.wait(
            asyncpg.connect(host="127.0.0.1", port=port, user="app", database="app"))
        self.transaction = None

    def wait(self, what):
        return self.loop.run_until_complete(what)

    async def run(self, sql, parameters):
        statement = await self.db.prepare(sql)
        rows = await statement.fetch(*(parameters or ()))
        words = statement.get_statusmsg().split()
        return [list(row.values()) for row in rows], int(words[-1]) if words[-1].isdigit() else -1

    def execute(self, sql, parameters):
        try:
            return self.wait(self.run(sql, parameters))
        except self.error as error:
            raise Failed(error.sqlstate) from error

    def batch(self, sql, batch):
        self.wait(self.db.executemany(sql, batch))

    def begin(self):
        self.transaction = self.db.transaction()
        self.wait(self.transaction.start())

    def end(self, how):
        self.wait(getattr(self.transaction, how)())

    def cancel(self, sql):
        async def run():
            task = asyncio.ensure_future(self.db.execute(sql))
            await asyncio.sleep(0.3)
            task.cancel()  # the driver sends a CancelRequest
            await task
        try:
            self.wait(run())
        except asyncio.CancelledError as error:
            raise Failed("57014") from error

    def copy(self, case, data):
        """The driver writes the statements itself, about a table in a schema: index and namespace."""
        try:
            if data is None:
                schema, table = case["table"]
                out = io.BytesIO()
                status = self.wait(self.db.copy_from_table(
                    table, schema_name=schema, output=out, format=case["format"]))
                return out.getvalue(), int(status.split()[1])
            schema, table = case.get("into", case["table"])
            status = self.wait(self.db.copy_to_table(
                table, schema_name=schema, source=io.BytesIO(data), format=case["format"]))
            return None, int(status.split()[1])
        except self.error as error:
            raise Failed(error.sqlstate) from error

    def load(self, case, records):
        schema, table = case["table"]
        status = self.wait(self.db.copy_records_to_table(
            table, schema_name=schema, columns=case["columns"], records=records))
        return int(status.split()[1])

    def json(self, value):
        return json.dumps(value)

    def close(self):
        self.wait(self.db.close())


def sqlalchemy_driver(dialect):
    class SqlAlchemy:
        """Core, and what it says of the index's columns."""

        def __init__(self, port):
            self.connect(port)
            self.reflects()

        def connect(self, port):
            import sqlalchemy
            self.sqlalchemy = sqlalchemy
            self.engine = sqlalchemy.create_engine(f"postgresql+{dialect}://app@127.0.0.1:{port}/app")
            self.db = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")

        def reflects(self):
            inspector = self.sqlalchemy.inspect(self.engine)
            for name in inspector.get_table_names():
                assert inspector.has_table(name)
                columns = [column["name"] for column in inspector.get_columns(name)]
                assert columns == ["id", "values", "metadata", "namespace"], columns
                key = inspector.get_pk_constraint(name)["constrained_columns"]
                assert key == ["namespace", "id"], key
                assert inspector.get_indexes(name) == []
                assert inspector.get_foreign_keys(name) == []
            assert not inspector.has_table("nosuch")
            assert "public" in inspector.get_schema_names()

        def execute(self, sql, parameters):
            names = {f"p{n + 1}": value for n, value in enumerate(parameters or ())}
            text = self.sqlalchemy.text(re.sub(r"\$(\d+)", r":p\1", sql))
            try:
                result = self.db.execute(text, names)
                rows = [list(row) for row in result] if result.returns_rows else []
                return rows, result.rowcount
            except self.sqlalchemy.exc.DBAPIError as error:
                cause = error.orig
                state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
                if state is None and isinstance(cause.args[0], dict):
                    state = cause.args[0]["C"]
                raise Failed(state) from error

        def batch(self, sql, batch):
            for row in batch:
                self.execute(sql, row)

        def begin(self):
            self.execute("BEGIN", None)

        def end(self, how):
            self.execute(how.upper(), None)
            self.reflects()

        def json(self, value):
            return json.dumps(value)

        def close(self):
            self.db.close()
            self.engine.dispose()

    return SqlAlchemy


class SqlAlchemyAsyncpg(sqlalchemy_driver("asyncpg")):
    """The same over a driver that has to be waited for, as SQLAlchemy's AsyncConnection.run_sync does it."""

    def connect(self, port):
        self.loop = asyncio.new_event_loop()
        self.wait(super().connect, port)

    def wait(self, what, *arguments):
        from sqlalchemy.util import greenlet_spawn
        return self.loop.run_until_complete(greenlet_spawn(what, *arguments))

    def reflects(self):
        self.wait(super().reflects)

    def execute(self, sql, parameters):
        return self.wait(super().execute, sql, parameters)

    def close(self):
        self.wait(super().close)


DRIVERS = {
    "psycopg": Psycopg,
    "psycopg-pgbouncer": PsycopgPooled,
    "psycopg2": Psycopg2,
    "pg8000": Pg8000,
    "asyncpg": Asyncpg,
    "sqlalchemy-psycopg": sqlalchemy_driver("psycopg"),
    "sqlalchemy-psycopg2": sqlalchemy_driver("psycopg2"),
    "sqlalchemy-pg8000": sqlalchemy_driver("pg8000"),
    "sqlalchemy-asyncpg": SqlAlchemyAsyncpg,
}


def plain(value):
    """A driver's value as JSON has it: some read jsonb, some leave it as text."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, str) and value.startswith("{"):
        return json.loads(value)
    return value


def parameters_of(driver, parameters):
    def one(value):
        if isinstance(value, dict) and "vector" in value:
            return value["vector"]
        if isinstance(value, dict):
            return driver.json(value["json"])
        return value
    return None if parameters is None else [one(value) for value in parameters]


def check(driver, case):
    for _ in range(case.get("times", 1)):
        try:
            rows, count = driver.execute(case["sql"], parameters_of(driver, case.get("parameters")))
        except Failed as failed:
            assert failed.sqlstate == case.get("error"), f"SQLSTATE {failed.sqlstate}"
            continue
        assert "error" not in case, "it succeeds"
        if "rows" in case:
            came = [[plain(value) for value in row] for row in rows]
            assert came == case["rows"], f"rows {came}"
        if "count" in case:
            assert count == case["count"], f"a count of {count}"


def check_copy(driver, case):
    """Data that goes in, or that comes out; or what comes out goes in again."""
    try:
        data = None
        if "copy_out" in case:
            data, count = driver.copy(case, None)
        if "copy_in" in case:
            _, count = driver.copy(case, case["data"].encode() if data is None else data)
        elif "data" in case:
            assert data.decode() == case["data"], f"data {data}"
    except Failed as failed:
        assert failed.sqlstate == case.get("error"), f"SQLSTATE {failed.sqlstate}"
        return
    assert "error" not in case, "it succeeds"
    if "count" in case:
        assert count == case["count"], f"a count of {count}"


def run(make, port, cases):
    driver = make(port)
    for case in cases:
        if "needs" in case and getattr(driver, case["needs"], None) is None:
            continue
        try:
            if "reconnect" in case:
                driver.close()
                driver = make(port)
            elif "transaction" in case:
                driver.begin()
                for step in case["transaction"]:
                    check(driver, step)
                driver.end(case["end"])
            elif "batch" in case:
                driver.batch(case["sql"], [parameters_of(driver, row) for row in case["batch"]])
            elif "copy_in" in case or "copy_out" in case:
                check_copy(driver, case)
            elif "load" in case:
                count = driver.load(case, [parameters_of(driver, row) for row in case["records"]])
                assert count == case["count"], f"a count of {count}"
            elif "cancel" in case:
                try:
                    driver.cancel(case["cancel"])
                    raise AssertionError("it is not cancelled")
                except Failed as failed:
                    assert failed.sqlstate == case["error"], f"SQLSTATE {failed.sqlstate}"
            else:
                check(driver, case)
        except Exception as error:
            print(f"  {case['case']}: {type(error).__name__}: {error}")
            raise SystemExit(1) from error
    driver.close()


if __name__ == "__main__":
    run(DRIVERS[sys.argv[1]], int(sys.argv[2]),
        json.loads((Path(__file__).parent.parent / "cases.json").read_text()))
