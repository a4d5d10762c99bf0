"""Two clients behind one PgBouncer: neither must ever come to the other's tenant. Each setup that docs/clients.md
names is tried, and the one that it warns of: there the second client does, which shows that this test would see it.

    pooled_tenants.py SERVER_PORT"""
import sys
import threading

import psycopg

from pgbouncer import pgbouncer

PASSWORDS = {"one": "first", "two": "second", "app": "third", "admin": "fourth"}
server = int(sys.argv[1])


def connect(port, role, prepare_threshold=None, **options):
    return psycopg.connect(host="127.0.0.1", port=port, user=role, password=PASSWORDS[role], dbname="app",
                           autocommit=True, prepare_threshold=prepare_threshold, **options)


def ids(db, sql="SELECT id FROM films"):
    """The ids that come, or the SQLSTATE."""
    try:
        return [row[0] for row in db.execute(sql)]
    except psycopg.Error as error:
        return error.sqlstate


def make_tenants():
    with psycopg.connect(host="127.0.0.1", port=server, user="app", autocommit=True) as db:
        db.execute("CREATE INDEX films DIMENSION 1 METRIC euclidean")
        for tenant in "one", "two":
            db.execute("UPSERT INTO films NAMESPACE %s VALUES (%s, '[1]')", (tenant, f"of {tenant}"))
            db.execute(f"CREATE ROLE {tenant} LOGIN PASSWORD '{PASSWORDS[tenant]}' NAMESPACE {tenant} OF films")
        db.execute(f"CREATE ROLE app LOGIN PASSWORD '{PASSWORDS['app']}'")
        db.execute("GRANT WRITE ON INDEX films TO app")
        db.execute(f"CREATE ROLE admin SUPERUSER LOGIN PASSWORD '{PASSWORDS['admin']}'")


def bound_roles_stay_with_their_tenant():
    wrong = []

    def client(port, role, other):
        for _ in range(50):
            with connect(port, role) as db:
                for expected, came in (([f"of {role}"], ids(db)),
                                       ([f"of {role}"], ids(db, "QUERY films NEAREST [1] TOP 5")),
                                       ("42501", ids(db, f"SELECT id FROM films NAMESPACE {other}")),
                                       ("42501", ids(db, f"SELECT id FROM {other}.films")),
                                       ("42501", ids(db, f"SET namespace = {other}; SELECT id FROM films"))):
                    if came != expected:
                        wrong.append((role, expected, came))

    with pgbouncer(server, PASSWORDS) as port:
        clients = [threading.Thread(target=client, args=(port, *roles)) for roles in
                   (("one", "two"), ("two", "one")) * 2]
        for each in clients:
            each.start()
        for each in clients:
            each.join()
    assert not wrong, wrong[:5]


# What one client may leave behind in a connection, by statements that each are a transaction of their own.
LEFT_BEHIND = {
    "a setting": ["SET namespace = 'one'"],
    "a setting, all others reset": ["RESET ALL", "SET namespace = 'one'"],
    "a setting by function": ["SELECT set_config('namespace', 'one', false)"],
    "a committed setting": ["BEGIN; SET namespace = 'one'; COMMIT"],
    "a prepared statement": ["SET namespace = 'one'", "PREPARE mine AS SELECT id FROM films"],
    "a cursor": ["DECLARE mine CURSOR WITH HOLD FOR SELECT id FROM films NAMESPACE one"],
}
# And what is gone by itself at the end of the transaction.
NOT_LEFT_BEHIND = {
    "a local setting": ["BEGIN; SET LOCAL namespace = 'one'; SELECT id FROM films; COMMIT"],
    "a setting rolled back": ["BEGIN; SET namespace = 'one'; ROLLBACK"],
    "an open transaction": ["BEGIN", "SET LOCAL namespace = 'one'"],
}


def comes_to_the_next(port, statements):
    """What the second client gets that is not its own, of all that it might ask."""
    with connect(port, "app") as first:
        for statement in statements:
            first.execute(statement)
    with connect(port, "app") as second:
        came = {sql: ids(second, sql) for sql in
                ("SELECT id FROM films", "EXECUTE mine", "FETCH ALL FROM mine", "SELECT id FROM films NAMESPACE two")}
        second.execute("DISCARD ALL")  # for what is tried next
    assert came.pop("SELECT id FROM films NAMESPACE two") == ["of two"], "a tenant that is named is the one meant"
    return {sql: rows for sql, rows in came.items() if "of one" in rows}


def prepared_by_two_clients(port):
    """Both give their statement the same name. An error may come, but never the other's statement."""
    with connect(port, "app", prepare_threshold=0) as first, connect(port, "app", prepare_threshold=0) as second:
        return (ids(first, "SELECT id FROM films NAMESPACE one"), ids(second, "SELECT id FROM films NAMESPACE two"))


def a_reset_after_each_transaction_leaves_nothing():
    with pgbouncer(server, PASSWORDS, server_reset_query_always=1) as port:
        for what, statements in {**LEFT_BEHIND, **NOT_LEFT_BEHIND}.items():
            came = comes_to_the_next(port, statements)
            assert not came, f"{what}: {came}"
        assert prepared_by_two_clients(port) == ("26000", "26000")


def require_namespace_refuses_defaults():
    with pgbouncer(server, PASSWORDS, database="connect_query='SET require_namespace = on'") as port:
        with connect(port, "app") as first, connect(port, "app") as second:
            first.execute("SET namespace = 'one'")
            assert ids(second) == "42601", ids(second)
            assert ids(second, "SELECT id FROM films NAMESPACE two") == ["of two"]


def sessions_leave_nothing():
    with pgbouncer(server, PASSWORDS, pool_mode="session") as port:
        for what, statements in {**LEFT_BEHIND, **NOT_LEFT_BEHIND}.items():
            came = comes_to_the_next(port, statements)
            assert not came, f"{what}: {came}"


def without_either_it_is_left_behind():
    with pgbouncer(server, PASSWORDS) as port:
        for what, statements in LEFT_BEHIND.items():
            assert comes_to_the_next(port, statements), f"{what} is not seen: does this test see anything?"
        for what, statements in NOT_LEFT_BEHIND.items():
            came = comes_to_the_next(port, statements)
            assert not came, f"{what}: {came}"
        assert prepared_by_two_clients(port) == (["of one"], "42P05")


def reported_settings_follow_their_client():
    """PgBouncer learns of these from ParameterStatus, and sets them again for each client."""
    with pgbouncer(server, PASSWORDS) as port:
        with connect(port, "app", application_name="first") as first, \
                connect(port, "app", application_name="second") as second:
            first.execute("SET TimeZone = 'Europe/Berlin'")
            for _ in range(3):
                assert ids(first, "SHOW application_name") == ["first"]
                assert ids(second, "SHOW application_name") == ["second"]
                assert ids(first, "SHOW TimeZone") == ["Europe/Berlin"]
                assert ids(second, "SHOW TimeZone") == ["UTC"]


make_tenants()
for test in (bound_roles_stay_with_their_tenant, a_reset_after_each_transaction_leaves_nothing,
             require_namespace_refuses_defaults, sessions_leave_nothing, without_either_it_is_left_behind,
             reported_settings_follow_their_client):
    try:
        test()
    except Exception as error:
        print(f"  {test.__name__.replace('_', ' ')}: {type(error).__name__}: {error}")
        raise SystemExit(1) from error
