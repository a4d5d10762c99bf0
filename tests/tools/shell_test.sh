#!/usr/bin/env bash
# The shell as scripts use it: where statements come from, what is printed, and the exit codes.
set -u
alcove=$1
. "$(dirname "$0")/server_under_test.sh"

# expect_code NAME CODE ACTUAL
expect_code() { expect "$1: exit code" "$2" "$3"; }

"$alcove" shell --port 1 -c "SHOW INDEXES;" > /dev/null 2>&1
expect_code "no server" 2 $?

start_server
output=$(printf 'CREATE INDEX a\n  DIMENSION 2 -- not here;\n;\nUPSERT INTO a NAMESPACE t VALUES\n(%s, [1, 0]),\n($$y$$, [0, 1]);\n' "'x;'" | shell)
expect_code "a script on standard input" 0 $?
expect "statements over several lines" "CREATE INDEX
INSERT 0 2" "$output"

expect "an aligned table" " id | score 
----+-------
 x; |     1
 y  |     0
(2 rows)" "$(shell -c "QUERY a NAMESPACE t NEAREST [1, 0] TOP 2;")"
expect "CSV" "id,values
x;,\"{1,0}\"
y,\"{0,1}\"" "$(shell --csv -c "SELECT id, values FROM a NAMESPACE t;")"
expect "records on lines of their own" "-[ RECORD 1 ]-
id     | y
values | {0,1}" "$(shell -x -c "SELECT id, values FROM a NAMESPACE t WHERE id = 'y';")"
expect "quiet" "" "$(shell -q -c "UPSERT INTO a NAMESPACE t VALUES ('x;', [1, 0]);")"
expect "several statements and several -c" "1
2" "$(shell -A -t -c "SELECT 1;" -c "SELECT 2;")"

for address in "host=127.0.0.1 port=$port" "postgresql://127.0.0.1:$port/any" "port=$port"; do
  expect "an address: $address" "1" "$("$alcove" shell "$address" -A -t -c "SELECT 1;")"
done
expect "a database name alone" "1" "$(shell any -A -t -c "SELECT 1;")"

errors=$(shell -c "SELEC 1;" 2>&1 > /dev/null)
expect_code "a failing -c" 1 $?
echo "$errors" | grep --quiet '^ERROR: .*' || fail "no message:" "$errors"
echo "$errors" | grep --quiet '^LINE 1: SELEC 1;$' || fail "no line:" "$errors"
echo "$errors" | grep --quiet '^ *^$' || fail "no caret:" "$errors"

printf 'SELECT 1;\n\nSELECT count(*) FROM missing NAMESPACE t;\nSELECT 2;\n' > "$folder/script"
output=$(shell -A -t -f "$folder/script" 2> "$folder/errors")
expect_code "a failing script" 3 $?
expect "a script stops at its first error" "1" "$output"
grep --quiet "^$folder/script:3: ERROR: " "$folder/errors" ||
  fail "no place:" "$(cat "$folder/errors")"

printf 'SELECT 3;\n\\q\nSELECT 4;\n' > "$folder/inner"
output=$(printf '\\i %s\nSELECT 5;\n' "$folder/inner" | shell -A -t)
expect_code "a script in a script" 0 $?
expect "\\i and \\q" "3
5" "$output"

shell -f "$folder/missing" > /dev/null 2>&1
expect_code "a missing script" 1 $?
shell --bogus > /dev/null 2>&1
expect_code "an unknown option" 1 $?

stop_server
echo "passed"
