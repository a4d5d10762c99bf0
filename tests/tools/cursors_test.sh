#!/usr/bin/env bash
# Results too large for a client's memory, as psql and psycopg read them: through cursors.
set -u
alcove=$1
. "$(dirname "$0")/server_under_test.sh"

start_server
shell -q -c "CREATE INDEX a DIMENSION 1 METRIC dotproduct;" || fail "create"
shell -q -c "UPSERT INTO a NAMESPACE t VALUES ('a', [1]), ('b', [2]), ('c', [3]), ('d', [4]), ('e', [5]);" ||
  fail "upsert"

ask_psql() {
  psql --no-psqlrc --quiet --tuples-only --no-align --host 127.0.0.1 --port "$port" --username me \
    --dbname me --set FETCH_COUNT=2 --set ON_ERROR_STOP=1 2>&1
}
if command -v psql > /dev/null; then
  expect "psql's FETCH_COUNT" "a b c d e" \
    "$(echo 'SELECT id FROM a NAMESPACE t;' | ask_psql | tr '\n' ' ' | sed 's/ $//')"
  expect "psql's FETCH_COUNT in a transaction" "5 1" \
    "$(printf 'BEGIN;\nSELECT count(*) FROM a NAMESPACE t;\nSELECT 1;\nCOMMIT;\n' | ask_psql |
      tr '\n' ' ' | sed 's/ $//')"
fi

python=$(for each in python3 /usr/bin/python3; do
  "$each" -c 'import psycopg' 2> /dev/null && { echo "$each"; break; }
done)
[ -n "$python" ] || fail "psycopg is not installed; tools/setup does"
cat > "$folder/cursors.py" << 'END'
import sys
import psycopg

with psycopg.connect(f"host=127.0.0.1 port={sys.argv[1]} user=me") as db:
    with db.cursor("names") as ids, db.cursor("near", binary=True) as near:
        ids.execute("SELECT id FROM a NAMESPACE %s", ("t",))
        near.execute("QUERY a NAMESPACE t NEAREST %s TOP %s", ([1.0], 4))
        ids.itersize = 2
        print(ids.fetchone(), near.fetchmany(2), ids.fetchmany(2), near.fetchall())
        print([row[0] for row in ids], [column.name for column in near.description])
    with db.transaction():
        with db.cursor("moved") as cursor:
            cursor.execute("SELECT id FROM a NAMESPACE t")
            cursor.scroll(3)
            print(cursor.fetchall())
    with db.cursor("held", withhold=True) as held:
        held.execute("SELECT id FROM a NAMESPACE t")
        db.commit()
        print(len(held.fetchall()))
    db.execute("PREPARE one AS SELECT id FROM a NAMESPACE t WHERE id = $1")
    print(db.execute("EXECUTE one ('c')").fetchall())
    try:
        db.execute("FETCH nobody")
    except psycopg.errors.InvalidCursorName as error:
        print(error)
END
expect "psycopg's named cursors" "('a',) [('e', 5.0), ('d', 4.0)] [('b',), ('c',)] [('c', 3.0), ('b', 2.0)]
['d', 'e'] ['id', 'score']
[('d',), ('e',)]
5
[('c',)]
cursor \"nobody\" does not exist" "$("$python" "$folder/cursors.py" "$port" 2>&1)"

if "$python" -c 'import psycopg2' 2> /dev/null; then
  cat > "$folder/old.py" << 'END'
import sys
import psycopg2

db = psycopg2.connect(f"host=127.0.0.1 port={sys.argv[1]} user=me dbname=me")
with db.cursor("names") as cursor:
    cursor.itersize = 2
    cursor.execute("SELECT id FROM a NAMESPACE t")
    print([row[0] for row in cursor])
db.rollback()
with db.cursor("held", withhold=True) as cursor:
    cursor.execute("QUERY a NAMESPACE t NEAREST %s TOP 3", ([1.0],))
    db.commit()
    print(cursor.fetchone(), cursor.fetchmany(5))
END
  expect "psycopg2's named cursors" "['a', 'b', 'c', 'd', 'e']
('e', 5.0) [('d', 4.0), ('c', 3.0)]" "$("$python" "$folder/old.py" "$port" 2>&1)"
fi
stop_server
echo "passed"
