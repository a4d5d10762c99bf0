"""The inputs that fuzzing begins with.

  corpus.py unpack DIRECTORY    makes them, of the conformance cases and of tests/fuzz/corpus
  corpus.py pack DIRECTORY FILE keeps those in the directory: a line each, in hexadecimal
"""

import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).parent


def message(kind, body):
    return kind + struct.pack(">I", len(body) + 4) + body


def conversation(text):
    """What a client says that asks this by the simple protocol and by the extended one."""
    wire = message(b"Q", text + b"\0")
    wire += message(b"P", b"\0" + text + b"\0\0\0") + message(b"B", b"\0\0\0\0\0\0\0\0")
    return wire + message(b"D", b"P\0") + message(b"E", b"\0\0\0\0\0") + message(b"S", b"")


def statements():
    for path in sorted((HERE.parent / "conformance" / "cases").glob("*.cases")):
        for paragraph in path.read_text().split("\n\n"):
            lines = paragraph.split("\n----\n")[0].split("\n")
            text = "\n".join(line for line in lines if not line.startswith(("#", "@", "!")))
            if text and "{{" not in text:
                yield text.encode()


def unpack(directory):
    for number, text in enumerate(statements()):
        (directory / "parser" / f"case-{number}").write_bytes(text)
        (directory / "wire" / f"case-{number}").write_bytes(conversation(text))
    for path in sorted((HERE / "corpus").glob("*.txt")):
        for number, line in enumerate(path.read_text().split()):
            (directory / path.stem / f"kept-{number}").write_bytes(bytes.fromhex(line))


def pack(directory, path):
    path.parent.mkdir(exist_ok=True)
    inputs = sorted((each.read_bytes() for each in directory.iterdir()), key=lambda x: (len(x), x))
    path.write_text("".join(each.hex() + "\n" for each in inputs if each))


if __name__ == "__main__":
    arguments = [pathlib.Path(each) for each in sys.argv[2:]]
    {"unpack": unpack, "pack": pack}[sys.argv[1]](*arguments)
