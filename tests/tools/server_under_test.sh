# Sourced by the tests beside it. Starts the server $alcove on a fresh directory and a free port and
# stops it when the test ends.
#   $folder   the test's own directory, removed in the end
#   $port     where the server listens

folder=$(mktemp -d)
server=
port=

end_test() {
  local code=$?
  if [ -n "$server" ]; then kill -KILL "$server" 2> /dev/null; fi
  if [ "$code" != 0 ] && [ -e "$folder/log" ]; then
    echo "---- the server's log"
    tail -n 50 "$folder/log"
  fi
  rm -rf "$folder"
}
trap end_test EXIT

fail() {
  printf 'FAILED: %s\n' "$@"
  exit 1
}

start_server() {
  : > "$folder/log"
  "$alcove" server --data "$folder/data" --listen 127.0.0.1:0 "$@" \
    2> "$folder/log" < /dev/null &
  server=$!
  local deadline=$((SECONDS + 60))
  port=
  while [ -z "$port" ]; do
    kill -0 "$server" 2> /dev/null || fail "the server did not start"
    [ "$SECONDS" -lt "$deadline" ] || fail "the server is not ready after 60 s"
    port=$(sed -n 's/.*ready: listening on 127.0.0.1:\([0-9]*\),.*/\1/p' "$folder/log")
    if [ -z "$port" ]; then sleep 0.02; fi
  done
}

# Stops it as an operator would; it must end cleanly.
stop_server() {
  kill -TERM "$server"
  wait "$server" || fail "the server ended with code $?"
  server=
}

shell() { "$alcove" shell --port "$port" "$@"; }

# expect NAME EXPECTED ACTUAL
expect() {
  if [ "$2" != "$3" ]; then
    fail "$1" "expected:" "$2" "but it was:" "$3"
  fi
}
