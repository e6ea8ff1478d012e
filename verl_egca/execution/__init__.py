"""Runs of untrusted programs against trusted tests, and the verdict on each case. A program can waste its own budget and
nothing else:

Its process holds no test, no expected value and no verdict. Calls reach it as data and its answers come back as plain data
of exact types, which another process, the judge, compares; what isn't plain data equals no data of a test. So its output, exit code,
objects with an ``__eq__`` of their own and forged replies can't pass a test. rlimits, dropped capabilities, seccomp,
Landlock and namespaces keep it from files, sockets, processes and memory that are not its own, each where the kernel has
it (`confinement`; ``egca doctor`` says what holds on this machine). Its CPU time decides and not the clock, so that a busy
machine fails no honest program. Hash seed and ``random`` are fixed: a rerun repeats.

Not covered: side channels (time, caches), holes in the kernel itself, and programs that know the answers by heart. What one
program leaves behind in its own process its later cases see; where that may have failed one, the verdict says so.

    sandbox.py    the trainer's side: workers, queueing, replacement of what dies      worker.py   one of them
    judge.py      a worker's trusted process: keeps tests, runs cases, says verdicts
    kinds.py      the kinds of tests      assertions.py   those that are source      compare.py   what is equal
    cases.py, segments.py, deciding.py, unroll.py   tests split into cases
    sitting.py    the processes of one program      program.py   it in one of them      exchange.py   what crosses there
    process.py    the judge's end of a process: time, bytes, files      channel.py   questions and answers
    remote.py, raised.py, large.py   what stands for a program's objects, exceptions, and values that are too large
    zygote.py     the warm process that all are forked from      child.py   what runs in one      confinement/   its walls
    script.py     a program of standard input, run in its process as `python program.py` runs it      describe.py   its errors
    calling.py    calls into any other program, in its process      given.py   what it finds      list_nodes.py   lists as nodes
    start.py      starts a worker      warm_process.py   the judge's end of the zygote      ahead.py   calls sent ahead
    nodes.py             linked objects across the boundary      death.py   the end of a process
    limits.py     what a program may use      limit_names.py   what that is called, and how it is said that one was met
    watch.py, state.py, outcome.py, verdict.py
"""
