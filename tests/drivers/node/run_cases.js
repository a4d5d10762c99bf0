// Runs ../cases.json through a driver, with the driver's own defaults.
//
//     run_cases.js DRIVER PORT
//
// What a driver has no way for (`copy`, `load`), its class lacks, and the cases that need it are left out.
const assert = require('assert');
const { pipeline } = require('stream/promises');
const { Readable } = require('stream');
const cases = require('../cases.json');

class NodePostgres {
  static async connect(port) {
    const { Client } = require('pg');
    const driver = new NodePostgres();
    driver.port = port;
    driver.db = new Client({ host: '127.0.0.1', port, user: 'app', database: 'app' });
    await driver.db.connect();
    return driver;
  }
  async execute(sql, parameters) {
    const result = await this.db.query({ text: sql, values: parameters, rowMode: 'array' });
    return { rows: result.rows, count: result.rowCount };
  }
  async cancel(sql) {
    const { Client } = require('pg');
    const other = new Client({ host: '127.0.0.1', port: this.port, user: 'app', database: 'app' });
    await other.connect();
    setTimeout(() => other.query(`SELECT pg_cancel_backend(${this.db.processID})`), 300);
    try {
      await this.execute(sql);
    } finally {
      await other.end();
    }
  }
  // Copies the data in, or out where there is none. Gives the data that came, and the count.
  async copy(step, data) {
    const copyStreams = require('pg-copy-streams');
    if (data === null) {
      const stream = this.db.query(copyStreams.to(step.copy_out));
      return { data: Buffer.concat(await stream.toArray()), count: stream.rowCount };
    }
    const stream = this.db.query(copyStreams.from(step.copy_in));
    await pipeline(Readable.from([data]), stream);
    return { count: stream.rowCount };
  }
  json(value) { return value; }
  vector(values) { return values; }
  close() { return this.db.end(); }
}

class PostgresJs {
  // When COPY fails the driver's stream never ends, with PostgreSQL as well.
  leftOut = ['what does not fit is not copied in'];
  static async connect(port) {
    const driver = new PostgresJs();
    driver.db = require('postgres')({ host: '127.0.0.1', port, user: 'app', database: 'app', max: 1 });
    await driver.db`SELECT 1`;
    return driver;
  }
  async execute(sql, parameters) {
    const result = await this.db.unsafe(sql, parameters, { prepare: true }).values();
    return { rows: [...result].map((row) => [...row]), count: result.count };
  }
  async cancel(sql) {
    const query = this.db.unsafe(sql);
    setTimeout(() => query.cancel(), 300);
    await query;
  }
  // The driver's streams do not tell the count.
  async copy(step, data) {
    if (data === null) {
      const stream = await this.db.unsafe(step.copy_out).readable();
      return { data: Buffer.concat(await stream.toArray()) };
    }
    await pipeline(Readable.from([data]), await this.db.unsafe(step.copy_in).writable());
    return {};
  }
  json(value) { return value; }
  vector(values) { return values; }
  close() { return this.db.end(); }
}

const drivers = { pg: NodePostgres, postgres: PostgresJs };

// A driver's value as JSON has it: numbers beyond a double's precision come as text.
const plain = (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value);

const parametersOf = (driver, parameters) =>
  parameters && parameters.map((value) => {
    if (value && value.vector) return driver.vector(value.vector);
    if (value && value.json) return driver.json(value.json);
    return value;
  });

async function check(driver, step) {
  for (let time = 0; time < (step.times || 1); ++time) {
    let result;
    try {
      result = await driver.execute(step.sql, parametersOf(driver, step.parameters));
    } catch (error) {
      assert.strictEqual(error.code, step.error, error.message);
      continue;
    }
    assert.ok(!step.error, 'it succeeds');
    if (step.rows) assert.deepStrictEqual(result.rows.map((row) => row.map(plain)), step.rows);
    if (step.count !== undefined) assert.strictEqual(result.count, step.count);
  }
}

// Data that goes in, or that comes out; or what comes out goes in again.
async function checkCopy(driver, step) {
  let result;
  try {
    if (step.copy_out) result = await driver.copy(step, null);
    if (step.copy_in) result = await driver.copy(step, result ? result.data : Buffer.from(step.data));
  } catch (error) {
    assert.strictEqual(error.code, step.error, error.message);
    return;
  }
  assert.ok(!step.error, 'it succeeds');
  if (!step.copy_in) assert.strictEqual(result.data.toString(), step.data);
  if (step.count !== undefined && result.count !== undefined) assert.strictEqual(result.count, step.count);
}

async function run(make, port) {
  let driver = await make.connect(port);
  for (const step of cases) {
    if (step.needs && !driver[step.needs]) continue;
    if (driver.leftOut && driver.leftOut.includes(step.case)) continue;
    try {
      if (step.reconnect) {
        await driver.close();
        driver = await make.connect(port);
      } else if (step.transaction) {
        await driver.execute('BEGIN').catch((error) => {
          // postgres.js wants its own way for transactions over its pool; here it has one connection.
          if (error.code !== 'UNSAFE_TRANSACTION') throw error;
        });
        for (const inner of step.transaction) await check(driver, inner);
        await driver.execute(step.end.toUpperCase());
      } else if (step.batch) {
        for (const row of step.batch) await driver.execute(step.sql, parametersOf(driver, row));
      } else if (step.copy_in || step.copy_out) {
        await checkCopy(driver, step);
      } else if (step.cancel) {
        await assert.rejects(driver.cancel(step.cancel), { code: step.error });
      } else {
        await check(driver, step);
      }
    } catch (error) {
      console.log(`  ${step.case}: ${error.message}`);
      process.exit(1);
    }
  }
  await driver.close();
}

run(drivers[process.argv[2]], Number(process.argv[3]));
