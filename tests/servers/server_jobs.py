"""Run by the interpreter of .venv-servers: what the pinned servers make of arguments, as JSON lines.

    python server_jobs.py ENGINE < jobs > results

A job is a JSON line: {"rollout": FILE}, the resolved config of a recipe, for which verl's own rollout server is made and
launched up to the point where the server's processes would start; or {"command": ARGV} for the server's own parser. A
result is {"accepted": SETTINGS} or {"refused": MESSAGE}.
"""

import asyncio
import contextlib
import dataclasses
import io
import json
import os
import sys
from types import SimpleNamespace

import gpu_only


class Launched(Exception):
    """Carries the arguments with which the server's processes would have been started."""


def main(engine):
    results, sys.stdout = sys.stdout, sys.stderr  # the servers print
    gpu_only.stand_in()
    jobs = {"sglang": SGLang, "vllm": VLLM}[engine]()
    for line in sys.stdin:
        job = json.loads(line)
        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said):
                accepted = jobs.rollout(job["rollout"]) if "rollout" in job else jobs.command(job["command"])
            result = {"accepted": accepted}
        except SystemExit:  # argparse, having said why
            result = {"refused": said.getvalue()}
        except Exception as error:
            result = {"refused": f"{type(error).__name__}: {error}"}
        print(json.dumps(result, default=str), file=results, flush=True)


def recipe(path):
    from omegaconf import OmegaConf

    return OmegaConf.load(path).actor_rollout_ref


class SGLang:
    def __init__(self):
        import sglang.srt.server_args

        self.arguments = sglang.srt.server_args
        a100 = {  # it fits its defaults to the GPU that it finds
            "get_device": lambda *_: "cuda",
            "get_device_memory_capacity": lambda *_: 80 * 1024,  # MiB
            "get_device_sm": lambda: 80,
            "is_cuda": lambda: True,
        }
        for name, answer in a100.items():
            assert hasattr(self.arguments, name), name
            setattr(self.arguments, name, answer)

    def command(self, argv):
        assert argv[1:3] == ["-m", "sglang.launch_server"], argv
        return dataclasses.asdict(self.arguments.prepare_server_args(argv[3:]))

    def rollout(self, path):
        from sglang.srt.entrypoints.http_server import Engine
        from verl.workers.rollout.replica import RolloutMode
        from verl.workers.rollout.sglang_rollout.async_sglang_server import SGLangHttpServer

        def launched(*, server_args, **_):
            raise Launched(server_args)

        Engine._launch_subprocesses = launched
        config = recipe(path)
        server = SGLangHttpServer(config.rollout, config.model, RolloutMode.HYBRID, [], 0, 0, 1, "0", 0)
        try:
            asyncio.run(server.launch_server())
        except Launched as ended:
            return dataclasses.asdict(ended.args[0])
        raise AssertionError("verl did not start the server's processes")


class VLLM:
    def __init__(self):
        import vllm.platforms

        vllm.platforms.current_platform.device_type = "cuda"  # there is none, and the parser's defaults want one
        import vllm.entrypoints.cli.serve as serve
        from vllm.utils.argparse_utils import FlexibleArgumentParser

        parser = FlexibleArgumentParser()
        subparsers = parser.add_subparsers(dest="subparser")
        self.serve = serve.cmd_init()[0]
        self.serve.subparser_init(subparsers)
        self.parser = parser

    def command(self, argv):
        assert argv[1:3] == ["-m", "vllm.entrypoints.cli.main"], argv
        arguments = self.parser.parse_args(argv[3:])
        arguments.model = arguments.model_tag or arguments.model  # as its own cmd does
        self.serve.validate(arguments)
        return self.engine_arguments(arguments)

    def rollout(self, path):
        import ray
        from verl.workers.rollout.replica import RolloutMode
        from verl.workers.rollout.vllm_rollout.vllm_async_server import vLLMHttpServer

        class Server(vLLMHttpServer):
            async def run_server(self, args):
                raise Launched(args)

        ray.get_runtime_context = lambda: SimpleNamespace(get_job_id=lambda: "0")  # no Ray is running
        config = recipe(path)
        gpus = config.rollout.tensor_model_parallel_size
        server = Server(config.rollout, config.model, RolloutMode.HYBRID, [None] * gpus, 0, 0, gpus, 1, "0")
        try:
            asyncio.run(server.launch_server())
        except Launched as ended:
            return self.engine_arguments(ended.args[0])
        raise AssertionError("verl did not start the server")

    def engine_arguments(self, arguments):
        """What ``vllm serve`` makes of them next, with its own checks."""
        from vllm.engine.arg_utils import AsyncEngineArgs

        engine = AsyncEngineArgs.from_cli_args(arguments)
        return {field.name: getattr(engine, field.name) for field in dataclasses.fields(engine)} | {
            "host": arguments.host,
            "port": arguments.port,
            "enable_prompt_tokens_details": getattr(arguments, "enable_prompt_tokens_details", None),
        }


if __name__ == "__main__":
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    main(sys.argv[1])
