"""Runs the tests of a Go package in the current directory, but for what is known to fail.

    go_suite.py FAILS PACKAGE"""
import re
import subprocess
import sys

import known

done = subprocess.run(["go", "test", "-count=1", "-v", sys.argv[2]], capture_output=True, text=True)
passed = set(re.findall(r"^--- PASS: (\w+)", done.stdout, re.M))
failed = set(re.findall(r"^--- FAIL: (\w+)", done.stdout, re.M))
fails = known.read(sys.argv[1])
if not passed or failed - set(fails):
    print(done.stdout, done.stderr)
known.judge(fails, passed, failed)
