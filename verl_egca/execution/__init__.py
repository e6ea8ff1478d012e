"""Runs of untrusted programs against trusted tests, and the verdict on each test.

What is promised: a program runs in a process of its own, which holds no test, no expected value and no verdict; calls
reach it as data and its answers come back as data, compared in another process (the judge). Its output, its exit code,
objects with an ``__eq__`` of their own and forged replies therefore can't pass a test. CPU time, memory, file size and
open files are limited, sleepers are ended, and whatever processes it starts end with it.

What is not covered yet: the files, sockets and processes of the user that runs the trainer are within a program's reach.
System-call filters, Landlock and namespaces belong into `zygote.confine`, the one place where a child is locked down.

    sandbox.py   the trainer's side: workers, queueing, replacement of what dies
    judge.py     one worker: holds the tests, runs the cases, says the verdicts
    program.py   the judge's end of one program's process
    zygote.py    the warm process that every program is forked from, and what runs in the fork
    cases.py     tests split into cases         compare.py   what counts as equal
    codec.py     values across the boundary     limits.py, verdict.py
"""
