#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""figures - tables and figures (SVG, by gnuplot) from the rows of bench/netperf.

  figures.py FILE.jsonl DIR           figures of an earlier run into DIR
  figures.py --docs FILE.jsonl DIR    and its tables into DIR/README.md, between its markers;
                                      what FILE did not measure stays, in DIR/netperf.jsonl as well

A figure has the form of the paper's: bars are goodput, points CPU, tx above, rx below;
thin lines span the rounds. Transactions and alternatives have one panel, or clusters
named after the test. An axis is logarithmic if its values differ by more than 20 times.

README.md has what is written here between `<!-- NAME -->` and `<!-- end NAME -->`; the
text around it is by hand, and quotes no figures.
"""
import json
import os
import re
import subprocess
import sys

COLOURS = {"host": "#8c8c8c", "inline": "#2166ac", "shadow": "#92c5de", "tap": "#2166ac", "uml": "#b2182b",
           "pasta": "#f4a582", "slirp": "#fddbc7"}
WAYS = {"tx": "tx: the program sends", "rx": "rx: the program receives", "rr": "transactions"}
LOG_FROM = 20


def unique(things):
    return list(dict.fromkeys(things))


def cases(rows):
    return unique((r["test"], r["direction"], r["payload"]) for r in rows)


def at(rows, case, arm):
    for r in rows:
        if (r["test"], r["direction"], r["payload"]) == case and r["arm"] == arm:
            return r
    return None


def case_name(case):
    return case[0] if case[1] == "rr" else "%s %d" % (case[1], case[2])


def digits(value):
    return "%.0f" % value if value >= 100 else "%.1f" % value if value >= 10 else "%.2f" % value


# ---- tables ----

def grid(rows):
    """(head, lines) of cells: a line per case, ordered by way; for each arm value, ratio to the first arm, CPU."""
    names = unique(r["arm"] for r in rows)
    unit, cpu_unit = rows[0]["unit"], rows[0]["cpu_unit"]
    head = [unit + ", CPU " + cpu_unit]
    for name in names:
        head += [name] + ([] if name == names[0] else ["ratio"]) + ["CPU"]
    lines = []
    for case in sorted(cases(rows), key=lambda c: ("tx", "rx", "rr").index(c[1])):
        line, base = [case_name(case)], at(rows, case, names[0])
        for name in names:
            got = at(rows, case, name)
            line.append(digits(got["value"]) if got else "-")
            if name != names[0]:
                line.append("%.2f" % (got["value"] / base["value"]) if got and base else "-")
            line.append(digits(got["cpu"]) if got else "-")
        lines.append(line)
    return head, lines


def table(rows):
    """For a terminal."""
    if not rows:
        return ["  nothing was measured"]
    head, lines = grid(rows)
    return ["  %-22s" % line[0] + "".join("%9s" % cell for cell in line[1:]) for line in [head, *lines]]


def markdown(head, lines):
    return ["| %s |" % " | ".join(head), "|---" + "|--:" * (len(head) - 1) + "|",
            *("| %s |" % " | ".join(line) for line in lines)]


def goal_cells(rows):
    return [[r["name"], "%.2f %s" % (r["value"], r["unit"]), r["goal"], "reached" if r["reached"] else "MISSED"]
            for r in rows]


def goal_lines(rows):
    return ["%-44s %-20s %-8s %s" % tuple(cells) for cells in goal_cells(rows)]


def settings_lines(row):
    """Devices, queues, offloads, sizes: a line per kernel."""
    return ["%-8s %s" % (name, row[name]) for name in ("phone", "persona", "server") if row.get(name)]


# ---- figures ----

def quoted(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def scale(axis, values):
    """Range of an axis from 0, or logarithmic."""
    top, low = max(values), min(values)
    if top > LOG_FROM * low > 0:
        return ["set logscale %s 10" % axis, "set %srange [%g:%g]" % (axis, low / 2, top * 2)]
    return ["unset logscale %s" % axis, "set %srange [0:%g]" % (axis, top * 1.15)]


def panel(rows, way, names, ylabel, cpu_label, divide):
    """Commands for one panel; x is the number of the case, arms side by side."""
    columns = [c for c in cases(rows) if c[1] == way]
    width = 0.8 / len(names)
    out, plots = [], []
    values, cpus = [], []
    for n, name in enumerate(names):
        block = "$%s_%s" % (way, name)
        out.append(block + " << EOD")
        for i, case in enumerate(columns):
            r = at(rows, case, name)
            if r:
                x = i + (n - (len(names) - 1) / 2) * width
                span = [v / divide for v in r["values"]]
                out.append("%g %g %g %g %g" % (x, r["value"] / divide, min(span), max(span), r["cpu"]))
                values += [r["value"] / divide]
                cpus += [r["cpu"]]
        out.append("EOD")
        if not any(at(rows, c, name) for c in columns):
            continue
        label = next(r["label"] for r in rows if r["arm"] == name)
        colour = quoted(COLOURS.get(name, "#666666"))
        plots += ["%s using 1:2:(%g) with boxes fillstyle solid border %s linecolor rgb %s title %s" % (
                      block, width * 0.92, "lc rgb " + colour, colour, quoted(label)),
                  "%s using 1:3:(0):($4-$3) with vectors nohead linewidth 1.5 linecolor rgb \"#404040\" notitle" % block,
                  "%s using 1:5 axes x1y2 with points pointtype 7 pointsize 0.85 linecolor rgb \"black\" notitle" % block,
                  "%s using 1:5 axes x1y2 with points pointtype 7 pointsize 0.55 linecolor rgb \"white\" notitle" % block]
    if not values:
        return []
    names_x = [c[0] if way == "rr" else str(c[2]) for c in columns]
    out += ["set title %s" % quoted(WAYS[way]),
            "set xtics (%s)" % ", ".join("%s %d" % (quoted(t), i) for i, t in enumerate(names_x)),
            "set xrange [-0.6:%g]" % (len(columns) - 0.4), "set ylabel %s" % quoted(ylabel),
            "set y2label %s" % quoted(cpu_label), *scale("y", values), *scale("y2", cpus),
            "set xlabel %s" % quoted("" if way == "rr" else "payload, bytes"),
            "plot " + ", \\\n  ".join(plots)]
    return out


def script(rows, path):
    """gnuplot's commands for the figure of one experiment."""
    names = unique(r["arm"] for r in rows)
    ways = [w for w in ("tx", "rx", "rr") if any(r["direction"] == w for r in rows)]
    giga = rows[0]["unit"] == "Mbit/s" and max(r["value"] for r in rows) >= 1000
    ylabel = "transactions/s" if ways == ["rr"] else "goodput, %sbit/s" % ("G" if giga else "M")
    cpu_label = "CPU, us per transaction" if ways == ["rr"] else "CPU, s per GB"
    many = max(len([c for c in cases(rows) if c[1] == w]) for w in ways) > 3
    out = ["set terminal svg size %d,%d font \"sans-serif,12\" background rgb \"white\"" % (
               900 if many else 640, 40 + 300 * len(ways)),
           "set output " + quoted(path),
           "set multiplot layout %d,1 title %s" % (len(ways), quoted(
               "%s (bars: %s, points: CPU)" % (rows[0]["title"], "rate" if ways == ["rr"] else "goodput"))),
           "set grid ytics linecolor rgb \"#e0e0e0\"", "set ytics nomirror", "set y2tics", "set key outside top center "
           "horizontal", "set tics out", "set xtics nomirror"]
    for way in ways:
        out += ["unset key"] if way != ways[0] else []
        out += panel(rows, way, names, ylabel, cpu_label, 1000.0 if giga else 1.0)
    return "\n".join([*out, "unset multiplot", ""])


