"""What is known to fail, in both suites: a line of a file is a test's name, blanks, and why."""
from pathlib import Path


def read(path):
    lines = Path(path).read_text().splitlines()
    return dict(line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))


def judge(known, passed, failed):
    """Says what is not as the list has it. Ends the program: with 0 if nothing is."""
    others = failed - set(known)
    for test in sorted(others):
        print(f"fails: {test}")
    for test in sorted(passed & set(known)):
        print(f"passes, and is known to fail: {test}")
    gone = set(known) - passed - failed
    for test in sorted(gone):
        print(f"is known to fail, and is no test: {test}")
    print(f"{len(passed - set(known))} passed, {len(others)} failed, {len(failed & set(known))} known to fail")
    raise SystemExit(bool(others or gone or passed & set(known)))
