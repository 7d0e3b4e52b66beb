"""`make bench`."""

from benchmarks import rpc

rpc.main()
