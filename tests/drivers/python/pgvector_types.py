"""pgvector's own helpers find the type by name, in every driver that it is for, and TypeInfo does.

    pgvector_types.py PORT"""
import asyncio
import sys

import asyncpg
import pgvector.asyncpg
import pgvector.psycopg
import pgvector.psycopg2
import psycopg
import psycopg2
from psycopg.types import TypeInfo

port = int(sys.argv[1])
where = {"host": "127.0.0.1", "port": port, "user": "app"}

with psycopg.connect(**where) as db:
    pgvector.psycopg.register_vector(db)
    info = TypeInfo.fetch(db, "vector")
    assert (info.name, info.oid, info.array_oid, info.regtype) == ("vector", 16385, 16386, "vector"), info
    assert TypeInfo.fetch(db, "nosuch") is None

with psycopg2.connect(**where) as db:
    pgvector.psycopg2.register_vector(db)


async def check_asyncpg():
    db = await asyncpg.connect(database="app", **where)
    await pgvector.asyncpg.register_vector(db)
    await db.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=str)
    await db.close()


asyncio.run(check_asyncpg())
