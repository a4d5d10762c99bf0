//! pgvector's own type for Rust, with tokio-postgres and sqlx: it goes in binary as a parameter. Vectors come as float4[].
use crate::Failed;
use pgvector::Vector;
use sqlx::{Connection as _, PgConnection, Row};
use tokio_postgres::NoTls;

const NEAREST: &str = "QUERY films NAMESPACE t NEAREST $1::vector TOP 1 INCLUDE VALUES";

pub(crate) async fn check(port: u16) -> Result<(), Failed> {
    let vector = Vector::from(vec![0.5, 0.25, 0.0]);

    let where_ = format!("host=127.0.0.1 port={port} user=app dbname=app");
    let (client, connection) = tokio_postgres::connect(&where_, NoTls).await?;
    tokio::spawn(connection);
    client.execute("CREATE INDEX films DIMENSION 3", &[]).await?;
    client.execute("UPSERT INTO films NAMESPACE t VALUES ('alien', $1::vector)", &[&vector]).await?;
    let row = client.query_one(NEAREST, &[&vector]).await?;
    assert_eq!(row.get::<_, Vec<f32>>(2), vector.to_vec());

    let mut connection = PgConnection::connect(&format!("postgres://app@127.0.0.1:{port}/app")).await?;
    let other = Vector::from(vec![0.0, 0.25, 0.5]);
    sqlx::query("UPSERT INTO films NAMESPACE t VALUES ('jaws', $1)").bind(&other).execute(&mut connection).await?;
    let row = sqlx::query(NEAREST).bind(&other).fetch_one(&mut connection).await?;
    assert_eq!(row.get::<Vec<f32>, _>(2), other.to_vec());
    Ok(())
}
