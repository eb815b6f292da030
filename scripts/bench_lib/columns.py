"""Columns of a table of runs: a figure, its heading, and its place in wac-loadgen's result."""
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Column:
    """A figure of a run; `value` returns None if it is unknown."""
    title: str
    unit: str
    value: Callable[[dict], float]


def ms(word, figure, stage=None):
    """A percentile of a metric, of the whole run or of one of its stages."""
    def value(run):
        figures = run["latency_ns"] if stage is None else of_stage(run, stage)
        nanos = (figures or {}).get(word, {}).get(figure)
        return None if nanos is None else nanos / 1e6
    return value


def of_stage(run, name):
    stage = stage_of(run, name)
    return stage and stage["latency_ns"]


def stage_of(run, name):
    return next((stage for stage in run["stages"] if stage["name"] == name), None)


def lines(stage=None):
    """Deliveries a second of a closed loop, in the whole run or in one of its stages."""
    def value(run):
        found = run.get("throughput") if stage is None else stage_of(run, stage)
        return found and found["deliveries_per_s"]
    return Column("lines", "/s", value)


def used(field, scale):
    def value(run):
        amount = (run["server_use"] or {}).get(field)
        return None if amount is None else amount / scale
    return value


CPU = Column("CPU", "µs", used("cpu_ns_per_delivery", 1e3))
MEMORY = Column("memory", "KiB", used("bytes_per_connection", 1024))
JOIN = Column("join p99", "ms", ms("join", "p99"))
LINES = lines()
LOGINS = Column("all in", "s", lambda run: run.get("login_seconds"))


def percentiles(word, *names):
    return tuple(Column(f"{word} {p}", "ms", ms(word, p)) for p in names)


TOWN = (*percentiles("deliver", "p50", "p99"), *percentiles("fan-out", "p50", "p99"), CPU, MEMORY, JOIN)
FLOOD = (LINES, CPU)
IDLE = (MEMORY, *percentiles("join", "p50", "p99"), LOGINS)
WHISPER = (*percentiles("whisper", "p50", "p99"), *percentiles("deliver", "p50", "p99"), CPU)
CHURN = (*percentiles("deliver", "p50", "p99"), *percentiles("fan-out", "p50", "p99"), JOIN, CPU)
SLOW = (
    Column("alone p50", "ms", ms("deliver", "p50", "without")),
    Column("alone p99", "ms", ms("deliver", "p99", "without")),
    Column("beside p50", "ms", ms("deliver", "p50", "with")),
    Column("beside p99", "ms", ms("deliver", "p99", "with")),
    Column("fan-out p50", "ms", ms("fan-out", "p50", "with")),
    CPU,
)
FAULTS = ("lost", "duplicated", "reordered", "echoed", "corrupt", "leaked", "forgotten")
