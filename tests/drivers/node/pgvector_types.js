// pgvector's own helpers for node-postgres and postgres.js: the type is found by its name, and vectors go
// as its text. They come as float4[].
//
//     pgvector_types.js PORT
const assert = require('assert');
const pgvector = require('pgvector/pg');

const port = Number(process.argv[2]);
const where = { host: '127.0.0.1', port, user: 'app', database: 'app' };
const vector = [0.5, 0.25, 0];

async function checkPg() {
  const { Client } = require('pg');
  const db = new Client(where);
  await db.connect();
  await pgvector.registerTypes(db);
  await db.query('CREATE INDEX films DIMENSION 3');
  await db.query('UPSERT INTO films NAMESPACE t VALUES ($1, $2)', ['alien', pgvector.toSql(vector)]);
  const { rows } = await db.query('QUERY films NAMESPACE t NEAREST $1 TOP 1 INCLUDE VALUES', [pgvector.toSql(vector)]);
  assert.deepStrictEqual(rows, [{ id: 'alien', score: 1, values: vector }]);
  await db.end();
}

async function checkPostgres() {
  const sql = require('postgres')({ ...where, max: 1 });
  const rows = await sql`QUERY films NAMESPACE t NEAREST ${pgvector.toSql(vector)} TOP 1`;
  assert.deepStrictEqual([...rows], [{ id: 'alien', score: 1 }]);
  await sql.end();
}

checkPg().then(checkPostgres);
