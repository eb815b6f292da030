"""People: connections of the bench itself, beside those of the load testers."""
import socket
import threading
import time
from contextlib import ExitStack, contextmanager

# The lines that make a connection read the messages of wac-loadgen's users.
LOGINS = {
    "wac": "LIN stopped-{number}\r\n",
    "redis": "SUBSCRIBE b\r\n",
    "nats": 'CONNECT {{"verbose":false}}\r\nSUB b 1\r\n',
}


class Person:
    """Connects, reads in a thread of its own, and hands each whole line to `hear`."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.settimeout(None)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the server closed first
        self.thread.join()
        self.socket.close()

    def say(self, line):
        self.socket.sendall(line.encode() + b"\r\n")

    def _read(self):
        rest = b""
        try:
            while block := self.socket.recv(1 << 20):
                *lines, rest = (rest + block).split(b"\n")
                self.hear(lines)
        except OSError:
            pass  # the server has gone


class Observer(Person):
    """Counts the lines of one reader, and the notices among them."""
    lines = notices = 0

    def hear(self, lines):
        self.lines += len(lines)
        self.notices += sum(line.startswith(b"* ") for line in lines)


class Asker(Person):
    """Asks WHO at a rate, and counts the answers."""
    answers = 0

    def __init__(self, port, rate):
        super().__init__(port)
        self.over = threading.Event()
        self.asking = threading.Thread(target=self._ask, args=(rate,), daemon=True)
        self.asking.start()

    def __exit__(self, *error):
        self.over.set()
        super().__exit__(*error)
        self.asking.join()

    def hear(self, lines):
        self.answers += sum(line.startswith(b"* online (") for line in lines)

    def _ask(self, rate):
        began, asked = time.monotonic(), 0
        try:
            while not self.over.wait(max(0, began + asked / rate - time.monotonic())):
                self.say("WHO")
                asked += 1
        except OSError:
            pass  # the server has gone


@contextmanager
def stopped(protocol, port, count):
    """Logs in readers that never read while the body runs."""
    with ExitStack() as readers:
        for number in range(count):
            reader = readers.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            reader.sendall(LOGINS[protocol].format(number=number).encode())
        yield
