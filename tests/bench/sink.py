"""A fast mail server for the measurements: takes every login and mail, with or without STARTTLS, and keeps nothing.

`python -m tests.bench.sink [CERTIFICATE KEY]` prints its port and serves until it is ended.
"""

import contextlib
import socket
import ssl
import sys
import threading
from collections.abc import Iterator


def lines(connection: socket.socket) -> Iterator[bytes]:
    buffer = b""
    while chunk := connection.recv(65536):
        buffer += chunk
        *whole, buffer = buffer.split(b"\r\n")
        yield from whole


def serve(connection: socket.socket, context: ssl.SSLContext | None) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(b"220 sink ESMTP\r\n")
    encrypted = False
    offered = "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n"
    while True:
        data = False
        secure_next = False
        for line in lines(connection):
            word = line[:4].upper()
            if data:
                data = line != b"."
                if not data:
                    connection.sendall(b"250 2.0.0 Ok: queued as SINK\r\n")
            elif word == b"EHLO":
                last = "250 STARTTLS\r\n" if context and not encrypted else "250 AUTH PLAIN\r\n"
                connection.sendall((offered + last).encode())
            elif word == b"STAR" and context:
                connection.sendall(b"220 go ahead\r\n")
                secure_next = True
                break
            elif word == b"AUTH":
                connection.sendall(b"235 2.7.0 Ok\r\n" if line.count(b" ") > 1 else b"334 \r\n")
            elif word == b"DATA":
                data = True
                connection.sendall(b"354 go ahead\r\n")
            elif word == b"QUIT":
                connection.sendall(b"221 bye\r\n")
                return
            else:
                connection.sendall(b"250 2.0.0 Ok\r\n")
        if context is None or not secure_next:
            return
        connection = context.wrap_socket(connection, server_side=True)
        encrypted = True


def main() -> None:
    context = None
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()

    def one(connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ssl.SSLError), connection:
            serve(connection, context)

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=one, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
