#!/usr/bin/env bash
# What psql asks the catalogue when somebody looks around: its \d family, and the queries of its TAB.
set -u
alcove=$1
. "$(dirname "$0")/server_under_test.sh"

start_server
psql() { command psql --no-psqlrc --host 127.0.0.1 --port "$port" --user app --dbname app "$@" 2>&1; }

psql --quiet --command 'CREATE INDEX films DIMENSION 3 METRIC cosine' \
  --command 'CREATE INDEX "multitenant-app" DIMENSION 8' || fail "no index is made"

expect '\dt' 'public|films|table|app
public|multitenant-app|table|app' "$(psql -At -c '\dt')"
expect '\d' 'public|films|table|app
public|multitenant-app|table|app' "$(psql -At -c '\d')"
expect '\di' 'public|films_pkey|index|app|films
public|multitenant-app_pkey|index|app|multitenant-app' "$(psql -At -c '\di')"
expect '\dn' 'public|app' "$(psql -At -c '\dn')"
expect '\d films' '                Table "public.films"
  Column   |  Type  | Collation | Nullable | Default 
-----------+--------+-----------+----------+---------
 id        | text   |           | not null | 
 values    | real[] |           | not null | 
 metadata  | jsonb  |           |          | 
 namespace | text   |           | not null | 
Indexes:
    "films_pkey" PRIMARY KEY, btree (namespace, id)' "$(psql -c '\d films')"
expect 'a name with a hyphen' 'Did not find any relation named "nosuch".' "$(psql -c '\d nosuch')"
expect '\dT' 'public|vector|' "$(psql -At -c '\dT')"
expect '\du' 'app|Superuser, Create role, Create DB, Bypass RLS|{}' "$(psql -At -c '\du')"

# What has no one answer that is worth writing down must at least not fail.
for command in '\l' '\l+' '\d+' '\d+ films' '\dt+' '\di+' '\dn+' '\du+' '\df' '\dT+' '\dv' '\dm' '\ds' '\dx' '\dp' \
  '\dC' '\do' '\dconfig' '\dd' '\drds' '\db' '\dD' '\dc' '\dL' '\dE' '\des' '\dew' '\dRp' '\dRs' '\dy' '\d pg_class' \
  '\dt pg_catalog.*' '\d "multitenant-app"' '\da' '\dO' '\dP' '\dS'; do
  answer=$(psql -c "$command")
  case $answer in
    *ERROR* | *FATAL*) fail "$command" "$answer" ;;
  esac
done

# TAB's queries are sent by a psql that has a terminal.
if command -v script > /dev/null; then
  printf '\\d fil\t\nSELECT id FROM fil\t NAMESPACE t;\n\\q\n' |
    timeout 60 script --quiet --command "psql --no-psqlrc --pset pager=off --host 127.0.0.1 --port $port --user app --dbname app" \
      /dev/null > "$folder/terminal"
  grep --quiet 'films_pkey' "$folder/terminal" || fail "TAB does not complete \\d fil" "$(cat "$folder/terminal")"
  if grep --quiet ERROR "$folder/terminal"; then fail "TAB" "$(cat "$folder/terminal")"; fi
fi
stop_server
