package main

import (
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
	pgvectorpgx "github.com/pgvector/pgvector-go/pgx"
)

// pgvector's own type for Go: it is found by its name, and goes in binary as a parameter. Vectors come as float4[].
func checkPgvector(port string) error {
	db, err := pgx.Connect(ctx, pgxURL(port))
	if err != nil {
		return err
	}
	defer db.Close(ctx)
	if err := pgvectorpgx.RegisterTypes(ctx, db); err != nil {
		return err
	}
	vector := pgvector.NewVector([]float32{0.5, 0.25, 0})
	if _, err := db.Exec(ctx, "CREATE INDEX films DIMENSION 3"); err != nil {
		return err
	}
	if _, err := db.Exec(ctx, "UPSERT INTO films NAMESPACE t VALUES ($1, $2::vector)", "alien", vector); err != nil {
		return err
	}
	var came []float32
	nearest := "QUERY films NAMESPACE t NEAREST $1::vector TOP 1 INCLUDE VALUES"
	if err := db.QueryRow(ctx, nearest, vector).Scan(nil, nil, &came); err != nil {
		return err
	}
	if !slices.Equal(came, vector.Slice()) {
		return fmt.Errorf("%v came back as %v", vector, came)
	}
	return nil
}
