"""The command that starts a debugger's server: one set of flags for SGLang and vLLM.

    python -m verl_egca.debugger.launch --engine sglang --model Qwen/Qwen2.5-Coder-7B-Instruct --memory 0.25 --gpu 7

becomes that server, like ``egca debugger serve``; ``--print`` prints the command instead, ``-- FLAG ...`` adds the
engine's flags. Both servers speak OpenAI's protocol, cache common prefixes, and answer under a JSON schema by default;
the report of cached tokens needs a flag. tests/servers checks these flags with the releases of
scripts/requirements-gpu.txt.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from importlib.util import find_spec

ENGINES = ("sglang", "vllm")
_FOR_THE_SHELL = ("$HOST", "$PORT")  # set by `verl_egca.cluster.server`


def server_command(
    engine: str,
    model: str,
    *,
    port: int | str,
    memory: float,
    host: str = "127.0.0.1",
    tensor_parallel: int = 1,
    context_length: int = 16384,
    extra: Sequence[str] = (),
) -> list[str]:
    """The argument vector that serves ``model`` with ``engine`` in this interpreter's environment.

    ``memory`` is a share of each GPU: SGLang's of the free memory at its start, for weights and KV cache; vLLM's of the
    whole GPU, for everything. ``context_length`` is in tokens, prompt and answer together. ``extra`` are flags of the
    engine, which it reads last. Host and port may be $HOST and $PORT in a printed command.

    Raises:
        ValueError: an unknown engine, or a number out of range.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine {engine!r}: choose one of {', '.join(ENGINES)}")
    if not 0 < memory < 1:
        raise ValueError(f"memory {memory}: a share of a GPU's memory lies between 0 and 1")
    if port not in _FOR_THE_SHELL and not (isinstance(port, int) and 0 < port < 65536):
        raise ValueError(f"port {port}: choose one between 1 and 65535")
    if tensor_parallel < 1 or context_length < 1:
        raise ValueError(f"tensor parallelism {tensor_parallel} and context length {context_length} start at 1")
    address = ["--host", host, "--port", str(port)]
    if engine == "sglang":
        return [
            *(sys.executable, "-m", "sglang.launch_server", "--model-path", model, *address),
            *("--tp-size", str(tensor_parallel)),
            *("--mem-fraction-static", str(memory)),
            *("--context-length", str(context_length)),
            "--enable-cache-report",
            *extra,
        ]
    return [
        *(sys.executable, "-m", "vllm.entrypoints.cli.main", "serve", model, *address),
        *("--tensor-parallel-size", str(tensor_parallel)),
        *("--gpu-memory-utilization", str(memory)),
        *("--max-model-len", str(context_length)),
        "--enable-prompt-tokens-details",
        *extra,
    ]


def main(arguments: Sequence[str] | None = None, program: str = "python -m verl_egca.debugger.launch") -> int:
    """Print the command, or become the server; status 2 with a message on standard error for wrong arguments."""
    parser = _parser(program)
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    own, extra = arguments, []
    if "--" in arguments:
        own, extra = arguments[: arguments.index("--")], arguments[arguments.index("--") + 1 :]
    chosen = parser.parse_args(own)
    gpus = [gpu for gpu in chosen.gpu.split(",") if gpu]
    devices = {"CUDA_VISIBLE_DEVICES": ",".join(gpus)} if gpus else {}
    if gpus and len(gpus) != chosen.tensor_parallel:
        parser.error(f"--gpu {chosen.gpu} names {len(gpus)}, but --tensor-parallel is {chosen.tensor_parallel}")
    try:
        command = server_command(
            chosen.engine,
            chosen.model,
            port=chosen.port,
            memory=chosen.memory,
            host=chosen.host,
            tensor_parallel=chosen.tensor_parallel,
            context_length=chosen.context_length,
            extra=extra,
        )
    except ValueError as error:
        parser.error(str(error))
    if chosen.print:
        words = (word if word in _FOR_THE_SHELL else shlex.quote(word) for word in command)
        print(*(f"{name}={value}" for name, value in devices.items()), *words)
        return 0
    if find_spec(chosen.engine) is None:
        parser.error(
            f"{chosen.engine} is not installed for {sys.executable}; "
            f"ROLLOUT={chosen.engine} bash scripts/setup_gpu.sh installs it"
        )
    sys.stdout.flush()
    return os.execve(command[0], command, {**os.environ, **devices})


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Start the debugger's server. Flags of the engine follow after --.",
    )
    parser.add_argument("--engine", choices=ENGINES, default="sglang")
    parser.add_argument("--model", required=True, help="a Hugging Face model, folder or name")
    parser.add_argument("--memory", type=float, default=0.8, help="share of a GPU's memory (default: 0.8)")
    parser.add_argument("--gpu", default="", help="GPUs, as in 7 or 6,7 (default: the visible ones)")
    parser.add_argument("--tensor-parallel", type=int, default=1, help="GPUs that hold the model together")
    parser.add_argument("--context-length", type=int, default=16384, help="tokens of prompt and answer together")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for other nodes")
    parser.add_argument("--port", type=_port, default=30000)
    parser.add_argument(
        "--print", action="store_true", help="print the command; its --host and --port may be $HOST and $PORT"
    )
    return parser


def _port(text: str) -> int | str:
    return text if text in _FOR_THE_SHELL else int(text)


if __name__ == "__main__":
    sys.exit(main())
