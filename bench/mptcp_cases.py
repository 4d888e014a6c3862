# SPDX-License-Identifier: GPL-2.0-only
"""mptcp_cases - the experiments of bench/mptcp, and what their figures are held to.

An experiment has arms (a scheduler, a congestion control, who sends to whom) and series (tx and rx, p50
and p99). tasks() are its pieces of one round: functions that take a testbed and give
(arm, series, value, more) for what they measured. Arms that cannot disturb each other (a link that
is never full, small messages) are measured at the same time, in one piece; the others one by one.
"""
import statistics
import time

from mptcp_ends import End, together, transfer

SCHEDULERS = "default", "minrtt", "blest", "ecf", "roundrobin", "handover", "redundant"
COUPLED = "lia", "olia", "balia", "wvegas"
CONGESTIONS = ("cubic", "reno", *COUPLED)
SUM_OF_RATES, OVERHEAD = 80.0, 1428 / 1500
SILENT = 3.0            # seconds
HOST = "host's kernel"


def in_order(known, there):
    return [n for n in known if n in there] + [n for n in there if n not in known]


class Image:
    """What a stack has: its schedulers, its congestion controls, and which of them are its defaults."""

    def __init__(self, schedulers, congestions, default):
        self.schedulers = in_order(SCHEDULERS, schedulers)
        self.congestions = in_order(CONGESTIONS, congestions)
        self.default = default


class Experiment:
    """@options: of the testbed; @seconds: one piece, without its start; @reference: (label, value) lines."""
    name = title = unit = None
    options = ()
    log = False
    form = "%.1f"
    series = "tx", "rx"
    labels = {"tx": "tx: the phone sends", "rx": "rx: the phone receives"}
    reference = ()
    times = 1               # --seconds, for what takes longer to settle
    one_at_a_time = False   # pieces that must not run beside those of another testbed

    def __init__(self, image, args, host):
        """@host: what the host's kernel calls its congestion controls, by our name."""
        self.image, self.args, self.host = image, args, host

    def prepare(self, bed):
        """Once for each testbed."""

    def words(self):
        return "skip=%g" % self.args.skip, "seconds=%g" % (self.times * self.args.seconds)

    def seconds(self):
        return self.args.skip + self.times * self.args.seconds

    def tasks(self):
        raise NotImplementedError

    def goals(self, medians):
        """(what, value, least or None, most or None); @medians by (arm, series), each a row."""
        return []

    def rate(self, bed, phone, server, way):
        """(Mbit/s, {"wlan": WiFi's share of the bytes}) of one bulk transfer."""
        before = bed.carried("up" if way == "tx" else "down")
        got = transfer(bed, phone, server, way, "bulk", self.words())
        wlan, rmnet = (b - a for a, b in zip(before, bed.carried("up" if way == "tx" else "down")))
        return sum(got["mbit"]), {"wlan": round(wlan / max(wlan + rmnet, 1), 3)}

    def rates(self, arms, ways=("tx", "rx"), server=None):
        """Pieces for @arms, {name: (phone, the same for the server)}."""
        def piece(name, phone, far, way):
            return lambda bed: [(name, way, *self.rate(bed, phone, far, way))]
        for name, (phone, far) in arms.items():
            for way in ways:
                yield piece(name, phone, server or far, way)


def both(**more):
    return End("persona", **more), End("persona", **more)


class Schedulers(Experiment):
    name, unit = "schedulers", "Mbit/s"
    title = "WiFi 50 Mbit/s, 10 ms + LTE 30 Mbit/s, 25 ms: goodput by scheduler (cubic)"
    reference = (("all that 50 + 30 Mbit/s can carry", SUM_OF_RATES * OVERHEAD),)

    def tasks(self):
        arms = {s: both(scheduler=s) for s in self.image.schedulers}
        return self.rates({**arms, "WiFi alone": both(paths="wlan"), HOST: (End(), End())})

    def goals(self, medians):
        for (arm, way), row in medians.items():
            if arm == "redundant":
                alone = medians.get(("WiFi alone", way))
                if alone:
                    yield "%s, %s, of WiFi alone" % (arm, way), row["value"] / alone["value"], 0.95, None
            elif arm == "handover":
                yield "%s, %s, share of WiFi" % (arm, way), row["wlan"], 0.95, None
            elif arm in self.image.schedulers:
                yield "%s, %s, of the rates" % (arm, way), row["value"] / SUM_OF_RATES, 0.9, None


