package main

import (
	"bytes"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

type pgxDriver struct {
	db *pgx.Conn
	tx pgx.Tx
}

func pgxURL(port string) string { return "postgres://app@127.0.0.1:" + port + "/app" }

func connectPgx(port string) (Driver, error) {
	db, err := pgx.Connect(ctx, pgxURL(port))
	return &pgxDriver{db: db}, err
}

// Without named statements, for PgBouncer of before 1.21. The mode `exec` has no types for maps.
func connectPgxPooled(port string) (Driver, error) {
	db, err := pgx.Connect(ctx, pgxURL(port)+"?default_query_exec_mode=cache_describe")
	return &pgxDriver{db: db}, err
}

// Vectors are []float32; metadata is any map.
func pgxParameters(parameters []any) []any {
	made := make([]any, len(parameters))
	for i, value := range parameters {
		switch it := value.(type) {
		case Vector:
			made[i] = []float32(it)
		case Document:
			made[i] = map[string]any(it)
		default:
			made[i] = value
		}
	}
	return made
}

func (d *pgxDriver) Exec(sql string, parameters []any) (int64, error) {
	tag, err := d.db.Exec(ctx, sql, pgxParameters(parameters)...)
	return tag.RowsAffected(), err
}

func (d *pgxDriver) Query(sql string, parameters []any) ([][]any, error) {
	rows, err := d.db.Query(ctx, sql, pgxParameters(parameters)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var came [][]any
	for rows.Next() {
		row, err := rows.Values()
		if err != nil {
			return nil, err
		}
		came = append(came, row)
	}
	return came, rows.Err()
}

func (d *pgxDriver) Batch(sql string, rows [][]any) error {
	batch := &pgx.Batch{}
	for _, row := range rows {
		batch.Queue(sql, pgxParameters(row)...)
	}
	return d.db.SendBatch(ctx, batch).Close()
}

func (d *pgxDriver) Begin() (err error) {
	d.tx, err = d.db.Begin(ctx)
	return err
}

func (d *pgxDriver) End(how string) error {
	if how == "commit" {
		return d.tx.Commit(ctx)
	}
	return d.tx.Rollback(ctx)
}

// Not by a context: that ends the connection too.
func (d *pgxDriver) Cancel(sql string) error {
	timer := time.AfterFunc(300*time.Millisecond, func() { d.db.PgConn().CancelRequest(ctx) })
	defer timer.Stop()
	_, err := d.db.Exec(ctx, sql)
	return err
}

func (d *pgxDriver) CopyIn(sql string, data []byte) (int64, error) {
	tag, err := d.db.PgConn().CopyFrom(ctx, bytes.NewReader(data), sql)
	return tag.RowsAffected(), err
}

func (d *pgxDriver) CopyOut(sql string) ([]byte, int64, error) {
	var data bytes.Buffer
	tag, err := d.db.PgConn().CopyTo(ctx, &data, sql)
	return data.Bytes(), tag.RowsAffected(), err
}

func (d *pgxDriver) Load(table, columns []string, records [][]any) (int64, error) {
	rows := make([][]any, len(records))
	for i, record := range records {
		rows[i] = pgxParameters(record)
	}
	return d.db.CopyFrom(ctx, pgx.Identifier(table), columns, pgx.CopyFromRows(rows))
}

func (d *pgxDriver) SQLState(err error) string {
	var it *pgconn.PgError
	if errors.As(err, &it) {
		return it.Code
	}
	return ""
}

func (d *pgxDriver) Close() { d.db.Close(ctx) }
