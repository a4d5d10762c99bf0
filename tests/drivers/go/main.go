// Runs ../cases.json through a driver, with the driver's own defaults.
//
//	go run . DRIVER PORT CASES
//
// A driver is a type in a file beside this one. What it has no way for (cancelling, COPY), its type lacks, and the
// cases that need it are left out.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
)

// Step is a case, or a step of one: README.md beside cases.json says what each field means.
type Step struct {
	Case        string
	Needs       string
	SQL         string `json:"sql"`
	Parameters  []any
	Rows        [][]any
	Count       *int64
	Error       string
	Times       int
	Transaction []Step
	End         string
	Batch       [][]any
	Cancel      string
	Reconnect   bool
	CopyIn      string `json:"copy_in"`
	CopyOut     string `json:"copy_out"`
	Data        string
	Load        string
	Table       []string
	Columns     []string
	Records     [][]any
}

// Vector and Document are what stands for a vector and for metadata in a case; each driver has its own for them.
type Vector []float32
type Document map[string]any

type Driver interface {
	Query(sql string, parameters []any) (rows [][]any, err error)
	Exec(sql string, parameters []any) (count int64, err error)
	Batch(sql string, rows [][]any) error
	Begin() error
	End(how string) error
	SQLState(err error) string
	Close()
}
type Canceller interface{ Cancel(sql string) error }
type Copier interface {
	CopyIn(sql string, data []byte) (count int64, err error)
	CopyOut(sql string) (data []byte, count int64, err error)
}
type Loader interface {
	Load(table, columns []string, records [][]any) (count int64, err error)
}

var ctx = context.Background()

func able(driver Driver, needs string) bool {
	var is bool
	switch needs {
	case "cancel":
		_, is = driver.(Canceller)
	case "copy":
		_, is = driver.(Copier)
	case "load":
		_, is = driver.(Loader)
	default:
		is = needs == ""
	}
	return is
}

// As a case's JSON has it, but numbers without a fraction are ints, as programs have them.
func parameters(values []any) []any {
	made := make([]any, len(values))
	for i, value := range values {
		switch it := value.(type) {
		case float64:
			made[i] = int(it)
		case map[string]any:
			if list, is := it["vector"].([]any); is {
				vector := make(Vector, len(list))
				for at, number := range list {
					vector[at] = float32(number.(float64))
				}
				made[i] = vector
			} else {
				made[i] = Document(it["json"].(map[string]any))
			}
		default:
			made[i] = value
		}
	}
	return made
}

func everyParameters(rows [][]any) [][]any {
	made := make([][]any, len(rows))
	for i, row := range rows {
		made[i] = parameters(row)
	}
	return made
}

