"""Ray over the nodes of a batch job: the programs that ``recipes/slurm/run_egca.sbatch`` starts by ``srun``.

    node.py       one node of the Ray cluster, on free ports
    server.py     one replica of the debugger's server, on a free port
    ready.py      waits until all of them answer, and names those that don't
    needs.py      the numbers of nodes and GPUs of a training command
    meeting.py    the folder for the nodes' addresses
    processes.py  ends all processes of a node

SLURM is used only for the node's name in the environment, so another scheduler can run the same programs.
"""
