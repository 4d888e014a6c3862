# SPDX-License-Identifier: GPL-2.0-only
"""goals - what the figures of bench/netperf are held to.

judge() takes the medians, by (experiment, test, direction, payload, arm), and yields a row
for each goal whose figures are there. Ratios are to another arm of the same experiment
and run. A row says what came out and whether the goal is reached; it enforces nothing.
"""
BIG = 65507
SMALL = (64, 128, 256)
SUM_OF_RATES = 80.0     # Mbit/s, common.SHAPED


def ratio(medians, key, arm, to, what="value"):
    """Of an arm to another, or None."""
    a, b = medians.get((*key, arm)), medians.get((*key, to))
    return a[what] / b[what] if a and b and a.get(what) and b.get(what) else None


def goal(name, value, sign, limit, unit="x host"):
    if value is None:
        return None
    value = round(value, 3)
    reached = value >= limit if sign == ">=" else value <= limit if sign == "<=" else value > limit
    return {"row": "goal", "name": name, "value": value, "unit": unit, "goal": sign + " %g" % limit, "reached": reached}


def rows(medians):
    def stream(experiment, direction, payload=BIG):
        return experiment, "TCP_STREAM" if direction == "tx" else "TCP_MAERTS", direction, payload

    for direction, limit in ("tx", 0.8), ("rx", 0.9):
        yield goal("veth, %d bytes, %s, inline" % (BIG, direction),
                   ratio(medians, stream("veth", direction), "inline", "host"), ">=", limit)
    for direction in "tx", "rx":
        for payload in SMALL:
            yield goal("veth, %d bytes, %s, inline" % (payload, direction),
                       ratio(medians, stream("veth", direction, payload), "inline", "host"), ">=", 1.5)
    rate = ratio(medians, ("rr", "TCP_RR", "rr", 1), "host", "inline")
    yield goal("TCP_RR latency, inline", rate, "<=", 1.0)
    for direction in "tx", "rx":
        key = stream("wifi", direction)
        yield goal("WiFi-like, goodput, %s, inline" % direction, ratio(medians, key, "inline", "host"), ">=", 0.99)
        yield goal("WiFi-like, CPU s/GB, %s, inline" % direction,
                   ratio(medians, key, "inline", "host", "cpu"), "<=", 1.0)
    for direction in "tx", "rx":
        got = medians.get((*stream("dual", direction), "inline"))
        yield goal("dual path, shaped, %s, inline" % direction, got and got["value"] / SUM_OF_RATES, ">=", 0.95,
                   "of the rates")
    for direction in "tx", "rx":
        yield goal("dual path, unshaped, %s, inline" % direction,
                   ratio(medians, stream("dual-fast", direction), "inline", "host"), ">", 1.0)
    for direction in "tx", "rx":
        yield goal("veth, %d bytes, %s, shadow" % (BIG, direction),
                   ratio(medians, stream("veth", direction), "shadow", "host"), ">=", 0.5)
    for direction in "tx", "rx":
        yield goal("user-mode-linux, %s, inline over the same TAP" % direction,
                   ratio(medians, stream("others", direction), "tap", "uml"), ">=", 3.0, "x UML")


def judge(medians):
    return [r for r in rows(medians) if r]
