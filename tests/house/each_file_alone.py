#!/usr/bin/env python3
"""Whether every implementation file of the rooms compiles by itself, without what a batch would lend it.

    each_file_alone.py COMPILE_COMMANDS JOBS

Only the syntax is checked; nothing is written. COMPILE_COMMANDS is that of a build without batches
(preset dev). Exits with 1 and the compiler's words when a file does not compile.
"""

import json
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOMS = ("base", "parser", "wal", "segments", "executor", "server", "tools")
ROOT = Path(__file__).resolve().parents[2]


def compile_alone(entry):
    words = shlex.split(entry["command"])
    output = words.index("-o")
    words = words[:output] + words[output + 2 :] + ["-O0", "-g0", "-fsyntax-only"]
    return subprocess.run(words, cwd=entry["directory"], capture_output=True, text=True)


def main(commands_path, jobs):
    commands = json.loads(Path(commands_path).read_text())
    entries = [e for e in commands if Path(e["file"]).relative_to(ROOT).parts[0] in ROOMS]
    if len(entries) < 100:
        sys.exit(f"each_file_alone: {commands_path} names {len(entries)} files of the rooms, not all of them")
    failed = []
    with ThreadPoolExecutor(jobs) as pool:
        for entry, result in zip(entries, pool.map(compile_alone, entries)):
            if result.returncode != 0:
                failed.append(Path(entry["file"]).relative_to(ROOT))
                print(result.stderr, file=sys.stderr)
    if failed:
        sys.exit("each_file_alone: these do not compile by themselves: " + ", ".join(map(str, failed)))
    print(f"{len(entries)} files compile by themselves")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]))
