# SPDX-License-Identifier: Apache-2.0
"""HTTP libraries whose wheels bring a TLS library of their own, as recorded: each job's body is sent
verbatim. raw_stacks.py JOBS LIBRARY[,LIBRARY...] [thread]: pycurl, pyopenssl, curl_cffi, httpr, urllib,
which take turns where they are several."""
import io
import itertools
import json
import os
import sys
import threading
import time

CA = os.environ["SSL_CERT_FILE"]


def pycurl_post():
    """libcurl over the wheel's own libssl, whose file name has a hash in it."""
    import pycurl
    easy = pycurl.Curl()

    def post(url, body, headers):
        answer = io.BytesIO()
        easy.setopt(pycurl.URL, url)
        easy.setopt(pycurl.CAINFO, CA)
        easy.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        easy.setopt(pycurl.HTTPHEADER, [f"{k}: {v}" for k, v in headers.items()])
        easy.setopt(pycurl.POSTFIELDS, body)
        easy.setopt(pycurl.WRITEDATA, answer)
        easy.perform()
        return len(answer.getvalue())
    return post


def pyopenssl_post():
    """OpenSSL 4 inside of cryptography's own extension, by local symbols."""
    import urllib3
    import urllib3.contrib.pyopenssl
    urllib3.contrib.pyopenssl.inject_into_urllib3()
    pool = urllib3.PoolManager(ca_certs=CA)
    return lambda url, body, headers: len(pool.request("POST", url, body=body,
                                                       headers=headers).data)


def curl_cffi_post():
    """BoringSSL inside of an extension that kept its symbols."""
    from curl_cffi import CurlHttpVersion, requests
    session = requests.Session(verify=CA, http_version=CurlHttpVersion.V1_1)
    return lambda url, body, headers: len(session.post(url, data=body, headers=headers).content)


def httpr_post():
    """rustls and ring, stripped."""
    import httpr
    client = httpr.Client(ca_cert_file=CA, timeout=60)
    return lambda url, body, headers: len(client.post(url, content=body, headers=headers).content)


def urllib_post():
    """The system's libssl."""
    import ssl
    import urllib.error
    import urllib.request
    context = ssl.create_default_context(cafile=CA)

    def post(url, body, headers):
        request = urllib.request.Request(url, body, headers)
        try:
            return len(urllib.request.urlopen(request, context=context).read())
        except urllib.error.HTTPError as e:
            return len(e.read())
    return post


LIBRARIES = {"pycurl": pycurl_post, "pyopenssl": pyopenssl_post, "curl_cffi": curl_cffi_post,
             "httpr": httpr_post, "urllib": urllib_post}


def main():
    posts = itertools.cycle([LIBRARIES[name]() for name in sys.argv[2].split(",")])
    with open(sys.argv[1]) as f:
        jobs = json.load(f)
    # the library is mapped only now; it gets its probes in the next moment
    time.sleep(float(os.environ.get("TOLLTAP_TEST_WAIT", "1")))

    def ask(job):
        with open(job["body"], "rb") as f:
            body = f.read()
        size = next(posts)(job["url"], body, job["headers"])
        print(json.dumps({"ask": job["ask"], "bytes": size}), flush=True)
    for job in jobs:
        if sys.argv[3:] == ["thread"]:
            # another thread per call: who reads is not who wrote first
            thread = threading.Thread(target=ask, args=(job,))
            thread.start()
            thread.join()
        else:
            ask(job)


main()
