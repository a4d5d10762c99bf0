"""Writes results.md, a table of what `run` has measured, and results.svg, recall against queries per second.

  report.py FOLDER DATASET…
"""

import os
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plot  # noqa: E402


def results(path):
    """{name: {target: (queries/s, recall, setting)}} and {name: build seconds}."""
    found, builds = {}, {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            if len(fields) == 3 and fields[1] == "build":
                builds[fields[0]] = fields[2]
            elif len(fields) == 5 and fields[2].isdigit() and not fields[1].startswith("filter"):
                name, target, speed, recall, setting = fields
                found.setdefault(name, {})[float(target)] = (int(speed), float(recall), setting)
    return found, builds


def main():
    folder, datasets = sys.argv[1], sys.argv[2:]
    _, axes = plot.subplots(1, len(datasets), figsize=(5 * len(datasets), 4), squeeze=False)
    lines = []
    for axis, dataset in zip(axes[0], datasets):
        found, builds = results(os.path.join(folder, dataset + ".lines"))
        lines += [f"## {dataset}", "", "| | 0.90 | 0.95 | 0.99 | Alcove is faster at 0.95 / 0.99 | build |",
                  "|---|---|---|---|---|---|"]
        for name, points in found.items():
            own = found.get("alcove" + "".join(name.partition(" by SQL")[1:]), {})  # in the same way
            cells = [f"{points[t][0]} ({points[t][1]:.3f})" if t in points else "not reached"
                     for t in (0.90, 0.95, 0.99)]
            ratios = [f"{own[t][0] / points[t][0]:.2f}" if t in points and t in own and own[t][1] >= t else "–"
                      for t in (0.95, 0.99)]
            lines.append(f"| {name} | {' | '.join(cells)} | {' / '.join(ratios)} | {builds.get(name.partition(',')[0], '')} |")
            axis.plot([p[1] for p in points.values()], [p[0] for p in points.values()], marker="o", label=name)
        lines.append("")
        axis.set(title=dataset, xlabel="recall@10", ylabel="queries/s, one thread but by SQL", yscale="log")
        axis.grid(True, which="both", alpha=0.3)
        axis.legend()
    plot.tight_layout()
    plot.savefig(os.path.join(folder, "results.svg"))
    with open(os.path.join(folder, "results.md"), "w", encoding="utf-8") as out:
        out.write("\n".join(lines))
    print("\n".join(lines))
    print(f"in {folder}: results.md, results.svg")


main()
