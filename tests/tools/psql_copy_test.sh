#!/usr/bin/env bash
# Loads and unloads with psql: its \copy, and COPY from standard input. Skipped (77) where there is no
# psql.
set -u
alcove=$1
. "$(dirname "$0")/server_under_test.sh"
command -v psql > /dev/null || exit 77

start_server
ask() { psql -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U app -d app "$@"; }

ask -c 'CREATE INDEX films DIMENSION 2 METRIC euclidean' || fail "no index"
printf 'A\t[1,2]\t{"g": "x\\\\ny"}\nB\t{3,4}\t\\N\n' > "$folder/in.txt"

# psql's \copy knows schema.table, which is namespace.index.
expect 'what \copy says' 'COPY 2' "$(psql -X -h 127.0.0.1 -p "$port" -U app -d app \
  -c "\\copy tenant1.films from '$folder/in.txt'" 2>&1)"
expect 'COPY from standard input' '' "$(ask -c 'COPY films NAMESPACE tenant2 FROM STDIN' < "$folder/in.txt" 2>&1)"
expect 'what came in' '{"g": "x\ny"}|2' "$(ask -F '|' -c "SELECT metadata FROM films NAMESPACE tenant1 WHERE id = 'A'" \
  )|$(ask -c 'SELECT count(*) FROM films NAMESPACE tenant2')"

for format in text csv binary; do
  ask -c "\\copy tenant1.films to '$folder/$format' with (format $format)" || fail "no $format"
  ask -c "DROP NAMESPACE tenant1 FROM films" || fail "no drop"
  ask -c "\\copy tenant1.films from '$folder/$format' with (format $format)" || fail "$format is not read"
  expect "what is read of $format" "$(cat "$folder/in.txt" | sed 's/\[1,2\]/{1,2}/')" \
    "$(ask -c 'COPY films NAMESPACE tenant1 TO STDOUT')"
done

expect 'a script with data in it' 'C	{5,6}	\N' "$(ask 2>&1 << 'SCRIPT'
COPY films NAMESPACE tenant3 FROM STDIN;
C	[5,6]	\N
\.
COPY films NAMESPACE tenant3 TO STDOUT;
SCRIPT
)"

printf 'D\t[1,2]\t\\N\nE\t[1]\t\\N\n' > "$folder/bad.txt"
expect 'what is at fault' 'ERROR:  a vector of dimension 1 does not fit index "films", which has dimension 2
CONTEXT:  COPY films, record 2' "$(ask -c "\\copy tenant1.films from '$folder/bad.txt'" 2>&1)"
stop_server
