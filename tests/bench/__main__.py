"""All figures, in one run: `python -m tests.bench`. It ends with 1 where one misses its bound."""

import sys

from tests.bench import (
    bench_built,
    bench_chain,
    bench_client,
    bench_cpu,
    bench_crowd,
    bench_discover,
    bench_growth,
    bench_imports,
    bench_load,
    bench_mention,
    bench_page,
    bench_publish,
    bench_reads,
    bench_store,
    bench_workers,
    bench_xmlrpc,
)
from tests.bench.timing import judge, show

BENCHES = (
    bench_discover,
    bench_page,
    bench_mention,
    bench_cpu,
    bench_chain,
    bench_xmlrpc,
    bench_client,
    bench_publish,
    bench_built,
    bench_reads,
    bench_store,
    bench_growth,
    bench_imports,
    bench_load,
    bench_crowd,
    bench_workers,
)

if __name__ == "__main__":
    missed = []
    for bench in BENCHES:
        missed += show(bench.rows())
    sys.stdout.write("beside Pushl, which it installs: python -m tests.bench.bench_publish --beside-pushl\n")
    sys.stdout.flush()
    judge(missed)
