# SPDX-License-Identifier: Apache-2.0
"""Who owns a client socket, looked up among our own descendants only."""
import os
import time


def children(pid):
    found = []
    try:
        for tid in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{tid}/children") as f:
                found += [int(p) for p in f.read().split()]
    except OSError:
        pass
    return found


def descendants(pid):
    found, todo = [], [pid]
    while todo:
        new = children(todo.pop())
        found += new
        todo += new
    return found


def sockets(port):
    """Links of the sockets at this port; an earlier one may still linger there, of nobody. IPv6 as
    well: Java's sockets are, to IPv4 addresses too."""
    rows = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table) as f:
            rows += [line.split() for line in f.readlines()[1:]]
    return {f"socket:[{r[9]}]" for r in rows if int(r[1].split(":")[1], 16) == port and r[9] != "0"}


def owner_of_port(port, root_pid):
    """The descendant of root_pid that opened the socket, or None. /proc promises no whole picture of a
    busy machine at one moment, so it is asked again."""
    for _ in range(20):
        owner = owner_now(port, root_pid)
        if owner:
            return owner
        time.sleep(0.02)
    return None


def owner_now(port, root_pid):
    held = sockets(port)
    for pid in descendants(root_pid):           # a parent before those that it forks, who hold it too
        try:
            fds = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        except OSError:
            continue
        if held.intersection(fds):
            return pid
    return None
