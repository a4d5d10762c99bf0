package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/lib/pq"
)

// What pgx's adapter and lib/pq have in common: both stand behind database/sql.
type sqlDriver struct {
	pool       *sql.DB
	db         *sql.Conn
	tx         *sql.Tx
	parameters func([]any) []any
}

func connectSQL(name, url string, parameters func([]any) []any) (sqlDriver, error) {
	pool, err := sql.Open(name, url)
	if err != nil {
		return sqlDriver{}, err
	}
	db, err := pool.Conn(ctx)
	return sqlDriver{pool: pool, db: db, parameters: parameters}, err
}

func (d *sqlDriver) Exec(text string, parameters []any) (int64, error) {
	result, err := d.db.ExecContext(ctx, text, d.parameters(parameters)...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (d *sqlDriver) Query(text string, parameters []any) ([][]any, error) {
	rows, err := d.db.QueryContext(ctx, text, d.parameters(parameters)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var came [][]any
	for rows.Next() {
		row := make([]any, len(columns))
		places := make([]any, len(columns))
		for i := range row {
			places[i] = &row[i]
		}
		if err := rows.Scan(places...); err != nil {
			return nil, err
		}
		came = append(came, row)
	}
	return came, rows.Err()
}

func (d *sqlDriver) Batch(text string, rows [][]any) error {
	statement, err := d.db.PrepareContext(ctx, text)
	if err != nil {
		return err
	}
	defer statement.Close()
	for _, row := range rows {
		if _, err := statement.ExecContext(ctx, d.parameters(row)...); err != nil {
			return err
		}
	}
	return nil
}

func (d *sqlDriver) Begin() (err error) {
	d.tx, err = d.db.BeginTx(ctx, nil)
	return err
}

func (d *sqlDriver) End(how string) error {
	if how == "commit" {
		return d.tx.Commit()
	}
	return d.tx.Rollback()
}

func (d *sqlDriver) SQLState(err error) string {
	var ofPgx *pgconn.PgError
	if errors.As(err, &ofPgx) {
		return ofPgx.Code
	}
	var ofPq *pq.Error
	if errors.As(err, &ofPq) {
		return string(ofPq.Code)
	}
	return ""
}

func (d *sqlDriver) Close() {
	d.db.Close()
	d.pool.Close()
}

// pgx behind database/sql. When its context ends it leaves the connection, and no error of the server comes: no Cancel.
type stdlibDriver struct{ sqlDriver }

func connectPgxStdlib(port string) (Driver, error) {
	d, err := connectSQL("pgx", pgxURL(port), pgxParameters)
	return &stdlibDriver{d}, err
}

type pqDriver struct{ sqlDriver }

func connectPq(port string) (Driver, error) {
	d, err := connectSQL("postgres", pgxURL(port)+"?sslmode=disable", pqParameters)
	return &pqDriver{d}, err
}

// Vectors are its Float32Array; metadata is text.
func pqParameters(parameters []any) []any {
	made := make([]any, len(parameters))
	for i, value := range parameters {
		switch it := value.(type) {
		case Vector:
			made[i] = pq.Float32Array(it)
		case Document:
			text, _ := json.Marshal(it)
			made[i] = string(text)
		default:
			made[i] = value
		}
	}
	return made
}

// On a connection of its own, which the driver gives up afterwards.
func (d *pqDriver) Cancel(text string) error {
	limited, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	_, err := d.pool.ExecContext(limited, text)
	return err
}

func (d *pqDriver) Load(table, columns []string, records [][]any) (int64, error) {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	statement, err := tx.Prepare(pq.CopyInSchema(table[0], table[1], columns...))
	if err != nil {
		return 0, err
	}
	for _, record := range records {
		if _, err := statement.Exec(d.parameters(record)...); err != nil {
			return 0, err
		}
	}
	result, err := statement.Exec()
	if err != nil {
		return 0, err
	}
	count, err := result.RowsAffected()
	if err != nil {
		return 0, err
	}
	if err := statement.Close(); err != nil {
		return 0, err
	}
	return count, tx.Commit()
}
