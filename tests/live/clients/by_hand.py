# SPDX-License-Identifier: Apache-2.0
"""TLS by hand, for the byte-exact tests: by_hand.py PORT CASE. The requests name the bundled
exchange given in TOLLTAP_TEST_ASK; every answer is read to its end."""
import ctypes
import importlib
import os
import select
import socket
import sys
import threading
import time

PORT, CASE = int(sys.argv[1]), sys.argv[2]
WAIT_S = float(os.environ.get("TOLLTAP_TEST_WAIT", "0.5"))     # for the probes of what is new
ASK = os.environ["TOLLTAP_TEST_ASK"]


def request(size=0):
    body = b'{"model":"gpt-4o","messages":[{"role":"user","content":"' + b"x" * size + b'"}]}'
    head = (f"POST /v1/chat/completions HTTP/1.1\r\nhost: api.openai.com\r\nx-exchange: {ASK}\r\n"
            f"content-length: {len(body)}\r\n\r\n").encode()
    return head + body


def dial(ssl, blocking=True):
    context = ssl.create_default_context()
    sock = socket.create_connection(("127.0.0.1", PORT), timeout=30)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    if not blocking:
        sock.setblocking(False)
        tls = context.wrap_socket(sock, server_hostname="localhost", do_handshake_on_connect=False)
        retry(ssl, tls, tls.do_handshake)
        return tls
    return context.wrap_socket(sock, server_hostname="localhost")


def retry(ssl, tls, call, *args):
    """WANT_READ and WANT_WRITE: the same call again, as OpenSSL asks."""
    while True:
        try:
            return call(*args)
        except ssl.SSLWantReadError:
            select.select([tls], [], [], 30)
        except ssl.SSLWantWriteError:
            select.select([], [tls], [], 30)


def read_answer(ssl, tls, step=16384):
    """One sized or chunked answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += retry(ssl, tls, tls.recv, step)
    head, _, body = data.partition(b"\r\n\r\n")
    fields = {k.strip().lower(): v.strip() for k, _, v in
              (line.partition(b":") for line in head.split(b"\r\n")[1:])}
    size = int(fields.get(b"content-length", 0))
    while (b"content-length" in fields and len(body) < size) or \
            (b"content-length" not in fields and not ended(body)):
        body += retry(ssl, tls, tls.recv, step)


def ended(body):
    at = body.rfind(b"\r\n0\r\n")
    return at >= 0 and body.endswith(b"\r\n\r\n") or body.startswith(b"0\r\n")


def plain(ssl):
    tls = dial(ssl)
    tls.sendall(request())
    read_answer(ssl, tls)
    tls.close()


def two_threads(ssl):
    """Who reads the answers of a connection is not who asks."""
    tls, asked, answered = dial(ssl), threading.Semaphore(0), threading.Semaphore(0)

    def read_all():
        for _ in range(3):
            asked.acquire()
            read_answer(ssl, tls)
            answered.release()

    reader = threading.Thread(target=read_all)
    reader.start()
    for _ in range(3):
        tls.sendall(request())
        asked.release()
        answered.acquire()
    reader.join()
    tls.close()


def partial_writes(ssl):
    """A small send buffer and a slow peer: SSL_write in pieces, WANT_WRITE in between."""
    tls = dial(ssl, blocking=False)
    data = request(600_000)
    while data:
        n = retry(ssl, tls, tls.send, data[:50_000])
        data = data[n:]
    read_answer(ssl, tls, step=777)
    tls.close()


def peek(ssl):
    """SSL_peek shows the same bytes twice; they must be seen once."""
    lib = ctypes.CDLL("libssl.so.3")
    lib.TLS_client_method.restype = ctypes.c_void_p
    lib.SSL_CTX_new.restype = lib.SSL_new.restype = ctypes.c_void_p
    context = ctypes.c_void_p(lib.SSL_CTX_new(ctypes.c_void_p(lib.TLS_client_method())))
    buf = ctypes.create_string_buffer(65536)
    for _ in range(3):      # SSL* memory is used again after SSL_free
        sock = socket.create_connection(("127.0.0.1", PORT), timeout=30)
        sock.settimeout(None)
        handle = ctypes.c_void_p(lib.SSL_new(context))
        lib.SSL_set_fd(handle, sock.fileno())
        assert lib.SSL_connect(handle) == 1
        data = request(1000)
        assert lib.SSL_write(handle, data, len(data)) == len(data)
        got = b""
        while not (b"\r\n\r\n" in got and finished(got)):
            assert lib.SSL_peek(handle, buf, 4096) > 0
            n = lib.SSL_read(handle, buf, 1000)
            assert n > 0
            got += buf.raw[:n]
        lib.SSL_shutdown(handle)
        lib.SSL_free(handle)
        sock.close()


def large(_):
    """One SSL_write of TOLLTAP_TEST_BYTES."""
    lib = ctypes.CDLL("libssl.so.3")
    lib.TLS_client_method.restype = ctypes.c_void_p
    lib.SSL_CTX_new.restype = lib.SSL_new.restype = ctypes.c_void_p
    context = ctypes.c_void_p(lib.SSL_CTX_new(ctypes.c_void_p(lib.TLS_client_method())))
    sock = socket.create_connection(("127.0.0.1", PORT), timeout=30)
    sock.settimeout(None)
    handle = ctypes.c_void_p(lib.SSL_new(context))
    lib.SSL_set_fd(handle, sock.fileno())
    assert lib.SSL_connect(handle) == 1
    data = request(int(os.environ["TOLLTAP_TEST_BYTES"]))
    assert lib.SSL_write(handle, data, len(data)) == len(data)
    buf, got = ctypes.create_string_buffer(65536), b""
    while not (b"\r\n\r\n" in got and finished(got)):
        n = lib.SSL_read(handle, buf, 65536)
        assert n > 0
        got += buf.raw[:n]
    time.sleep(0.4)
    lib.SSL_free(handle)


def steady(ssl):
    """Calls on one connection until standard input ends, a line for each."""
    tls = dial(ssl)
    while not select.select([sys.stdin], [], [], 0.1)[0]:
        tls.sendall(request())
        read_answer(ssl, tls)
        print("call", flush=True)
    print("over", flush=True)


def asked(ssl):
    """A call on one connection for each line of standard input."""
    tls = dial(ssl)
    while sys.stdin.readline():
        tls.sendall(request())
        read_answer(ssl, tls)
        print("call", flush=True)


def finished(got):
    head, _, body = got.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return ended(body)


def fork_after_handshake(ssl):
    """The child goes on with the parent's connection."""
    tls = dial(ssl)
    tls.sendall(request())
    read_answer(ssl, tls)
    pid = os.fork()
    if not pid:
        time.sleep(WAIT_S)
        tls.sendall(request())
        read_answer(ssl, tls)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    print(pid, flush=True)


def late_dlopen(_):
    """libssl is not mapped when the process starts; it comes a while later."""
    assert "libssl" not in open("/proc/self/maps").read()
    time.sleep(0.5)
    ssl = importlib.import_module("ssl")
    time.sleep(WAIT_S)
    plain(ssl)


def exec_another(_):
    """A child that execs another client."""
    done = os.spawnv(os.P_WAIT, sys.executable, [sys.executable, __file__, str(PORT), "plain"])
    assert done == 0


def main():
    late = CASE in ("late_dlopen", "exec_another", "large")
    ssl = None if late else importlib.import_module("ssl")
    globals()[CASE](ssl)


main()
