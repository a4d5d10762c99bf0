"""Runs ../cases.json through psql, one psql for each case. A parameter is a variable of psql (`:'p1'`); what copies
is psql's \\copy.

    run_cases.py PORT"""
import csv
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PSQL = ["psql", "--no-psqlrc", "--quiet", "--csv", "--tuples-only", "--set", "VERBOSITY=sqlstate",
        "--host", "127.0.0.1", "--port", sys.argv[1], "--username", "app", "--dbname", "app"]


def text_of(value):
    """A parameter as text for psql; None has no variable, and is written out."""
    if isinstance(value, dict):
        return json.dumps(value.get("vector", value.get("json")), ensure_ascii=False)
    return str(value)


def with_variables(step, parameters):
    """psql's \\set for each parameter, and the statement with them in their places."""
    lines = []
    sql = step["sql"]
    for n, value in reversed(list(enumerate(parameters or [], 1))):
        if value is None:
            sql = sql.replace(f"${n}", "NULL")
            continue
        quoted = text_of(value).replace("\\", "\\\\").replace("'", "\\'")
        lines.append(f"\\set p{n} '{quoted}'")
        sql = sql.replace(f"${n}", f":p{n}" if isinstance(value, int) else f":'p{n}'")
    return "\n".join(lines) + f"\n{sql};\n\\echo count :ROW_COUNT\n"


def psql(script, *options):
    done = subprocess.run([*PSQL, *options], input=script.encode(), capture_output=True)
    state = re.search(r"(?:ERROR|FATAL):\s+(\w{5})$", done.stderr.decode(), re.M)
    return done.stdout, state.group(1) if state else None


def like(text, wanted):
    """A field that psql prints, read as what is wanted there."""
    if wanted is None:
        return text or None
    if isinstance(wanted, list):
        return [float(number) for number in text.strip("{}").split(",")]
    if isinstance(wanted, str):
        return text
    return json.loads(text)


def check(step, output, state):
    assert state == step.get("error"), f"SQLSTATE {state}"
    if state:
        return
    *rows, last = csv.reader(output.decode().splitlines())
    if "count" in step:
        assert last[0] == f"count {step['count']}", last[0]
    if "rows" in step:
        assert len(rows) == len(step["rows"]), f"rows {rows}"
        came = [[like(*pair) for pair in zip(*both)] for both in zip(rows, step["rows"])]
        assert came == step["rows"], f"rows {came}"


def check_transaction(case):
    """All of it in one psql, what each statement prints into a file of its own."""
    with tempfile.TemporaryDirectory() as folder:
        script = "BEGIN;\n"
        for n, step in enumerate(case["transaction"]):
            script += f"\\o {folder}/{n}\n" + with_variables(step, step.get("parameters")).replace("\\echo", "\\qecho")
        _, state = psql(script + f"\\o\n{case['end']};\n")
        for n, step in enumerate(case["transaction"]):
            check(step, Path(f"{folder}/{n}").read_bytes(), state)


def check_copy(case):
    """By \\copy of a table in a schema, through a file."""
    with tempfile.NamedTemporaryFile() as file:
        if "copy_out" in case:
            _, state = psql(f"\\copy {'.'.join(case['table'])} to '{file.name}' with (format {case['format']})\n")
            assert state is None, f"SQLSTATE {state}"
            if "copy_in" not in case:
                assert file.read().decode() == case["data"], "data"
                return
        else:
            Path(file.name).write_text(case["data"])
        into = ".".join(case.get("into", case["table"]))
        output, state = psql(f"\\copy {into} from '{file.name}' with (format {case['format']})\n"
                             "\\echo count :ROW_COUNT\n")
        check(case, output, state)


def check_cancel(case):
    process = subprocess.Popen([*PSQL, "--command", case["cancel"]], stderr=subprocess.PIPE)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)  # psql sends a CancelRequest
    error = process.communicate()[1].decode()
    assert case["error"] in error, error


for case in json.loads((Path(__file__).parent.parent / "cases.json").read_text()):
    try:
        if "transaction" in case:
            check_transaction(case)
        elif "batch" in case:
            _, state = psql("".join(with_variables(case, row) for row in case["batch"]))
            assert state is None, f"SQLSTATE {state}"
        elif "copy_in" in case or "copy_out" in case:
            check_copy(case)
        elif "cancel" in case:
            check_cancel(case)
        elif "sql" in case and case.get("needs") != "load":
            for _ in range(case.get("times", 1)):
                check(case, *psql(with_variables(case, case.get("parameters"))))
    except Exception as error:
        print(f"  {case['case']}: {type(error).__name__}: {error}")
        raise SystemExit(1) from error

psql("CREATE INDEX films DIMENSION 3")
for command in r"\d", r"\d films", r"\dt", r"\dt+", r"\di", r"\l", r"\l+", r"\du", r"\dn", r"\df", r"\dT":
    _, state = psql(command)
    assert state is None, f"{command}: SQLSTATE {state}"