// A driver's value as JSON has it. Where an array, an object or a number is wanted and text came, it is read from that:
// database/sql has no types for them. A "char" comes as a rune.
func plain(value, wanted any) any {
	if text, is := value.([]byte); is {
		value = string(text)
	}
	if character, is := value.(int32); is {
		if _, text := wanted.(string); text {
			return string(rune(character))
		}
	}
	if text, is := value.(string); is {
		if _, text := wanted.(string); text {
			return value
		}
		read := []byte(text)
		if _, list := wanted.([]any); list {
			read[0], read[len(read)-1] = '[', ']'
		}
		var made any
		if json.Unmarshal(read, &made) == nil {
			return made
		}
		return value
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	var made any
	json.Unmarshal(text, &made)
	return made
}

func expectError(driver Driver, err error, wanted string) error {
	if err == nil {
		if wanted != "" {
			return errors.New("it succeeds")
		}
		return nil
	}
	if state := driver.SQLState(err); state == "" || state != wanted {
		return fmt.Errorf("SQLSTATE %s: %w", state, err)
	}
	return nil
}

func expectCount(wanted *int64, came int64) error {
	if wanted != nil && *wanted != came {
		return fmt.Errorf("a count of %d", came)
	}
	return nil
}

func expectRows(wanted, rows [][]any) error {
	came := make([][]any, len(rows))
	for i, row := range rows {
		came[i] = make([]any, len(row))
		for at, value := range row {
			var like any
			if i < len(wanted) && at < len(wanted[i]) {
				like = wanted[i][at]
			}
			came[i][at] = plain(value, like)
		}
	}
	if !reflect.DeepEqual(came, wanted) {
		return fmt.Errorf("rows %v", came)
	}
	return nil
}

func executeOnce(driver Driver, step Step) error {
	if step.Count != nil {
		count, err := driver.Exec(step.SQL, parameters(step.Parameters))
		if err != nil {
			return err
		}
		return expectCount(step.Count, count)
	}
	rows, err := driver.Query(step.SQL, parameters(step.Parameters))
	if err != nil || step.Error != "" {
		return expectError(driver, err, step.Error)
	}
	if step.Rows == nil {
		return nil
	}
	return expectRows(step.Rows, rows)
}

func execute(driver Driver, step Step) error {
	for time := 0; time < max(step.Times, 1); time++ {
		if err := executeOnce(driver, step); err != nil {
			return err
		}
	}
	return nil
}

// Data that goes in, or that comes out; or what comes out goes in again.
func copyData(driver Driver, step Step) error {
	copier := driver.(Copier)
	data := []byte(step.Data)
	var count int64
	var err error
	if step.CopyOut != "" {
		data, count, err = copier.CopyOut(step.CopyOut)
		if err == nil && step.CopyIn == "" && !bytes.Equal(data, []byte(step.Data)) {
			return fmt.Errorf("data %q", data)
		}
	}
	if err == nil && step.CopyIn != "" {
		count, err = copier.CopyIn(step.CopyIn, data)
	}
	if err != nil || step.Error != "" {
		return expectError(driver, err, step.Error)
	}
	return expectCount(step.Count, count)
}

func transaction(driver Driver, step Step) error {
	if err := driver.Begin(); err != nil {
		return err
	}
	for _, inner := range step.Transaction {
		if err := execute(driver, inner); err != nil {
			return err
		}
	}
	return driver.End(step.End)
}

func runStep(driver Driver, step Step) error {
	switch {
	case step.Transaction != nil:
		return transaction(driver, step)
	case step.Batch != nil:
		return driver.Batch(step.SQL, everyParameters(step.Batch))
	case step.CopyIn != "" || step.CopyOut != "":
		return copyData(driver, step)
	case step.Load != "":
		count, err := driver.(Loader).Load(step.Table, step.Columns, everyParameters(step.Records))
		if err != nil {
			return err
		}
		return expectCount(step.Count, count)
	case step.Cancel != "":
		return expectError(driver, driver.(Canceller).Cancel(step.Cancel), step.Error)
	}
	return execute(driver, step)
}

func must(err error) {
	if err != nil {
		fmt.Println(" ", err)
		os.Exit(1)
	}
}

func main() {
	name, port := os.Args[1], os.Args[2]
	if name == "pgvector-go" {
		must(checkPgvector(port))
		return
	}
	connect, known := map[string]func(port string) (Driver, error){
		"pgx":           connectPgx,
		"pgx-pgbouncer": connectPgxPooled,
		"pgx-stdlib":    connectPgxStdlib,
		"pq":            connectPq,
	}[name]
	if !known {
		must(fmt.Errorf("no driver %s", name))
	}
	text, err := os.ReadFile(os.Args[3])
	must(err)
	var steps []Step
	must(json.Unmarshal(text, &steps))

	driver, err := connect(port)
	must(err)
	for _, step := range steps {
		if step.Reconnect {
			driver.Close()
			driver, err = connect(port)
		} else if able(driver, step.Needs) {
			err = runStep(driver, step)
		}
		if err != nil {
			must(fmt.Errorf("%s: %w", step.Case, err))
		}
	}
	driver.Close()
}
