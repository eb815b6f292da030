"""Soak: an hour of honest chat beside strangers who come and go, read nothing and send garbage; no message is lost, and neither memory
nor the number of open files grows.

A slope is that of the means of 20 equal parts of the time, with the interval that holds the true one in 95 of 100 runs. The first
tenth, and two minutes at least, do not count: until then the timers of those who have left fill up, which run for 30 s, and so
does the window, which is the smallest there is here. Exit code 7: a delivery was wrong, or something grows."""
import statistics
from contextlib import ExitStack

from . import attack, watch
from .columns import Column, ms
from .record import JUDGED, figure, judged, wrong
from .runs import Run, fresh, load, say

FLAGS = ("--users", 50, "--senders", 50, "--rate", "25/s", "--warmup", "2s")
ATTACKS = ("churn", "stalled", "garbage")
WINDOW = ("--window", "64KiB")
LOOKS_SECONDS = 1
FILLING_SECONDS = 120
PARTS = 20
STUDENT = 2.101  # t of 95 % and PARTS - 2 degrees of freedom
SHARE = 0.02  # of a level: what may grow in an hour and is called flat
FAILED = 7
P99 = Column("deliver p99", "ms", ms("deliver", "p99"))


def measure(record, tools, seconds):
    server = attack.among_strangers(tools, *WINDOW)
    say(f"soak: {seconds} s")
    with fresh(server) as (port, pid), ExitStack() as stack:
        told = {name: stack.enter_context(attack.attacking(tools, name, port)) for name in ATTACKS}
        with watch.every(LOOKS_SECONDS, lambda: (watch.resident_bytes(pid) / 1024, watch.open_files(pid))) as seen:
            run = Run(server.name, load(tools, server, "run", FLAGS, seconds, port, pid))
        stack.close()
    memory, files = (Line(series) for series in zip(*seen))
    columns = [(P99.title, P99.unit), ("memory", "KiB"), ("slope", "KiB/h"), ("±", "KiB/h"),
               ("open files", ""), ("slope", "/h"), ("±", "/h")]
    cells = [run.value(P99), memory.level, memory.slope, memory.error, files.level, files.slope, files.error]
    record.grid(f"soak: 50 honest users, 25 messages a second, beside {', '.join(ATTACKS)}, {seconds} s", columns,
                [(server.name, map(figure, cells), judged([run]))], JUDGED)
    record.remarks(server.name, [run])
    for name, did in told.items():
        record.line(f"    {name}: {did['connections']:,} connections, {did['deeds']:,} deeds, {did['bytes']:,} bytes")
    growing = [what for what, line in (("memory", memory), ("open files", files)) if line.grows()]
    record.line(f"    grows: {', '.join(growing) or 'nothing'}")
    return FAILED if growing or not run.counts or wrong([run]) != "0" else 0


class Line:
    """The straight line through a series of samples, a second apart."""

    def __init__(self, series):
        # Of a shorter run the second half counts.
        series = series[min(max(len(series) // 10, FILLING_SECONDS // LOOKS_SECONDS), len(series) // 2):]
        size = max(1, len(series) // PARTS)
        means = [statistics.fmean(series[at * size:(at + 1) * size]) for at in range(PARTS) if series[at * size:(at + 1) * size]]
        hours = [at * size * LOOKS_SECONDS / 3600 for at in range(len(means))]
        self.level = statistics.fmean(series)
        self.slope, begin = statistics.linear_regression(hours, means)
        squares = sum((mean - begin - self.slope * hour) ** 2 for hour, mean in zip(hours, means))
        middle = statistics.fmean(hours)
        self.error = STUDENT * (squares / (len(means) - 2) / sum((hour - middle) ** 2 for hour in hours)) ** 0.5

    def grows(self):
        """Tells whether it surely rises, and by more than a small share of its level in an hour."""
        return self.slope - self.error > SHARE * self.level
