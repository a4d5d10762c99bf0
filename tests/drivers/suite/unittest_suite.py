"""Runs the tests of Python modules, but for what is known to fail.

    unittest_suite.py FAILS MODULE…"""
import io
import sys
import unittest

import known

fails = known.read(sys.argv[1])
sys.path.insert(0, ".")


def each_test(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from each_test(test)
        else:
            yield test


def name(test):
    """Without the packages: test_prepare.TestPrepare.test_prepare_01."""
    return ".".join(test.id().split(".")[-3:])


passed, failed = set(), set()
tests = list(each_test(unittest.defaultTestLoader.loadTestsFromNames(sys.argv[2:])))
# Those that fail come last: they may leave something behind.
for test in sorted(tests, key=lambda test: name(test) in fails):
    stream = io.StringIO()
    result = unittest.TextTestRunner(stream=stream, verbosity=0).run(unittest.TestSuite([test]))
    (passed if result.wasSuccessful() else failed).add(name(test))
    if not result.wasSuccessful() and name(test) not in fails:
        print(stream.getvalue())
known.judge(fails, passed, failed)
