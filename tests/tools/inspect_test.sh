#!/usr/bin/env bash
# Every kind of file that a server leaves can be looked at, and damage does not go unnoticed.
set -u
alcove=$1
. "$(dirname "$0")/server_under_test.sh"

start_server
shell -q -c "CREATE INDEX a DIMENSION 2;" || fail "create"
shell -q -c "UPSERT INTO a NAMESPACE tenant VALUES ('x', [1, 0]), ('y', [0, 1]);" || fail "upsert"

# While the records are only in the log.
log=$(ls "$folder"/data/log/*.log | tail -n 1)
output=$("$alcove" inspect wal "$log") || fail "inspect wal"
echo "$output" | grep --quiet '^generation ' || fail "no header:" "$output"
echo "$output" | grep --quiet 'tenant' || fail "no commit:" "$output"
stop_server

manifest=$folder/data/$(cut -d ' ' -f 1 "$folder/data/CURRENT")
output=$("$alcove" inspect manifest "$manifest") || fail "inspect manifest"
echo "$output" | grep --quiet 'tenant' || fail "no namespace:" "$output"

segment=$(find "$folder/data/segments" -name '*.segment' | head -n 1)
[ -n "$segment" ] || fail "the checkpoint at the stop left no segment"
output=$("$alcove" inspect segment "$segment") || fail "inspect segment"
echo "$output" | grep --quiet '^rows  *2$' || fail "no rows:" "$output"
echo "$output" | grep --quiet '^every block checks$' || fail "not verified:" "$output"

# One byte of the first block is enough.
printf '\377' | dd of="$segment" bs=1 seek=70 conv=notrunc status=none
if "$alcove" inspect segment "$segment" > /dev/null 2> "$folder/errors"; then
  fail "damage went unnoticed"
fi
grep --quiet "$(basename "$segment")" "$folder/errors" ||
  fail "the file is not named:" "$(cat "$folder/errors")"

if "$alcove" inspect wal "$folder/data/CURRENT" > /dev/null 2>&1; then
  fail "any file passes for a log"
fi
echo "passed"
