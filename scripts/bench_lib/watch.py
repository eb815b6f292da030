"""Watch over a process and its sockets, by the system's figures, during a run."""
import os
import threading
import time
from contextlib import contextmanager
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
# Connections that only probed the server, which may be counted before and not afterwards.
LOOKS = 4


def open_files(pid):
    """Returns the number of open files of a process: its connections, and a few more."""
    folder = f"/proc/{pid}/fd"
    # The number of open files since Linux 6.2, 0 before.
    return os.stat(folder).st_size or len(os.listdir(folder))


def resident_bytes(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES


def tcp_bytes():
    """Returns the bytes in the buffers of all TCP sockets of this machine, both ends of loopback connections included."""
    line = next(line for line in Path("/proc/net/sockstat").read_text().splitlines() if line.startswith("TCP:"))
    return int(line.split()[-1]) * PAGE_BYTES


def listen_overflows():
    """Returns the connections since boot that found a listener's queue full: nstat's TcpExtListenOverflows."""
    names, values = [line.split() for line in Path("/proc/net/netstat").read_text().splitlines() if line.startswith("TcpExt:")]
    return int(dict(zip(names, values))["ListenOverflows"])


def wait_for_connections(pid, count, before, patience):
    """Waits until a process has nearly the expected connections beyond `before`; tells whether it got there."""
    until = time.monotonic() + patience
    while open_files(pid) < before + count - LOOKS:
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


@contextmanager
def every(seconds, look):
    """Samples repeatedly, in a thread, while the body runs; yields the list of samples."""
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
    """Yields a function that returns, afterwards, the time from the first user's connection to nearly the last
    one's."""
    before = open_files(pid)
    with every(0.005, lambda: (time.monotonic(), open_files(pid) - before)) as seen:
        def seconds():
            first = next((at for at, count in seen if count > LOOKS), None)
            last = next((at for at, count in seen if count >= users - LOOKS), None)
            return None if last is None else last - first
        yield seconds
