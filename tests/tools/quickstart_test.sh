#!/usr/bin/env bash
# The worked example of the language, word for word, through the program that users have; and that
# what it leaves survives a restart.
set -u
alcove=$1
. "$(dirname "$0")/server_under_test.sh"

start_server
expect "create an index" "CREATE INDEX" \
  "$(shell -c "CREATE INDEX multitenant-app DIMENSION 8 METRIC cosine;")"
expect "upsert" "INSERT 0 4" "$(shell -c "UPSERT INTO multitenant-app NAMESPACE tenant1 VALUES
    ('A', [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]),
    ('B', [0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]),
    ('C', [0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]),
    ('D', [0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4]);")"
expect "upsert for a second tenant" "INSERT 0 4" \
  "$(shell -c "UPSERT INTO multitenant-app NAMESPACE tenant2 VALUES
    ('E', [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]),
    ('F', [0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]),
    ('G', [0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]),
    ('H', [0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8]);")"
expect "update" "UPDATE 1" \
  "$(shell -c "UPDATE multitenant-app NAMESPACE tenant1 SET VALUES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8] WHERE id = 'A';")"

# Three of the four, by score and then id, each parallel to the query.
query="QUERY multitenant-app NAMESPACE tenant2 NEAREST [0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7] TOP 3 INCLUDE VALUES;"
check_query() {
  rows=$(shell -A -t -c "$query") || fail "the query"
  echo "$rows" | awk -F '|' '
    BEGIN {
      values["E"] = "{0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5}"
      values["F"] = "{0.6,0.6,0.6,0.6,0.6,0.6,0.6,0.6}"
      values["G"] = "{0.7,0.7,0.7,0.7,0.7,0.7,0.7,0.7}"
      values["H"] = "{0.8,0.8,0.8,0.8,0.8,0.8,0.8,0.8}"
    }
    !($1 in values) || $3 != values[$1] { exit 1 }
    $2 < 1 - 1e-6 || $2 > 1 + 1e-6 { exit 1 }
    NR > 1 && ($2 > score || ($2 == score && $1 <= id)) { exit 1 }
    { delete values[$1]; id = $1; score = $2; count++ }
    END { if (count != 3) exit 1 }' || fail "the query answered:" "$rows"
}
check_query

expect "drop a tenant" "DROP NAMESPACE" "$(shell -c "DROP NAMESPACE tenant1 FROM multitenant-app;")"
expect "a dropped tenant reads as empty" "0" \
  "$(shell -A -t -c "SELECT count(*) FROM multitenant-app NAMESPACE tenant1;")"

stop_server
start_server
check_query
expect "a dropped tenant stays away" "tenant2" \
  "$(shell -A -t -c "SHOW NAMESPACES FROM multitenant-app;" | cut -d '|' -f 1)"
stop_server
echo "passed"
