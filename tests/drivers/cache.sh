# Sourced by `run` and `suites`: where the drivers are kept that come from their registries.
cache=$here/../../build/drivers
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

# Makes $python one that has the drivers.
python_drivers() {
  python=$cache/venv/bin/python
  [ -e "$cache/venv/complete-2" ] || { python3 -m venv "$cache/venv" && "$python" -m pip install --quiet \
    asyncpg 'sqlalchemy[asyncio]' 'psycopg[binary]' psycopg2-binary pg8000 pgvector &&
    touch "$cache/venv/complete-2"; }
}

node_drivers() {
  [ -e "$cache/node_modules/complete-2" ] || { npm install --silent --no-audit --no-fund --prefix "$cache" \
    pg pg-copy-streams postgres pgvector && touch "$cache/node_modules/complete-2"; }
}
