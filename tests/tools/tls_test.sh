#!/usr/bin/env bash
# TLS as operators set it up: the commands of docs/operations.md, the key's permissions, renewal.
set -u
alcove=$1
manual=$(realpath "$(dirname "$0")/../../docs/operations.md")
. "$(dirname "$0")/server_under_test.sh"
cd "$folder" || exit 1

# The manual's own commands make the certificates.
commands=$(sed -n '/^## TLS/,/^## /p' "$manual" | sed -n '/^    openssl/,/^    chmod/p')
[ -n "$commands" ] || fail "the manual has no commands"
bash -e -c "$commands" > certificates.log 2>&1 || fail "the manual's commands" "$(cat certificates.log)"

tls=(--tls-certificate server.crt --tls-key server.key)
secure="host=localhost port=%s sslmode=verify-full sslrootcert=ca.crt"

# What cannot serve does not start, and says why.
message_of() { "$alcove" server --data "$folder/data" --listen 127.0.0.1:0 "$@" 2>&1 < /dev/null; }
chmod 644 server.key
case $(message_of "${tls[@]}") in
  *"server.key: the key may be read by others than its owner"*) ;;
  *) fail "a key that everybody may read is taken" ;;
esac
chmod 600 server.key
case $(message_of --tls-certificate server.crt) in
  *"tls_certificate and tls_key belong together"*) ;;
  *) fail "a certificate without a key is taken" ;;
esac
case $(message_of --tls-required) in
  *"TLS is required, but there is no certificate"*) ;;
  *) fail "TLS is required without a certificate" ;;
esac

start_server "${tls[@]}"
grep --quiet 'info TLS with the certificate of CN=localhost, valid until ' log || fail "no line about TLS"
# shellcheck disable=SC2059
url=$(printf "$secure" "$port")
expect "the shell over TLS" "1" "$("$alcove" shell -A -t -q "$url" -c "SELECT 1;" 2>&1)"
expect "the shell without" "1" "$(shell -A -t -q -c "SELECT 1;")"
expect "a URL" "1" "$("$alcove" shell -A -t -q "postgresql://localhost:$port/?sslmode=verify-full&sslrootcert=$folder/ca.crt" -c "SELECT 1;" 2>&1)"
if command -v psql > /dev/null; then
  case $(psql --no-psqlrc "$url user=me dbname=me" -c '\conninfo' 2>&1) in
    *"SSL connection (protocol: TLSv1.3"*) ;;
    *) fail "psql over TLS" ;;
  esac
fi

# What a line of the log says, once it is there.
await_line() {
  local deadline=$((SECONDS + 60))
  until grep --quiet "$1" log; do
    [ "$SECONDS" -lt "$deadline" ] || fail "no such line in the log: $1"
  done
}
openssl req -newkey rsa:2048 -nodes -subj "/CN=renewed" -keyout new.key -out new.csr 2> /dev/null
openssl x509 -req -in new.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 \
  -extfile <(printf "subjectAltName=DNS:localhost") -out new.crt 2> /dev/null
cp server.crt old.crt

# A renewal that is half done changes nothing.
cp new.crt server.crt
kill -HUP "$server"
await_line 'error the TLS key does not fit the certificate.*; the TLS certificate in use stays'
expect "after a bad file" "1" "$("$alcove" shell -A -t -q "$url" -c "SELECT 1;" 2>&1)"
echo nothing > server.crt
kill -HUP "$server"
await_line 'error the TLS certificate cannot be read.*; the TLS certificate in use stays'
cp new.crt server.crt
cp new.key server.key
kill -HUP "$server"
await_line 'info TLS with the certificate of CN=renewed, valid until '
expect "after the renewal" "CN = renewed" "$(openssl s_client -starttls postgres -connect "localhost:$port" \
  < /dev/null 2> /dev/null | openssl x509 -noout -subject | sed 's/^subject=//')"
stop_server

start_server "${tls[@]}" --tls-required
# shellcheck disable=SC2059
url=$(printf "$secure" "$port")
expect "TLS where it is required" "1" "$("$alcove" shell -A -t -q "$url" -c "SELECT 1;" 2>&1)"
case $("$alcove" shell "host=localhost port=$port sslmode=disable" -c "SELECT 1;" 2>&1) in
  *"a connection without TLS is refused"*) ;;
  *) fail "a session without TLS is served" ;;
esac
stop_server

# Without a certificate the signal is no death.
start_server
kill -HUP "$server"
expect "SIGHUP without TLS" "1" "$(shell -A -t -q -c "SELECT 1;")"
stop_server
echo "passed"
