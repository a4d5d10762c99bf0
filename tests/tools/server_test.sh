#!/usr/bin/env bash
# The server as operators use it: configuration, signals, the lock, and recovery.
set -u
alcove=$1
. "$(dirname "$0")/server_under_test.sh"

# What cannot be started says why, and where.
printf '# limits\nconnections_max = 5\nconections = 6\n' > "$folder/bad.conf"
message=$("$alcove" server --data "$folder/data" --config "$folder/bad.conf" 2>&1)
expect "an unknown option: exit code" 1 $?
expect "an unknown option" "alcove: $folder/bad.conf:3: no option is called \"conections\"" "$message"
"$alcove" server 2> /dev/null
expect "no data directory: exit code" 1 $?
"$alcove" server --data "$folder/data" --listen nowhere 2> /dev/null
expect "a bad address: exit code" 1 $?

# The command line wins over the file.
printf 'connections_max = 5\nmemtable_bytes = 8 MB # small\n' > "$folder/good.conf"
options=$("$alcove" server --config "$folder/good.conf" --set connections_max=6 --show-options)
expect "the file" "memtable_bytes = 8MB" "$(echo "$options" | grep '^memtable_bytes =')"
expect "--set" "connections_max = 6" "$(echo "$options" | grep '^connections_max =')"

start_server --config "$folder/good.conf"
shell -q -c "CREATE INDEX a DIMENSION 1 METRIC dotproduct;" || fail "create"
shell -q -c "UPSERT INTO a NAMESPACE t VALUES ('x', [1]);" || fail "upsert"

# One directory, one server.
"$alcove" server --data "$folder/data" --listen 127.0.0.1:0 2> "$folder/second" < /dev/null
expect "a second server: exit code" 1 $?

# A file-size limit is no death: the server is killed only by what cannot be survived.
kill -XFSZ "$server"
expect "SIGXFSZ is ignored" "1" "$(shell -A -t -c "SELECT count(*) FROM a NAMESPACE t;")"

# Acknowledged is durable.
kill -KILL "$server"
wait "$server" 2> /dev/null
start_server
expect "after a kill" "x" "$(shell -A -t -c "SELECT id FROM a NAMESPACE t;")"

# SIGINT stops as SIGTERM does; an open, idle session does not hold it up.
mkfifo "$folder/pipe"
shell < "$folder/pipe" > /dev/null 2>&1 &
idle=$!
exec 9> "$folder/pipe"
kill -INT "$server"
wait "$server"
expect "SIGINT: exit code" 0 $?
server=
exec 9>&-
wait "$idle"
grep --quiet ' info stopped$' "$folder/log" || fail "no last line"

start_server
expect "after a clean stop" "x" "$(shell -A -t -c "SELECT id FROM a NAMESPACE t;")"
stop_server
echo "passed"
