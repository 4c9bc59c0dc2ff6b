# SPDX-License-Identifier: Apache-2.0
"""Connections one after the other, with any requests on each: mixed.py JOBS"""
import http.client
import json
import ssl
import sys
import time
import urllib.parse


def run_lane(jobs):
    url = urllib.parse.urlsplit(jobs[0]["url"])
    connection = http.client.HTTPSConnection(url.hostname, url.port, timeout=60,
                                             context=ssl.create_default_context())
    for job in jobs:
        path = urllib.parse.urlsplit(job["url"]).path
        time.sleep(job.get("rest_s", 0))
        connection.request(job["method"], path, job["body"], job["headers"])
        connection.getresponse().read()
    connection.close()


with open(sys.argv[1]) as f:
    for lane in json.load(f):
        run_lane(lane)