class Congestion(Experiment):
    name, unit = "congestion", "Mbit/s"
    title = "WiFi 50 Mbit/s, 10 ms + LTE 30 Mbit/s, 25 ms: goodput by congestion control"
    reference = Schedulers.reference

    def tasks(self):
        return self.rates({c: both(congestion=c) for c in self.image.congestions})

    def goals(self, medians):
        for (arm, way), row in medians.items():
            yield "%s, %s, of the rates" % (arm, way), row["value"] / SUM_OF_RATES, 0.9, None


class Window(Experiment):
    name, unit, series = "window", "Mbit/s", ("tx",)
    title = "50 Mbit/s, 10 ms + 5 Mbit/s, 100 ms, receiver's window 300 kB: goodput by scheduler (cubic)"
    options = "--rmnet", "5mbit,100ms"

    def prepare(self, bed):
        # Linux gives about half of a receive buffer to the window.
        bed.sysctl("server", "net.ipv4.tcp_rmem", "4096 131072 600000")

    def tasks(self):
        arms = {s: (End("persona", scheduler=s), None) for s in self.image.schedulers}
        arms.update({"fast alone": (End("persona", paths="wlan"), None), HOST: (End(), None)})
        return self.rates(arms, ("tx",), End())

    def goals(self, medians):
        alone = medians.get(("fast alone", "tx"))
        for arm in dict.fromkeys(("blest", "ecf", self.image.default)):
            if alone and (arm, "tx") in medians:
                yield "%s, of the fast path alone" % arm, medians[arm, "tx"]["value"] / alone["value"], 0.9, None


class Random(Experiment):
    name, unit, form, series = "random", "x TCP", "%.2f", ("ratio",)
    title = "two subflows by one link with 0.5 % random loss, 30 ms: rate, TCP reno = 1"
    labels = {"ratio": "one MPTCP connection, by one TCP reno connection"}
    options = "--wlan", "200mbit,30ms,up.0.5%"
    reference = (("as TCP reno", 1.0),)
    one_at_a_time, times = True, 4

    def tasks(self):
        def piece(bed):
            ends = {"TCP reno": (End("persona", "reno", paths="half", mptcp=False), End())}
            for c in (c for c in self.image.congestions if c in CONGESTIONS):
                ends[c] = End("persona", c, paths="shared"), End()
            got = together(bed, ends, "bulk", ("streams=3", *self.words()))
            rates = {arm: statistics.mean(r["mbit"]) for arm, r in got.items()}
            return [(arm, "ratio", rate / rates["TCP reno"], {"mbit": round(rate, 2)})
                    for arm, rate in rates.items() if arm != "TCP reno"]
        yield piece

    def goals(self, medians):
        for (arm, _series), row in medians.items():
            least, most = {"reno": (1.8, None), "cubic": (None, None), "olia": (0.75, 1.25)}.get(arm, (0.85, 1.25))
            if arm != "wvegas" and (least or most):
                yield "%s, by TCP reno" % arm, row["value"], least, most


class DropTail(Experiment):
    name, unit, series = "droptail", "%", ("share",)
    title = "one link of 40 Mbit/s, 20 ms, drop-tail: share of 5 MPTCP connections beside 5 of TCP reno"
    labels = {"share": "MPTCP's share of the bytes"}
    options = "--wlan", "40mbit,20ms"
    reference = (("half", 50.0),)
    times = 4

    def tasks(self):
        def piece(congestion):
            ends = {"mptcp": (End("persona", congestion, paths="shared"), End()),
                    "tcp": (End("persona", "reno", paths="half", mptcp=False), End())}

            def run(bed):
                got = {name: sum(r["mbit"]) for name, r in together(bed, ends, "bulk", ("streams=5", *self.words())).items()}
                return [(congestion, "share", 100 * got["mptcp"] / (got["mptcp"] + got["tcp"]),
                         {"mbit": round(got["mptcp"] + got["tcp"], 2)})]
            return run
        return (piece(c) for c in self.image.congestions if c in CONGESTIONS)

    def goals(self, medians):
        for (arm, _series), row in medians.items():
            if arm == "reno":
                yield "reno (uncoupled), share in %", row["value"], 62, None
            elif arm in COUPLED:
                yield "%s, share in %%" % arm, row["value"], 38, 55