def by_experiment(rows):
    got = {}
    for r in rows:
        if r["row"] == "median":
            got.setdefault(r["experiment"], []).append(r)
    return got


def write(rows, directory):
    """A figure per experiment; their paths."""
    os.makedirs(directory, exist_ok=True)
    paths = []
    for name, medians in by_experiment(rows).items():
        path = os.path.join(directory, name + ".svg")
        done = subprocess.run(["gnuplot", "-"], input=script(medians, path).encode(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise OSError("gnuplot: " + done.stdout.decode(errors="replace").strip()[-300:])
        paths.append(path)
    return paths


# ---- documentation ----

def replace(text, name, lines):
    """What is between the markers of @name; None if the text has none."""
    new, n = re.subn(r"(<!-- %s -->\n).*?(<!-- end %s -->)" % (re.escape(name), re.escape(name)),
                     lambda m: m.group(1) + "\n".join(lines) + "\n" + m.group(2), text, flags=re.S)
    return new if n else None


def merge(old, new):
    """@new, and of @old what @new did not measure. Whole runs come first, partial ones say what they measured."""
    measured = unique(r["experiment"] for r in new if r["row"] == "median")
    if not set(r["experiment"] for r in old if r["row"] == "median") - set(measured):
        return new
    ends = [{k: r[k] for k in ("seconds", "others")} for r in new if r["row"] == "end"]
    runs = [dict(r) for r in old if r["row"] == "conditions"]
    for r in runs[1:]:
        r["experiments"] = [e for e in r["experiments"] if e not in measured]
    runs = runs[:1] + [r for r in runs[1:] if r["experiments"]]
    runs += [dict(r, experiments=measured, **(ends[0] if ends else {})) for r in new if r["row"] == "conditions"]
    goals = {r["name"]: r for r in old + new if r["row"] == "goal"}
    kept = [r for r in old if "experiment" in r and r["experiment"] not in measured]
    return [*runs, *kept, *(r for r in new if "experiment" in r), *goals.values(), *(r for r in old if r["row"] == "end")]


def run_line(run):
    """Which commit and day a run is of, and how quiet the machine was."""
    return "commit %s, %s; %d s in all, in which %.2f processors went to others" % (
        run["commit"], run["time"][:10], run.get("seconds", 0), run.get("others", 0))


def conditions_lines(rows):
    first, *later = (r for r in rows if r["row"] == "conditions")
    end = next((r for r in rows if r["row"] == "end"), {})
    lines = ["Linux %s on %s, %d processors; %s everywhere; %s; %s." % (
        first["kernel"], first["machine"], first["processors"], first["congestion_control"], first["netperf"],
        run_line({**first, **end}))]
    if any(r["row"] == "left out" and "payloads" in r for r in rows):
        lines += ["Not all payloads everywhere; `--full` has them."]
    for run in later:
        lines += ["", "Measured anew (%s): %s." % (", ".join(run["experiments"]), run_line(run))]
    left = [r for r in rows if r["row"] == "left out" and "payloads" not in r]
    if left:
        lines += ["", "Left out:", ""]
        lines += ["* %s: %s" % (r["experiment"], ": ".join(str(r[k]) for k in ("arm", "why") if k in r)) for r in left]
    return lines


def document(rows, directory):
    """Figures, tables and medians into the documentation. What was not measured stays as it is."""
    store = os.path.join(directory, "netperf.jsonl")
    if os.path.exists(store):
        rows = merge(load(store), rows)
    write(rows, directory)
    path = os.path.join(directory, "README.md")
    with open(path) as f:
        text = f.read()
    parts = {"conditions": conditions_lines(rows)}
    goals = [r for r in rows if r["row"] == "goal"]
    if goals:
        parts["goals"] = markdown(["goal", "came out", "wanted", ""], goal_cells(goals))
    for name, medians in by_experiment(rows).items():
        how = [r for r in rows if r["row"] == "settings" and r["experiment"] == name]
        parts[name] = ["![%s](%s.svg)" % (medians[0]["title"], name), "", *markdown(*grid(medians)), "",
                       "Medians of %d, %d s each." % (len(medians[0]["values"]), medians[0]["seconds"])]
        parts[name + " settings"] = ["```", *(settings_lines(how[0]) if how else []), "```"]
    for name, lines in parts.items():
        new = replace(text, name, lines)
        if new is None and not name.endswith(" settings"):
            raise OSError("%s has no marker <!-- %s -->" % (path, name))
        text = new or text
    with open(path, "w") as f:
        f.write(text)
    with open(store, "w") as f:
        for row in rows:
            if row["row"] not in ("run", "failed"):
                f.write(json.dumps(row) + "\n")


def load(path):
    with open(path) as f:
        return [json.loads(line) for line in f]


def main():
    words = [w for w in sys.argv[1:] if w != "--docs"]
    if len(words) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        rows = load(words[0])
        if "--docs" in sys.argv:
            document(rows, words[1])
        else:
            print("\n".join(write(rows, words[1])))
    except OSError as e:
        print("figures: %s" % e, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
