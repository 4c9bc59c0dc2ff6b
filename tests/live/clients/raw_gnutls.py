# SPDX-License-Identifier: Apache-2.0
"""libcurl over GnuTLS through ctypes, as recorded: each job's body is sent verbatim.
raw_gnutls.py JOBS"""
import ctypes
import json
import os
import sys

URL, POSTFIELDS, HTTPHEADER, WRITEFUNCTION, CAINFO = 10002, 10015, 10023, 20011, 10065
POSTFIELDSIZE, HTTP_VERSION, HTTP_1_1 = 60, 84, 2
SINK = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t,
                        ctypes.c_void_p)


class List(ctypes.Structure):
    pass


def main():
    curl = ctypes.CDLL("libcurl-gnutls.so.4")
    curl.curl_easy_init.restype = ctypes.c_void_p
    curl.curl_slist_append.restype = ctypes.POINTER(List)
    curl.curl_slist_append.argtypes = [ctypes.POINTER(List), ctypes.c_char_p]
    easy = ctypes.c_void_p(curl.curl_easy_init())
    sizes = []
    sink = SINK(lambda data, size, n, arg: sizes.append(size * n) or size * n)

    def put(option, value):
        status = curl.curl_easy_setopt(easy, option, value)
        assert status == 0, (option, status)
    put(WRITEFUNCTION, sink)
    put(CAINFO, os.environb[b"SSL_CERT_FILE"])
    put(HTTP_VERSION, ctypes.c_long(HTTP_1_1))
    with open(sys.argv[1]) as f:
        jobs = json.load(f)
    for job in jobs:
        with open(job["body"], "rb") as f:
            body = f.read()
        headers = None
        for k, v in job["headers"].items():
            headers = curl.curl_slist_append(headers, f"{k}: {v}".encode())
        put(URL, job["url"].encode())
        put(HTTPHEADER, headers)
        put(POSTFIELDSIZE, ctypes.c_long(len(body)))
        put(POSTFIELDS, body)
        sizes.clear()
        status = curl.curl_easy_perform(easy)
        assert status == 0, status
        print(json.dumps({"ask": job["ask"], "bytes": sum(sizes)}), flush=True)
    curl.curl_easy_cleanup(easy)


main()
