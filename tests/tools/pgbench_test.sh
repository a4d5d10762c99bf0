#!/usr/bin/env bash
# pgbench with a script of ours, in each of the ways in which it sends statements. It sends `:n` as a bare number
# in simple mode and as a parameter else, hence the casts.
set -u
alcove=$1
. "$(dirname "$0")/server_under_test.sh"
pgbench --version > /dev/null 2>&1 || fail "there is no pgbench: Debian's package postgresql has it, tools/setup installs that"

start_server
shell -q -c "CREATE INDEX films DIMENSION 3 METRIC cosine;" || fail "no index"
cat > "$folder/script.sql" << 'END'
\set n random(1, 20)
\set year random(1950, 2020)
UPSERT INTO films NAMESPACE tenant1 VALUES (:n::text, '[1, 2, 3]', '{"genre": "comedy"}');
UPDATE films NAMESPACE tenant1 SET year = :year WHERE id = :n::text;
BEGIN;
QUERY films NAMESPACE tenant1 NEAREST '[1, 2, 3]' WHERE genre = 'comedy' AND year >= :year TOP :n;
DELETE FROM films NAMESPACE tenant1 WHERE id = 'nosuch';
END;
END
for mode in simple extended prepared; do
  report=$(timeout 120 pgbench --no-vacuum --protocol "$mode" --file "$folder/script.sql" --client 4 --jobs 2 \
    --transactions 25 --random-seed 7 --host 127.0.0.1 --port "$port" --username app app 2>&1) ||
    fail "pgbench, $mode" "$report"
  expect "$mode" 'number of transactions actually processed: 100/100
number of failed transactions: 0 (0.000%)' "$(grep -E 'processed|failed' <<< "$report")"
done
expect 'what is there' '20' "$(shell -A -t -c "SELECT count(*) FROM films NAMESPACE tenant1;")"
stop_server
