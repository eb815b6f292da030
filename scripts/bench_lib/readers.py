"""Readers: the links that keep up beside strangers that send as much as they may."""
import selectors
import socket
import threading
import time
from contextlib import contextmanager

from . import servers
from .record import figure
from .runs import fresh, say

LINKS = (32, 64, 96, 128, 192, 256, 375, 500)  # KiB a second
ADDRESSES = (1, 16)
CONNECTIONS = 64  # of an address: --max-per-ip
FLAGS = ("--trusted", "none", "--connect-rate", "0")  # no limit on new connections
LINE = b"MSG " + b"x" * 4000 + b"\n"
# A link is a reader that takes a chunk at a time, and the kernel buffers little more for it (it doubles the requested size). Smaller
# chunks would not do: while the receive window is smaller than the sender's next segment, the sender's kernel counts the reader as
# one that takes nothing, and closes it after 30 s (TCP_USER_TIMEOUT): TimedOut, not TooSlow.
CHUNK_BYTES = 96 * 1024
RECEIVE_BYTES = 128 * 1024
TICK_SECONDS = 0.02
PASS_SECONDS = 0.05


class Readers:
    name = "readers"
    about = f"links of {LINKS[0]} to {LINKS[-1]} KiB a second beside {CONNECTIONS} connections of an address that send as much as they may"
    rounds = 1
    seconds = 40

    def measure(self, bench):
        seconds = bench.seconds_of(self)
        rows = []
        for addresses in ADDRESSES:
            say(f"{self.name}: {addresses} x {CONNECTIONS} connections talk")
            try:
                rows.append((f"{addresses} x {CONNECTIONS}", cells(one_run(bench.tools, addresses, seconds))))
            except servers.Failed as failure:
                bench.record.line(f"    {addresses} x {CONNECTIONS} failed: {failure}")
        columns = [("room", "KiB/s"), *((f"{link}", "KiB/s") for link in LINKS)]
        bench.record.grid(f"{self.name}: {self.about}, {seconds} s, default flags except {' '.join(FLAGS)}; the rate of the room, "
                          "and the seconds until each link was closed", columns, rows)


def one_run(tools, addresses, seconds):
    """Returns the rate of the room, and the seconds until each link was closed, or None."""
    with fresh(among_strangers(tools)) as (port, _pid):
        watcher = Link(port, None)
        links = [Link(port, rate * 1024) for rate in LINKS]
        began = time.monotonic()
        with talking(port, [f"127.0.0.{2 + number}" for number in range(addresses)]):
            time.sleep(seconds)
            taken = watcher.taken / (time.monotonic() - began)
            closed = [link.closed and link.closed - began for link in links]
        for link in (watcher, *links):
            link.end()
        return taken, closed


def among_strangers(tools):
    """Starts the server with its defaults, but with loopback not trusted."""
    def command(port, _folder):
        return [tools / "wacd", "--listen", f"127.0.0.1:{port}", "--log-level", "warn", *FLAGS]
    return servers.Server("wacd", "wac", str(tools / "wacd"), command, "default flags")


def cells(told):
    taken, closed = told
    return [figure(taken / 1024), *("stays" if after is None else f"{after:.0f} s" for after in closed)]


class Link:
    """A reader that takes bytes at a rate, or (None) as fast as they come, in a thread of its own."""

    def __init__(self, port, rate):
        self.rate, self.taken, self.closed, self.over = rate, 0, None, threading.Event()
        self.socket = socket.socket()
        if rate:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(TICK_SECONDS)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def end(self):
        self.over.set()
        self.thread.join()
        self.socket.close()

    def _read(self):
        began = time.monotonic()
        try:
            while not self.over.is_set():
                free = self._free(time.monotonic() - began)
                if free < CHUNK_BYTES:
                    time.sleep(TICK_SECONDS)
                    continue
                try:
                    block = self.socket.recv(min(free, 1 << 20))
                except TimeoutError:
                    # A link does not make up for idle time.
                    began = time.monotonic() - self.taken / self.rate if self.rate else began
                    continue
                self.taken += len(block)
                if not block:
                    break
        except OSError:
            pass  # the server closed it, with or without a notice
        if not self.over.is_set():
            self.closed = time.monotonic()

    def _free(self, elapsed):
        return int(self.rate * elapsed) - self.taken if self.rate else 1 << 20


@contextmanager
def talking(port, addresses):
    """Opens connections from these addresses that send as much as they may, and read everything, while the body runs."""
    people = [talker(port, address, f"{place}-{number}") for place, address in enumerate(addresses) for number in range(CONNECTIONS)]
    over = threading.Event()
    thread = threading.Thread(target=talk, args=(people, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for person in people:
            person.close()


def talker(port, address, name):
    person = socket.create_connection(("127.0.0.1", port), 10, source_address=(address, 0))
    person.sendall(f"LIN t{name}\n".encode())
    person.setblocking(False)
    return person


def talk(people, over):
    """Keeps each socket full, in passes, so that each read returns much."""
    buffer = bytearray(1 << 18)
    with selectors.DefaultSelector() as selector:
        for person in people:
            selector.register(person, selectors.EVENT_READ | selectors.EVENT_WRITE, Talk())
        while selector.get_map() and not over.wait(PASS_SECONDS):
            for key, ready in selector.select(0):
                try:
                    if ready & selectors.EVENT_WRITE:
                        key.data.say(key.fileobj)
                    if ready & selectors.EVENT_READ and not key.fileobj.recv_into(buffer):
                        selector.unregister(key.fileobj)
                except BlockingIOError:
                    pass
                except OSError:
                    selector.unregister(key.fileobj)


class Talk:
    """Sends the same line again and again, cut wherever the socket is full."""
    rest = b""

    def say(self, person):
        self.rest = self.rest or LINE
        self.rest = self.rest[person.send(self.rest):]
