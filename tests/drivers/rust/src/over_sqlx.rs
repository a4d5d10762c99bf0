use crate::{check, vector_of, Driver, Failed, Runs, Step};
use futures_util::TryStreamExt;
use serde_json::{json, Value};
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Column, Connection as _, PgConnection, Row, TypeInfo};

pub(crate) struct Connection(PgConnection);

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        let state = error.as_database_error().and_then(|it| it.code()).unwrap_or_default();
        Failed { state: state.to_string(), text: error.to_string() }
    }
}

/// The driver declares of each parameter the type that the program has.
fn bound(sql: &str, parameters: &[Value]) -> Query<'static, Postgres, PgArguments> {
    let mut query = sqlx::query(AssertSqlSafe(sql.to_string()));
    for value in parameters {
        query = match (vector_of(value), value) {
            (Some(vector), _) => query.bind(vector),
            (None, Value::String(text)) => query.bind(text.clone()),
            (None, Value::Number(number)) => query.bind(number.as_i64()),
            (None, Value::Null) => query.bind(None::<Value>),
            (None, other) => query.bind(other["json"].clone()),
        };
    }
    query
}

fn column(row: &PgRow, at: usize) -> Result<Value, Failed> {
    Ok(match row.column(at).type_info().name() {
        "TEXT" | "NAME" => json!(row.try_get::<Option<String>, _>(at)?),
        "FLOAT4" => json!(row.try_get::<f32, _>(at)?),
        "FLOAT4[]" => json!(row.try_get::<Vec<f32>, _>(at)?),
        "JSONB" => json!(row.try_get::<Option<Value>, _>(at)?),
        "INT8" => json!(row.try_get::<i64, _>(at)?),
        "INT2" => json!(row.try_get::<i16, _>(at)?),
        "\"CHAR\"" => json!((row.try_get::<i8, _>(at)? as u8 as char).to_string()),
        other => return Err(format!("a column of type {other}").into()),
    })
}

impl Runs for PgConnection {
    async fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failed> {
        let rows = bound(sql, parameters).fetch_all(self).await?;
        rows.iter().map(|row| (0..row.len()).map(|at| column(row, at)).collect()).collect()
    }
    async fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, Failed> {
        Ok(bound(sql, parameters).execute(self).await?.rows_affected())
    }
}

impl Runs for Connection {
    async fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failed> {
        self.0.query(sql, parameters).await
    }
    async fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, Failed> {
        Runs::execute(&mut self.0, sql, parameters).await
    }
}

impl Driver for Connection {
    const CANNOT: &'static [&'static str] = &["cancel", "load"];

    async fn connect(port: u16) -> Result<Self, Failed> {
        Ok(Connection(PgConnection::connect(&format!("postgres://app@127.0.0.1:{port}/app")).await?))
    }

    async fn batch(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<(), Failed> {
        for row in rows {
            bound(sql, row).execute(&mut self.0).await?;
        }
        Ok(())
    }

    async fn transaction(&mut self, steps: &[Step], end: &str) -> Result<(), Failed> {
        let mut transaction = self.0.begin().await?;
        for step in steps {
            check(&mut *transaction, step).await?;
        }
        Ok(if end == "commit" { transaction.commit().await? } else { transaction.rollback().await? })
    }

    async fn copy_in(&mut self, sql: &str, data: Vec<u8>) -> Result<u64, Failed> {
        let mut copy = self.0.copy_in_raw(sql).await?;
        copy.send(data).await?;
        Ok(copy.finish().await?)
    }

    async fn copy_out(&mut self, sql: &str) -> Result<Vec<u8>, Failed> {
        let parts: Vec<_> = self.0.copy_out_raw(sql).await?.try_collect().await?;
        Ok(parts.concat())
    }

    async fn load(&mut self, _: &str, _: &[Vec<Value>]) -> Result<u64, Failed> {
        unreachable!("the driver has no bulk load of its own")
    }

    async fn cancel(&mut self, _: &str) -> Result<u64, Failed> {
        unreachable!("the driver does not cancel")
    }
}
