"""The layers that lock an untrusted program's process down, each used where the kernel offers it.

A worker's warm process (`zygote`) is confined once, and what it forks inherits all of it; a child then only gives up what
the warm process alone needs. Nothing here trusts the caller's environment, and nothing needs root or a compiler.

    layers.py        the layers by name, and what each one covers
    apply.py         confine the warm process, then each child
    namespaces.py    user, pid, ipc and network namespaces; a root of its own with a small file system in memory
    landlock.py      which files can be opened          seccomp.py       which system calls exist
    files.py         which files those are              remedies.py      what stands in a layer's way, and what helps
    capabilities.py  root without its powers            kernel.py        system calls that Python has no name for
"""
