"""What is told of a run: a figure, its heading, and where it stands in wac-loadgen's result."""
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Column:
    """A figure of a run; `value` gives none where it is not known."""
    title: str
    unit: str
    value: Callable[[dict], float]


def ms(word, figure, stage=None):
    """A percentile of a word, of the whole run or of one of its stages."""
    def value(run):
        figures = run["latency_ns"] if stage is None else of_stage(run, stage)
        nanos = (figures or {}).get(word, {}).get(figure)
        return None if nanos is None else nanos / 1e6
    return value


def of_stage(run, name):
    found = [stage["latency_ns"] for stage in run["stages"] if stage["name"] == name]
    return found[0] if found else None


def used(field, scale):
    def value(run):
        amount = (run["server_use"] or {}).get(field)
        return None if amount is None else amount / scale
    return value


CPU = Column("CPU", "µs", used("cpu_ns_per_delivery", 1e3))
MEMORY = Column("memory", "KiB", used("bytes_per_connection", 1024))
JOIN = Column("join p99", "ms", ms("join", "p99"))


def spread(word, *percentiles):
    return tuple(Column(f"{word} {p}", "ms", ms(word, p)) for p in percentiles)


TOWN = (*spread("deliver", "p50", "p99"), *spread("fan-out", "p50", "p99"), CPU, MEMORY, JOIN)
IDLE = (MEMORY, *spread("join", "p50", "p99"))
WHISPER = (*spread("whisper", "p50", "p99"), *spread("deliver", "p50", "p99"), CPU)
CHURN = (*spread("deliver", "p50", "p99"), *spread("fan-out", "p50", "p99"), JOIN, CPU)
SLOW = (
    Column("alone p50", "ms", ms("deliver", "p50", "without")),
    Column("alone p99", "ms", ms("deliver", "p99", "without")),
    Column("beside p50", "ms", ms("deliver", "p50", "with")),
    Column("beside p99", "ms", ms("deliver", "p99", "with")),
    Column("fan-out p50", "ms", ms("fan-out", "p50", "with")),
    CPU,
)
FAULTS = ("lost", "doubled", "swapped", "echoed", "corrupt", "leaked")
