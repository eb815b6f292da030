"""What the system tells of a process and of its sockets while a run goes on."""
import os
import threading
import time
from contextlib import contextmanager
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
# Connections that only looked whether the server is there, and that it may count before and no more after.
LOOKS = 4


def open_files(pid):
    """How many files a process has open: its connections, and a few more."""
    folder = f"/proc/{pid}/fd"
    # The number since Linux 6.2, 0 before.
    return os.stat(folder).st_size or len(os.listdir(folder))


def resident_bytes(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES


def tcp_bytes():
    """Bytes in the buffers of all TCP sockets of this machine, both ends of what is on loopback."""
    line = next(line for line in Path("/proc/net/sockstat").read_text().splitlines() if line.startswith("TCP:"))
    return int(line.split()[-1]) * PAGE_BYTES


def listen_overflows():
    """Connections that found the queue of a listener full, since the machine started: nstat's TcpExtListenOverflows."""
    names, values = [line.split() for line in Path("/proc/net/netstat").read_text().splitlines() if line.startswith("TcpExt:")]
    return int(dict(zip(names, values))["ListenOverflows"])


def wait_for_connections(pid, count, before, patience):
    """Waits until a process has so many connections more than `before`, but for a few; tells whether it came to that."""
    until = time.monotonic() + patience
    while open_files(pid) < before + count - LOOKS:
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
    """Gives a function that tells, afterwards, how long it took from the first user's connection to the last one's, but
    for a few."""
    before = open_files(pid)
    with every(0.005, lambda: (time.monotonic(), open_files(pid) - before)) as seen:
        def seconds():
            first = next((at for at, count in seen if count > LOOKS), None)
            last = next((at for at, count in seen if count >= users - LOOKS), None)
            return None if last is None else last - first
        yield seconds
