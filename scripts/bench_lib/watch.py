"""What the system tells of a process and of its sockets while a run goes on."""
import os
import threading
import time
from contextlib import contextmanager
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def open_files(pid):
    """How many files a process has open: its connections, and a few more."""
    folder = f"/proc/{pid}/fd"
    # The number since Linux 6.2, 0 before.
    return os.stat(folder).st_size or len(os.listdir(folder))


def resident_bytes(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES


def tcp():
    """Sockets in use, and bytes in the buffers of all TCP sockets of this machine."""
    line = next(line for line in Path("/proc/net/sockstat").read_text().splitlines() if line.startswith("TCP:"))
    words = line.split()[1:]
    told = dict(zip(words[::2], map(int, words[1::2])))
    return told["inuse"], told["mem"] * PAGE_BYTES


def listen_overflows():
    """Connections that found the queue of a listener full, since the machine started: nstat's TcpExtListenOverflows."""
    names, values = [line.split() for line in Path("/proc/net/netstat").read_text().splitlines() if line.startswith("TcpExt:")]
    return int(dict(zip(names, values))["ListenOverflows"])


def wait_for_connections(pid, count, before, patience):
    """Waits until a process has so many more files open than `before`; tells whether it came to that."""
    until = time.monotonic() + patience
    while open_files(pid) < before + count:
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


@contextmanager
def every(seconds, look):
    """Looks again and again, in a thread, while the body runs; gives the list that what was seen is put into."""
    seen, over = [], threading.Event()

    def looks():
        try:
            while not over.wait(seconds):
                seen.append(look())
        except OSError:
            pass  # the process has ended

    thread = threading.Thread(target=looks, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


@contextmanager
def logins(pid, users):
    """Gives a function that tells, afterwards, how long it took from the first user's connection to the last one's."""
    before = open_files(pid)
    # One connection is the load tester's look at the greeting.
    with every(0.005, lambda: (time.monotonic(), open_files(pid) - before)) as seen:
        def seconds():
            first = next((at for at, count in seen if count > 1), None)
            last = next((at for at, count in seen if count >= users), None)
            return None if last is None else last - first
        yield seconds
