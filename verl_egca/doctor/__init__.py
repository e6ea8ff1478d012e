"""``egca doctor``: what this machine offers, what the sandbox therefore covers, and what it does not.

machine.py       kernel, user, container            confinement.py   a worker that is really started
versions.py      packages against their ranges      services.py      Ray, GPUs, the debugger
examination.py   all of it, judged: exit code, and what is to be fixed
show.py          in words and tables
"""
