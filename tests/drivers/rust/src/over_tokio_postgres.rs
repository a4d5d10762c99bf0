use crate::{check, vector_of, Driver, Failed, Runs, Step};
use bytes::Bytes;
use futures_util::future::try_join_all;
use futures_util::{SinkExt, TryStreamExt};
use serde_json::{json, Value};
use std::pin::pin;
use std::time::Duration;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, GenericClient, NoTls, Row, Transaction};

pub(crate) struct Connection(Client);

impl From<tokio_postgres::Error> for Failed {
    fn from(error: tokio_postgres::Error) -> Self {
        let state = error.code().map(|code| code.code().to_string()).unwrap_or_default();
        Failed {
            state,
            text: format!("{error}: {:?}", std::error::Error::source(&error).map(|why| why.to_string())),
        }
    }
}

type Parameter = Box<dyn ToSql + Sync + Send>;

/// The driver wants of each parameter the type that the server says.
fn parameter(value: &Value, of: &Type) -> Parameter {
    if let Some(vector) = vector_of(value) {
        return Box::new(vector);
    }
    match value {
        Value::String(text) => Box::new(text.clone()),
        Value::Number(number) => match *of {
            Type::OID => Box::new(number.as_u64().unwrap() as u32),
            Type::INT4 => Box::new(number.as_i64().unwrap() as i32),
            _ => Box::new(number.as_i64().unwrap()),
        },
        Value::Null => Box::new(None::<Value>),
        other => Box::new(other["json"].clone()),
    }
}

fn parameters(values: &[Value], types: &[Type]) -> Vec<Parameter> {
    values.iter().zip(types).map(|(value, of)| parameter(value, of)).collect()
}

fn borrowed(parameters: &[Parameter]) -> Vec<&(dyn ToSql + Sync)> {
    parameters.iter().map(|each| each.as_ref() as &(dyn ToSql + Sync)).collect()
}

fn column(row: &Row, at: usize) -> Result<Value, Failed> {
    Ok(match *row.columns()[at].type_() {
        Type::TEXT | Type::NAME => json!(row.try_get::<_, Option<String>>(at)?),
        Type::FLOAT4 => json!(row.try_get::<_, f32>(at)?),
        Type::FLOAT4_ARRAY => json!(row.try_get::<_, Vec<f32>>(at)?),
        Type::JSONB => json!(row.try_get::<_, Option<Value>>(at)?),
        Type::INT8 => json!(row.try_get::<_, i64>(at)?),
        Type::INT2 => json!(row.try_get::<_, i16>(at)?),
        Type::CHAR => json!((row.try_get::<_, i8>(at)? as u8 as char).to_string()),
        ref other => return Err(format!("a column of type {other}").into()),
    })
}

async fn query_on(on: &impl GenericClient, sql: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, Failed> {
    let statement = on.prepare(sql).await?;
    let made = parameters(values, statement.params());
    let rows = on.query(&statement, &borrowed(&made)).await?;
    rows.iter().map(|row| (0..row.len()).map(|at| column(row, at)).collect()).collect()
}

async fn execute_on(on: &impl GenericClient, sql: &str, values: &[Value]) -> Result<u64, Failed> {
    let statement = on.prepare(sql).await?;
    let made = parameters(values, statement.params());
    Ok(on.execute(&statement, &borrowed(&made)).await?)
}

impl Runs for Connection {
    async fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failed> {
        query_on(&self.0, sql, parameters).await
    }
    async fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, Failed> {
        execute_on(&self.0, sql, parameters).await
    }
}

impl Runs for Transaction<'_> {
    async fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failed> {
        query_on(self, sql, parameters).await
    }
    async fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, Failed> {
        execute_on(self, sql, parameters).await
    }
}

impl Driver for Connection {
    const CANNOT: &'static [&'static str] = &[];

    async fn connect(port: u16) -> Result<Self, Failed> {
        let where_ = format!("host=127.0.0.1 port={port} user=app dbname=app");
        let (client, connection) = tokio_postgres::connect(&where_, NoTls).await?;
        tokio::spawn(connection);
        Ok(Connection(client))
    }

    /// Pipelined: all are sent before the first answer is waited for.
    async fn batch(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<(), Failed> {
        let statement = self.0.prepare(sql).await?;
        try_join_all(rows.iter().map(|row| async {
            let made = parameters(row, statement.params());
            self.0.execute(&statement, &borrowed(&made)).await
        }))
        .await?;
        Ok(())
    }

    async fn transaction(&mut self, steps: &[Step], end: &str) -> Result<(), Failed> {
        let mut transaction = self.0.transaction().await?;
        for step in steps {
            check(&mut transaction, step).await?;
        }
        Ok(if end == "commit" { transaction.commit().await? } else { transaction.rollback().await? })
    }

    async fn copy_in(&mut self, sql: &str, data: Vec<u8>) -> Result<u64, Failed> {
        let mut sink = pin!(self.0.copy_in::<_, Bytes>(sql).await?);
        sink.send(data.into()).await?;
        Ok(sink.finish().await?)
    }

    async fn copy_out(&mut self, sql: &str) -> Result<Vec<u8>, Failed> {
        let parts: Vec<Bytes> = self.0.copy_out(sql).await?.try_collect().await?;
        Ok(parts.concat())
    }

    async fn load(&mut self, sql: &str, records: &[Vec<Value>]) -> Result<u64, Failed> {
        let types = [Type::TEXT, Type::FLOAT4_ARRAY, Type::JSONB];
        let mut writer = pin!(BinaryCopyInWriter::new(self.0.copy_in(sql).await?, &types));
        for record in records {
            let made = parameters(record, &types);
            writer.as_mut().write(&borrowed(&made)).await?;
        }
        Ok(writer.finish().await?)
    }

    async fn cancel(&mut self, sql: &str) -> Result<u64, Failed> {
        let token = self.0.cancel_token();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            token.cancel_query(NoTls).await
        });
        Ok(self.0.execute(sql, &[]).await?)
    }
}
