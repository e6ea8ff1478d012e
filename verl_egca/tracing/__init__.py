"""Traces of programs: candidate and reference run with the same probes, and their traces are compared.

instrument.py   rewrites a program's syntax tree with probes; its meaning stays
fingerprint.py  a value as a short key: equal keys exactly for values that ``==`` calls equal
child.py        runs an instrumented program inside the sandbox and writes its events
trace.py        reads the events back, in the trusted process
"""
