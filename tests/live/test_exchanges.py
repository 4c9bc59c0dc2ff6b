# SPDX-License-Identifier: Apache-2.0
""">= 200 seeded-random recorded exchanges through real clients, each its own process."""
import collections
import random

import pytest

import conftest
import drive
import truth

PER_CLIENT, TOTAL_MIN = 18, 200
# These reach the server by its loopback address and are recognised by shape; the others ask for
# the provider's own name.
BY_ADDRESS = {"openai python async", "anthropic python async", "openai node", "aiohttp"}
done = collections.Counter()


@pytest.fixture(scope="session")
def shares(recorded):
    """A client's exchanges. With enough of them, no two clients replay the same."""
    rng, left, out = random.Random(conftest.SEED), list(recorded), {}
    rng.shuffle(left)
    for client in drive.ALL:
        mine = [r for r in left if client.takes(r)][:PER_CLIENT]
        if len(recorded) > PER_CLIENT * len(drive.ALL):
            left = [r for r in left if r not in mine]
        else:
            mine = [mine[n % len(mine)] for n in range(PER_CLIENT)]
        out[client.name] = mine
    return out


@pytest.mark.parametrize("client", drive.ALL, ids=lambda c: c.name)
def test_client(client, shares, tls, book, home, tmp_path):
    base = tls.url if client.name in BY_ADDRESS else None
    command = drive.write_jobs(client, shares[client.name], tmp_path, base)
    env = drive.environment(tls, home, base)
    outcome = drive.run(command, env, tmp_path, prefix=() if base else tls.named)
    assert outcome.status == 0, outcome.stderr
    assert len(tls.calls) == len(shares[client.name])
    truth.none(truth.check_in_order(outcome.records, tls.calls, book), outcome)
    if not client.is_raw:
        truth.none(truth.check_sdk(outcome.stdout, tls.calls))
    prompts = [f"exchange:{r.id}" for r in shares[client.name]]
    truth.none(truth.leaks(tmp_path, [outcome.stderr], prompts))
    done[client.name] = len(outcome.records)


def test_table(shares, capsys):
    """All of them together, shown."""
    with capsys.disabled():
        print("\n\n  calls  client")
        for name, n in done.items():
            print(f"  {n:5}  {name}")
        print(f"  {sum(done.values()):5}  exact to the token and the last digit, seed "
              f"{conftest.SEED}")
    assert sum(done.values()) >= TOTAL_MIN
    assert set(done) == {c.name for c in drive.ALL}
