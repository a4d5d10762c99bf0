//! Runs ../cases.json through a driver, with the driver's own defaults.
//!
//!     drivers DRIVER PORT CASES
//!
//! What a driver has no way for, its CANNOT lists, and the cases that need it are left out.
mod over_sqlx;
mod over_tokio_postgres;
mod pgvector_types;

use serde::Deserialize;
use serde_json::Value;

/// A case, or a step of one: README.md beside cases.json says what each field means.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Step {
    case: String,
    needs: String,
    sql: String,
    parameters: Vec<Value>,
    rows: Option<Vec<Vec<Value>>>,
    count: Option<u64>,
    error: String,
    times: u32,
    transaction: Vec<Step>,
    end: String,
    batch: Vec<Vec<Value>>,
    cancel: String,
    reconnect: bool,
    copy_in: String,
    copy_out: String,
    data: String,
    load: String,
    records: Vec<Vec<Value>>,
}

#[derive(Debug)]
pub(crate) struct Failed {
    state: String,
    text: String,
}

impl From<String> for Failed {
    fn from(text: String) -> Self {
        Failed { state: String::new(), text }
    }
}

/// What runs a statement: a connection, or a transaction on one.
pub(crate) trait Runs {
    async fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, Failed>;
    async fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, Failed>;
}

pub(crate) trait Driver: Runs + Sized {
    const CANNOT: &'static [&'static str];
    async fn connect(port: u16) -> Result<Self, Failed>;
    async fn batch(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<(), Failed>;
    async fn transaction(&mut self, steps: &[Step], end: &str) -> Result<(), Failed>;
    async fn copy_in(&mut self, sql: &str, data: Vec<u8>) -> Result<u64, Failed>;
    async fn copy_out(&mut self, sql: &str) -> Result<Vec<u8>, Failed>;
    async fn load(&mut self, sql: &str, records: &[Vec<Value>]) -> Result<u64, Failed>;
    async fn cancel(&mut self, sql: &str) -> Result<u64, Failed>;
}

/// The vector that a parameter stands for.
pub(crate) fn vector_of(value: &Value) -> Option<Vec<f32>> {
    let numbers = value.get("vector")?.as_array()?;
    Some(numbers.iter().map(|number| number.as_f64().unwrap() as f32).collect())
}

fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failed> {
    if holds {
        Ok(())
    } else {
        Err(otherwise().into())
    }
}

fn expect_count(step: &Step, count: u64) -> Result<(), Failed> {
    expect(step.count.is_none_or(|wanted| wanted == count), || format!("a count of {count}"))
}

/// A result, unless the step wants an error: then the error must be that.
fn expect_error<T>(step: &Step, result: Result<T, Failed>) -> Result<Option<T>, Failed> {
    match result {
        Err(failed) if !failed.state.is_empty() && failed.state == step.error => Ok(None),
        Err(failed) => Err(format!("SQLSTATE {}: {}", failed.state, failed.text).into()),
        Ok(_) if !step.error.is_empty() => Err("it succeeds".to_string().into()),
        Ok(value) => Ok(Some(value)),
    }
}

pub(crate) async fn check(on: &mut impl Runs, step: &Step) -> Result<(), Failed> {
    for _ in 0..step.times.max(1) {
        if step.count.is_some() {
            let result = on.execute(&step.sql, &step.parameters).await;
            if let Some(count) = expect_error(step, result)? {
                expect_count(step, count)?;
            }
            continue;
        }
        let result = on.query(&step.sql, &step.parameters).await;
        if let (Some(rows), Some(wanted)) = (expect_error(step, result)?, &step.rows) {
            expect(&rows == wanted, || format!("rows {rows:?}"))?;
        }
    }
    Ok(())
}

/// Data that goes in, or that comes out; or what comes out goes in again.
async fn copy(driver: &mut impl Driver, step: &Step) -> Result<(), Failed> {
    let mut data = step.data.as_bytes().to_vec();
    if !step.copy_out.is_empty() {
        data = driver.copy_out(&step.copy_out).await?;
        if step.copy_in.is_empty() {
            return expect(data == step.data.as_bytes(), || format!("data {data:?}"));
        }
    }
    let result = driver.copy_in(&step.copy_in, data).await;
    match expect_error(step, result)? {
        Some(count) => expect_count(step, count),
        None => Ok(()),
    }
}

async fn run_step(driver: &mut impl Driver, step: &Step) -> Result<(), Failed> {
    if !step.transaction.is_empty() {
        driver.transaction(&step.transaction, &step.end).await
    } else if !step.batch.is_empty() {
        driver.batch(&step.sql, &step.batch).await
    } else if !step.copy_in.is_empty() || !step.copy_out.is_empty() {
        copy(driver, step).await
    } else if !step.load.is_empty() {
        expect_count(step, driver.load(&step.load, &step.records).await?)
    } else if !step.cancel.is_empty() {
        expect_error(step, driver.cancel(&step.cancel).await).map(|_| ())
    } else {
        check(driver, step).await
    }
}

async fn run<D: Driver>(port: u16, steps: &[Step]) -> Result<(), Failed> {
    let mut driver = D::connect(port).await?;
    for step in steps {
        if D::CANNOT.contains(&step.needs.as_str()) {
            continue;
        }
        let result = if step.reconnect {
            D::connect(port).await.map(|other| driver = other)
        } else {
            run_step(&mut driver, step).await
        };
        result.map_err(|failed| Failed::from(format!("{}: {}", step.case, failed.text)))?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let port = arguments[2].parse().expect("a port");
    let cases = std::fs::read_to_string(&arguments[3]).expect("the cases");
    let steps: Vec<Step> = serde_json::from_str(&cases).expect("the cases are JSON");
    let result = match arguments[1].as_str() {
        "tokio-postgres" => run::<over_tokio_postgres::Connection>(port, &steps).await,
        "sqlx" => run::<over_sqlx::Connection>(port, &steps).await,
        "pgvector-rust" => pgvector_types::check(port).await,
        other => Err(format!("no driver {other}").into()),
    };
    if let Err(failed) = result {
        println!("  {}", failed.text);
        std::process::exit(1);
    }
}
