"""Ray over the nodes of a batch job: what ``recipes/slurm/run_egca.sbatch`` runs on them by ``srun``.

    node.py       one node of the Ray cluster, on free ports
    server.py     one replica of the debugger's server, on a free port
    ready.py      waits until all of them are there, and names what is missing
    needs.py      how many nodes and GPUs a training command asks for
    meeting.py    the folder in which nodes leave their addresses
    processes.py  ends whatever a node has started

Nothing here knows SLURM beyond the node's name in its environment, so another scheduler can run the same programs.
"""
