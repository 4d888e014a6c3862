#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""mptcp_figures - tables and figures (SVG, by gnuplot) from the rows of bench/mptcp.

  mptcp_figures.py FILE.jsonl... DIR           figures of earlier runs into DIR
  mptcp_figures.py --docs FILE.jsonl... DIR    and their tables into DIR/mptcp.md, between its markers

A figure has a cluster of bars for each arm, a bar for each series; thin lines span the rounds, and
a dashed line is what the title's reference says. mptcp.md has what is written here between
`<!-- NAME -->` and `<!-- end NAME -->`; the text around it is by hand.
"""
import json
import math
import os
import subprocess
import sys
import textwrap

sys.dont_write_bytecode = True
from figures import load, markdown, quoted, replace, unique

COLOURS = "#2166ac", "#92c5de", "#b2182b"


def medians_of(rows):
    return [r for r in rows if r["row"] == "median"]


# ---- tables ----

def cell(row):
    if not row:
        return "-"
    return "%s (%s to %s)" % tuple(row["form"] % v for v in (row["value"], min(row["values"]), max(row["values"])))


def grid(medians):
    """(head, lines): an arm per line; median, and the rounds' least and most."""
    series = unique(r["series"] for r in medians)
    more = [(k, head) for k, head in (("wlan", "WiFi's share, " + series[0]), ("mbit", "Mbit/s")) if any(k in r for r in medians)]
    head = [medians[0]["unit"], *series, *(text for _key, text in more)]
    lines = []
    for arm in unique(r["arm"] for r in medians):
        by = {r["series"]: r for r in medians if r["arm"] == arm}
        first = next(iter(by.values()))
        lines.append([arm, *(cell(by.get(s)) for s in series),
                      *("%.0f %%" % (100 * first[k]) if k == "wlan" else "%.1f" % first[k] for k, _text in more)])
    return head, lines


def goal_cells(rows):
    return [[r["experiment"], r["name"], "%.3g" % r["value"], r["goal"], "reached" if r["reached"] else "MISSED"]
            for r in rows if r["row"] == "goal"]


def text(rows):
    """Of one experiment, for a terminal."""
    medians = medians_of(rows)
    out = ["failed: round %s: %s" % (r.get("round", "-"), r["why"]) for r in rows if r["row"] in ("failed", "left out")]
    if not medians:
        return [*out, "%s: nothing was measured" % (rows[0]["experiment"] if rows else "?")]
    head, lines = grid(medians)
    out = [medians[0]["title"], *("  %-28s" % line[0] + "".join("%26s" % c for c in line[1:]) for line in [head, *lines]), *out]
    return out + ["  %-44s %-10s %-18s %s" % tuple(cells[1:]) for cells in goal_cells(rows)]


# ---- figures ----

def lines_of(arm):
    """An arm's name below its bars: `tx: persona to host` on three lines."""
    return arm.replace(": ", ":\n").replace(" to ", "\nto ")


def script(medians, path):
    """gnuplot's commands for one experiment."""
    arms, series = unique(r["arm"] for r in medians), unique(r["series"] for r in medians)
    width = 0.8 / len(series)
    values = [v for r in medians for v in r["values"]]
    low, high = min(values), max([*values, *(v for _label, v in medians[0]["reference"])])
    out = ["set terminal svg size %d,400 font \"sans-serif,12\" background rgb \"white\"" % max(640, 100 + 95 * len(arms)),
           "set output " + quoted(path), "set title %s" % quoted(medians[0]["title"]),
           "set grid ytics linecolor rgb \"#e0e0e0\"", "set tics out nomirror", "set ylabel %s" % quoted(medians[0]["unit"]),
           "set key outside top center horizontal", "set bmargin %d" % (3 + max(lines_of(a).count("\n") for a in arms)),
           "set xrange [-0.6:%g]" % (len(arms) - 0.4),
           "set xtics (%s)" % ", ".join("%s %d" % (quoted(lines_of(a)).replace("\n", "\\n"), i)
                                        for i, a in enumerate(arms))]
    out += ["set logscale y 10", "set yrange [%g:%g]" % (10 ** math.floor(math.log10(low / 3)), high * 3)
            ] if medians[0]["log"] else ["set yrange [0:%g]" % (high * 1.15)]
    plots = ["%g with lines dashtype 2 linecolor rgb \"#404040\" title %s" % (value, quoted(label))
             for label, value in medians[0]["reference"]]
    for n, name in enumerate(series):
        out.append("$s%d << EOD" % n)
        for r in medians:
            if r["series"] == name:
                x = arms.index(r["arm"]) + (n - (len(series) - 1) / 2) * width
                out.append("%g %g %g %g %s" % (x, r["value"], min(r["values"]), max(r["values"]), r["form"] % r["value"]))
        out.append("EOD")
        label = next(r["label"] for r in medians if r["series"] == name)
        plots += ["$s%d using 1:2:(%g) with boxes fillstyle solid noborder linecolor rgb \"%s\" title %s" % (
                      n, width * 0.92, COLOURS[n % len(COLOURS)], quoted(label)),
                  "$s%d using 1:3:(0):($4-$3) with vectors nohead linewidth 1.5 linecolor rgb \"#404040\" notitle" % n,
                  "$s%d using 1:4:5 with labels offset 0,0.7 font \"sans-serif,10\" notitle" % n]
    return "\n".join([*out, "plot " + ", \\\n  ".join(plots), ""])


