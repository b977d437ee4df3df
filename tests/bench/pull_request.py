"""One pull request from command start to posted review: seconds, calls, tokens, price, memory.

    GITHUB_API_URL=... GITHUB_TOKEN=... ANTHROPIC_BASE_URL=... ANTHROPIC_API_KEY=... \\
        python -m tests.bench.pull_request OWNER/REPO#N [--rounds 1] [--stats URL] [--runs 3] \\
            [--reset URL ...]

Reads the figures from the JSON document of the review. `--stats` is an address that answers with
`{"calls": N}` for GitHub's side, where the stand-in has one; `--reset` addresses get an empty POST
before each run, so that the pull request is unreviewed again.
Goals (model 5 s a call, first token after 1.5 s, 50 ms a GitHub call, 11 files, 589 lines, without
the verifying round): 10 s, 8 GitHub calls, 60 % of prompt tokens from the cache, 0.06 USD, 200 MiB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sysconfig
import tempfile
import time
import urllib.request
from pathlib import Path


def main() -> None:
    """Review it `--runs` times and print a line each, then once more without a reset."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pull")
    parser.add_argument("--rounds", default="1")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--stats")
    parser.add_argument("--reset", action="append", default=[])
    options = parser.parse_args()
    for _ in range(options.runs):
        for url in options.reset:
            answer(url, b"{}")
        print(one(options.pull, options.rounds, options.stats))
    print("again, nothing changed:", one(options.pull, options.rounds, options.stats))


def one(pull: str, rounds: str, stats: str | None) -> str:
    """One run, as a line of figures."""
    program = str(Path(sysconfig.get_path("scripts")) / "triptych")
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [program, "review", pull, "--post", "--rounds", rounds]
        start = time.perf_counter()
        done = subprocess.run(
            [*command, "--format", "json", "--output", out.name],
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - start
        text = Path(out.name).read_text(encoding="utf-8")
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    line = f"{seconds:.2f} s, exit {done.returncode}, {memory:.0f} MiB"
    if stats:
        line += f", {json.loads(answer(stats))['calls']} GitHub calls"
    if text:
        document = json.loads(text)
        usage = document["usage"]
        prompt = usage["uncached"] + usage["written"] + usage["read"]
        share = 100 * usage["read"] / prompt if prompt else 0.0
        line += f", {len(document['calls'])} calls, {share:.0f} % of {prompt} prompt tokens from"
        line += f" the cache, {document['cost_usd']:.4f} USD, {document['outcome']}"
    return f"{line}; {done.stderr.strip().splitlines()[-1]}"


def answer(url: str, data: bytes | None = None) -> bytes:
    """What an address of the stand-ins answers."""
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, data, headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        body: bytes = response.read()
    return body


if __name__ == "__main__":
    main()
