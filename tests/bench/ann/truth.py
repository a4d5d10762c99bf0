"""What the programs here agree on: which recalls are asked for, and the true nearest rows of each query."""

import os

import numpy as np

QUERIES = 1000
TOP = 10
TARGETS = (0.90, 0.95, 0.99)


def read(path):
    """A file of vectors, as tests/bench/vector_file.h says, each divided by its length."""
    shape = np.fromfile(path, dtype=np.int32, count=2)
    rows = np.fromfile(path, dtype=np.float32, offset=8).reshape(shape)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-30)


def nearest(name, base, queries):
    """The numbers of the nearest rows of each query, computed once and kept in NAME.nearest."""
    path = name + ".nearest"
    if not os.path.exists(path):
        found = np.empty((len(queries), TOP), dtype=np.int32)
        for i in range(0, len(queries), 50):
            scores = queries[i:i + 50] @ base.T
            found[i:i + 50] = np.argpartition(-scores, TOP, axis=1)[:, :TOP]
        with open(path + ".new", "wb") as out:
            np.array(found.shape, dtype=np.int32).tofile(out)
            found.tofile(out)
        os.rename(path + ".new", path)
    return np.fromfile(path, dtype=np.int32, offset=8).reshape(len(queries), TOP)