def quantile(values, q):
    return sorted(values)[min(len(values) - 1, int(q * len(values)))]


class Latency(Experiment):
    name, unit, log, series = "latency", "ms", True, ("p50", "p99")
    title = "200 bytes each 20 ms, both paths lose 2 %: one way, by scheduler"
    labels = {"p50": "half of the messages within", "p99": "99 of 100 within"}
    options = "--wlan", "50mbit,10ms,2%", "--rmnet", "30mbit,25ms,2%"
    one_at_a_time, times = True, 5

    def seconds(self):
        return self.times * self.args.seconds

    def ends(self):
        ends = {s: (End("persona", scheduler=s), End()) for s in self.image.schedulers}
        return {**ends, "TCP, WiFi": (End("persona", paths="wlan", mptcp=False), End()), HOST: (End(), End())}

    def tasks(self):
        def piece(bed):
            got = together(bed, self.ends(), "messages", ("seconds=%g" % self.seconds(),))
            for arm, r in got.items():
                yield arm, "p50", quantile(r["ms"], 0.5), {"messages": len(r["ms"])}
                yield arm, "p99", quantile(r["ms"], 0.99), {}
        yield piece

    def goals(self, medians):
        if ("redundant", "p99") in medians:
            yield "redundant, p99 in ms", medians["redundant", "p99"]["value"], None, 35


class Gap(Latency):
    name, form, series = "gap", "%.0f", ("gap",)
    title = "200 bytes each 20 ms, WiFi silent for %g s: longest wait for the next message, by scheduler" % SILENT
    labels = {"gap": "longest gap between arrivals"}
    options = ()

    def seconds(self):
        return 2 + SILENT + 4

    def tasks(self):
        def piece(bed):
            def silence():
                time.sleep(2)
                bed.link("state", "wlan", "drop")
                time.sleep(SILENT)
                bed.link("state", "wlan", "up")
            got = together(bed, self.ends(), "messages", ("seconds=%g" % self.seconds(),), silence)
            for arm, r in got.items():
                yield arm, "gap", 1e3 * max(b - a for a, b in zip(r["at"], r["at"][1:])), {}
        yield piece

    def goals(self, medians):
        for arm, most in ("redundant", 60), ("handover", 200):
            if (arm, "gap") in medians:
                yield "%s, gap in ms" % arm, medians[arm, "gap"]["value"], None, most


class Paper(Experiment):
    """tx and rx of the paper's Figure 3: which end's stack and which congestion control make a difference?"""
    name, unit, series = "paper", "Mbit/s", ("cubic", "lia")
    title = "who sends, who receives, and by which congestion control: clean paths"
    labels = {"cubic": "cubic", "lia": "LIA"}
    reference = Schedulers.reference

    def tasks(self):
        def piece(arm, phone, server, way, congestion):
            used = congestion if (phone if way == "tx" else server) == "persona" else self.host[congestion]
            ends = [End(kind, congestion=used if sends else "cubic")
                    for kind, sends in ((phone, way == "tx"), (server, way == "rx"))]
            return lambda bed: [(arm, congestion, *self.rate(bed, *ends, way))]
        for way, pairs in (("tx", (("persona", "host"), ("host", "host"))),
                           ("rx", (("persona", "host"), ("host", "host"), ("persona", "persona"), ("host", "persona")))):
            for phone, server in pairs:
                sender, receiver = (phone, server) if way == "tx" else (server, phone)
                for congestion in self.series:
                    has = self.image.congestions if sender == "persona" else self.host
                    if congestion in has:
                        yield piece("%s: %s to %s" % (way, sender, receiver), phone, server, way, congestion)


class PaperLoss(Paper):
    name, times = "paper-loss", 2
    title = "who sends, who receives, and by which congestion control: WiFi loses 0.1 %"
    options = "--wlan", "50mbit,10ms,0.1%"


ALL = Schedulers, Congestion, Window, Random, DropTail, Latency, Gap, Paper, PaperLoss
