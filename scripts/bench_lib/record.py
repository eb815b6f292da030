"""Record of a measurement: printed at once, and kept in a dated file with the description of the machine."""
import datetime
import math
import os
import platform
import statistics
import subprocess
from collections import Counter
from pathlib import Path

from .columns import FAULTS

NAME = 10  # characters of a server's name
CELL = 12


class Record:
    """Prints lines, and writes them into a file at the end, even after an interruption."""

    def __init__(self, what, root):
        began = datetime.datetime.now()
        self.path = root / "scripts" / "bench-runs" / f"{began:%Y-%m-%d-%H%M%S}-{what}.txt"
        self.lines = []
        self.measured = False
        self.line(f"scripts/bench {what}, {began:%Y-%m-%d %H:%M}")
        for line in environment(root):
            self.line(line)
        self.line("")

    def __enter__(self):
        return self

    def __exit__(self, error, _value, _trace):
        if error is not None:
            self.line(f"ended early: {error.__name__}")
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text("\n".join(self.lines) + "\n")
        print(f"\nkept in {os.path.relpath(self.path)}")

    def line(self, line):
        self.lines.append(line)
        print(line, flush=True)

    def grid(self, title, columns, rows, tail=""):
        """Prints a table: columns are pairs of name and unit; a row is a name, its cells, and a remark."""
        titles, units = zip(*columns)
        self.line(f"\n{title}")
        self.line(row("", titles, tail))
        self.line(row("", units))
        for one in rows:
            self.line(row(*one))

    def table(self, scenario, runs, seconds):
        """Prints a row for each server, then the same as multiples of the first, then remarks."""
        values = {name: [median_of(of_one, column) for column in scenario.columns] for name, of_one in runs.items()}
        rows = [(name, map(figure, values[name]), judged(runs[name])) for name in runs]
        self.grid(f"{scenario.name}: {scenario.about}, {seconds} s",
                  [(column.title, column.unit) for column in scenario.columns], [*rows, *ratios(values)], JUDGED)
        for name, of_one in runs.items():
            self.remarks(name, of_one, scenario.headlines)

    def remarks(self, name, runs, with_headlines=False):
        """Prints why runs are not valid, the first fault, and the purpose of the preset."""
        told = [*doubts(runs), *(f"first {fault}: {place}" for fault, place in first_faults(runs))]
        if with_headlines:
            told += [f"{one['name']}: {one['text']}" for one in headlines(runs)]
        for line in told:
            self.line(f"    {name} {line}")


def ratios(values):
    """Returns each row but the first as multiples of the first."""
    (first, base), *others = values.items()
    for name, row_values in others:
        if any(value is not None for value in row_values):
            yield f"{name}/{first}", [ratio(value, one) for value, one in zip(row_values, base)]


def median(values):
    """Returns the median of the known values."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def median_of(runs, column):
    """Returns the median of a column over the valid runs that have it."""
    return median(run.value(column) for run in runs)


def row(name, cells, end=""):
    return f"  {name:{NAME + 5}}" + "".join(f"{cell:>{CELL}}" for cell in cells) + end


def figure(value):
    """Formats a figure with three significant digits."""
    if value is None:
        return "–"
    if 0 < abs(value) < 0.1:
        return f"{value:.2g}" if abs(value) >= 0.0001 else "0.0000"
    return f"{value:,.{max(0, 2 - len(str(int(value))) + 1)}f}"


def ratio(value, base):
    return f"{figure(value / base)}x" if value is not None and base else "–"


JUDGED = "  wrong  trust"


def judged(runs):
    """Returns the number of wrong deliveries, and the load tester's verdict on its runs."""
    return f"  {wrong(runs):5}  {trust(runs)}"


def wrong(runs):
    """Returns the wrong deliveries of all runs that report them."""
    total = sum(run.told["delivery"][fault] for run in runs if run.told for fault in FAULTS)
    return f"{total:,}"


def trust(runs):
    count = Counter(run.trust for run in runs)
    if len(count) == 1:
        return next(iter(count))
    return ", ".join(f"{word} {count[word]} of {len(runs)}" for word in sorted(count))


def doubts(runs):
    """Returns why runs are not valid: the first run's reasons for each verdict, since those of other runs differ only in figures."""
    first = {}
    for run in runs:
        first.setdefault(run.trust, run.why())
    return [f"{word}: {why}" for word, why in first.items() if word != "valid"]


def first_faults(runs):
    return [first for run in runs if run.told for first in run.told["delivery"]["first"].items()]


def headlines(runs):
    """Returns the median of each headline."""
    by_name = {}
    for run in runs:
        for headline in run.told["headlines"] if run.counts else ():
            by_name.setdefault(headline["name"], []).append(headline)
    for same in by_name.values():
        same.sort(key=lambda headline: math.inf if headline["value"] is None else headline["value"])
        yield same[(len(same) - 1) // 2]


def machine():
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cpu()}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB"


def environment(root):
    """Describes what the figures depend on."""
    yield f"machine: {machine()}"
    yield f"kernel: {platform.system()} {platform.release()}"
    yield f"rustc: {told(['rustc', '--version'], root)}"
    dirty = " with changes" if told(["git", "status", "--porcelain", "--untracked-files=no"], root) else ""
    yield f"commit: {told(['git', 'rev-parse', '--short=12', 'HEAD'], root) or 'none'}{dirty}"


def cpu():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def told(command, folder):
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:
        return ""
