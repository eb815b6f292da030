"""What is told: printed at once, and kept in a dated file with what it was measured on."""
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
    """Prints lines, and writes them into a file when all is over, also when it was interrupted."""

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

    def table(self, scenario, runs, seconds):
        """One row a server, then the same as multiples of the first, then what is to be known of them."""
        columns = scenario.columns
        self.line(f"\n{scenario.name}: {scenario.about}, {scenario.seconds or seconds} s")
        self.line(row("", [column.title for column in columns], "  wrong  trust"))
        self.line(row("", [column.unit for column in columns]))
        rows = {name: medians(columns, of_one) for name, of_one in runs.items()}
        for name, of_one in runs.items():
            self.line(row(name, [figure(value) for value in rows[name]], f"  {wrong(of_one):5}  {trust(of_one)}"))
        self.ratios(rows)
        for line in remarks(scenario, runs):
            self.line(line)

    def ratios(self, rows):
        (first, base), *others = rows.items()
        for name, values in others:
            if any(value is not None for value in values):
                cells = [ratio(value, one) for value, one in zip(values, base)]
                self.line(row(f"{name}/{first}", cells))


def medians(columns, runs):
    """The median of each column over the runs that count and know it."""
    told = [run.told for run in runs if run.counts]
    each = ([value for value in map(column.value, told) if value is not None] for column in columns)
    return [statistics.median(values) if values else None for values in each]


def row(name, cells, end=""):
    return f"  {name:{NAME + 5}}" + "".join(f"{cell:>{CELL}}" for cell in cells) + end


def figure(value):
    """Three digits that mean something."""
    if value is None:
        return "–"
    return f"{value:,.{max(0, 2 - len(str(int(value))) + 1)}f}"


def ratio(value, base):
    return f"{figure(value / base)}x" if value is not None and base else "–"


def wrong(runs):
    """Wrong deliveries of all runs that tell of them."""
    total = sum(run.told["delivery"][fault] for run in runs if run.told for fault in FAULTS)
    return f"{total:,}"


def trust(runs):
    count = Counter(run.trust for run in runs)
    if len(count) == 1:
        return next(iter(count))
    return ", ".join(f"{word} {count[word]} of {len(runs)}" for word in sorted(count))


def remarks(scenario, runs):
    """Why runs are not valid, what was wrong first, and what the preset is for."""
    for name, of_one in runs.items():
        yield from (f"    {name} {doubt}" for doubt in doubts(of_one))
        yield from (f"    {name} first {fault}: {place}" for fault, place in first_faults(of_one))
        if scenario.headlines:
            yield from (f"    {name} {one['name']}: {one['text']}" for one in headlines(of_one))


def doubts(runs):
    """Why runs are not valid: of each word, the first run's reasons, since another run's differ in their figures alone."""
    first = {}
    for run in runs:
        first.setdefault(run.trust, run.why())
    return [f"{word}: {why}" for word, why in first.items() if word != "valid"]


def first_faults(runs):
    return [first for run in runs if run.told for first in run.told["delivery"]["first"].items()]


def headlines(runs):
    """Of each headline, the one in the middle."""
    by_name = {}
    for run in runs:
        for headline in run.told["headlines"] if run.counts else ():
            by_name.setdefault(headline["name"], []).append(headline)
    for same in by_name.values():
        same.sort(key=lambda headline: math.inf if headline["value"] is None else headline["value"])
        yield same[(len(same) - 1) // 2]


def environment(root):
    """What figures depend on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield f"machine: {cpu()}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB"
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
