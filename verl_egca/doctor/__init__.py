"""``egca doctor``: a check of this machine and of the sandbox's confinement on it.

machine.py       kernel, user, container            confinement.py   a sandbox worker, started
versions.py      packages against their ranges      services.py      Ray, GPUs, the debugger
examination.py   all results: exit code and faults
show.py          the output
"""