def write(rows, directory):
    """A figure per experiment; their paths."""
    os.makedirs(directory, exist_ok=True)
    paths = []
    for name in unique(r["experiment"] for r in medians_of(rows)):
        path = os.path.join(directory, "mptcp-%s.svg" % name)
        done = subprocess.run(["gnuplot", "-"], input=script([r for r in medians_of(rows) if r["experiment"] == name],
                                                             path).encode(),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode or done.stdout:
            raise OSError("gnuplot: " + done.stdout.decode(errors="replace").strip()[-300:])
        paths.append(path)
    return paths


# ---- documentation ----

def merge(old, new):
    """@new, and of @old what @new did not measure."""
    measured = {r["experiment"] for r in medians_of(new)}
    kept = [dict(r) for r in old if r.get("experiment") not in measured]
    for r in kept:
        if r["row"] == "conditions":
            r["experiments"] = [e for e in r["experiments"] if e not in measured]
    return [r for r in kept if r["row"] != "conditions" or r["experiments"]] + new


def kept_rows(rows):
    """Without single pieces; a run that was cut short names what it measured."""
    measured = unique(r["experiment"] for r in medians_of(rows))
    return [dict(r, experiments=measured) if r["row"] == "conditions" else r for r in rows
            if r["row"] not in ("run", "failed", "left out")]


def conditions_lines(rows):
    return [textwrap.fill(
        "* %s: commit %s, %s; %d s, %d testbeds at a time; Linux %s on %s, %d processors, %.1f of them used, load average %.1f at the "
        "start; image's scheduler %s; the host's congestion controls: %s." % (
            ", ".join(r["experiments"]), r["commit"], r["time"][:10], r.get("seconds", 0), r["beds"], r["kernel"], r["machine"],
            r["processors"], r.get("used", 0), r["load"], r["scheduler"], ", ".join(r["host_congestions"])),
        98, subsequent_indent="  ", break_on_hyphens=False) for r in rows if r["row"] == "conditions"]


def document(rows, directory):
    store = os.path.join(directory, "mptcp.jsonl")
    rows = merge(load(store) if os.path.exists(store) else [], kept_rows(rows))
    write(rows, directory)
    path = os.path.join(directory, "mptcp.md")
    with open(path) as f:
        page = f.read()
    parts = {"conditions": conditions_lines(rows),
             "goals": markdown(["experiment", "goal", "came out", "wanted", ""], goal_cells(rows))}
    for name in unique(r["experiment"] for r in medians_of(rows)):
        medians = [r for r in medians_of(rows) if r["experiment"] == name]
        parts[name] = ["![%s](mptcp-%s.svg)" % (medians[0]["title"], name), "", *markdown(*grid(medians)), "",
                       "Medians of %d (least to most), %g s each." % (len(medians[0]["values"]), medians[0]["seconds"])]
    for name, lines in parts.items():
        new = replace(page, name, lines)
        if new is None:
            raise OSError("%s has no marker <!-- %s -->" % (path, name))
        page = new
    with open(path, "w") as f:
        f.write(page)
    with open(store, "w") as f:
        f.writelines(json.dumps(row) + "\n" for row in rows)


def main():
    words = [w for w in sys.argv[1:] if w != "--docs"]
    if len(words) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        for name in words[:-1]:
            if "--docs" in sys.argv:
                document(load(name), words[-1])
            else:
                print("\n".join(write(load(name), words[-1])))
    except OSError as e:
        print("mptcp_figures: %s" % e, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
