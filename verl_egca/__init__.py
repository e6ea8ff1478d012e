"""EGCA: execution-grounded credit assignment for RL on code, as a plugin for verl.

Everything outside ``training/`` and ``cpu/`` works without verl, Ray or a GPU.
"""

__version__ = "0.1.0"
