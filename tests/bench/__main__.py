"""All figures, in one run: `python -m tests.bench`."""

from tests.bench import bench_client, bench_discover, bench_imports, bench_load, bench_page, bench_publish, bench_xmlrpc
from tests.bench.timing import show

if __name__ == "__main__":
    for bench in (bench_discover, bench_page, bench_xmlrpc, bench_client, bench_publish, bench_imports, bench_load):
        show(bench.rows())
