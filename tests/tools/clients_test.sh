#!/usr/bin/env bash
# Runs the programs of docs/clients.md in their languages, as they stand there but for the port, and
# compares what they print with what the page shows. For `js` the driver comes from npm, and the test
# is skipped (77) where node or npm is missing or the registry cannot be reached. `go`, `java` and `rust` are
# for tests/drivers/run, which sees to it that they are there.
set -u
alcove=$1
language=$2
. "$(dirname "$0")/server_under_test.sh"
page=$(dirname "$0")/../../docs/clients.md

# The programs in a language, one behind the other, and the output shown behind each.
program() { awk -v fence="\`\`\`$1" '$0 == fence {on = 1; next} $0 == "```" {on = 0} on' "$page"; }
shown() {
  awk -v fence="\`\`\`$1" '
    $0 == fence {after = 1; next}
    after && $0 == "```text" {on = 1; next}
    on && $0 == "```" {on = after = 0}
    on' "$page"
}

case $language in
  python)
    # The one that the driver's package is for need not be the first on the path.
    python=$(for each in python3 /usr/bin/python3; do
      "$each" -c 'import psycopg' 2> /dev/null && { echo "$each"; break; }
    done)
    [ -n "$python" ] || fail "psycopg is not installed; tools/setup does"
    run() { "$python" "$1"; }
    ;;
  js)
    command -v node npm > /dev/null || exit 77
    cache=${TMPDIR:-/tmp}/alcove-clients-$(id -u)
    [ -d "$cache/node_modules/pg" ] ||
      npm install --silent --no-audit --no-fund --prefix "$cache" pg > /dev/null || exit 77
    run() { NODE_PATH=$cache/node_modules node "$1"; }
    ;;
  go)
    # With the drivers' versions of tests/drivers.
    drivers=$(realpath "$(dirname "$0")/../drivers/go")
    run() { cp "$drivers/go.mod" "$drivers/go.sum" "$folder" && env -C "$folder" go run "$1"; }
    ;;
  java) run() { java -cp /usr/share/java/postgresql.jar "$1"; } ;;
  rust)
    drivers=$(realpath "$(dirname "$0")/../drivers/rust")
    run() {
      mkdir "$folder/src" && cp "$1" "$folder/src/main.rs" || return
      for file in Cargo.toml Cargo.lock; do
        sed 's/^name = "drivers"/name = "recipe"/' "$drivers/$file" > "$folder/$file"
      done
      cargo run --quiet --locked --manifest-path "$folder/Cargo.toml"
    }
    ;;
  *) fail "no language $language" ;;
esac

start_server
program "$language" | sed "s/7432/$port/" > "$folder/program.$language"
[ -s "$folder/program.$language" ] || fail "the page has no program for $language"
expect "what the $language program prints" "$(shown "$language")" "$(run "$folder/program.$language" 2>&1)"
stop_server
