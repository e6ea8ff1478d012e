"""Run by the interpreter of .venv-servers: what the pinned servers make of arguments, as JSON lines.

    python server_jobs.py ENGINE < jobs > results

A job is a JSON line: {"rollout": FILE}, the resolved config of a recipe, for which verl's own rollout server is made and
launched up to the point where the server's processes would start; {"command": ARGV} for the server's own parser; or
{"offline": ARGUMENTS}, with which `egca evaluate` starts the engine and asks it, up to the same point. A result is {"accepted": SETTINGS} or {"refused": MESSAGE}.
"""

import asyncio
import contextlib
import dataclasses
import inspect
import io
import json
import os
import sys
from pathlib import Path
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
                ((kind, given),) = job.items()
                accepted = getattr(jobs, kind)(given)
            result = {"accepted": accepted}
        except SystemExit:  # argparse, having said why
            result = {"refused": said.getvalue()}
        except Exception as error:
            result = {"refused": f"{type(error).__name__}: {error}"}
        print(json.dumps(result, default=str), file=results, flush=True)


def recipe(path):
    from omegaconf import OmegaConf

    return OmegaConf.load(path).actor_rollout_ref


def generated(engine, attribute, generate):
    """What `egca evaluate` makes of an engine's answers to two requests, the upstream engine's own call stood in for."""
    from verl_egca.evaluation.engines.base import GenerationRequest, Sampling

    ours = object.__new__(engine)
    setattr(ours, attribute, SimpleNamespace(generate=generate))
    requests = [GenerationRequest((7, 8), 0, 3, 2), GenerationRequest((9,), 1, 3, 4)]
    return [dataclasses.astuple(one) for one in ours.generate(requests, Sampling(0.5, 0.9, (1,)))]


def values(parameters, names):
    def listed(value):
        return sorted(value) if isinstance(value, set) else value

    return [{name: listed(getattr(one, name)) for name in names} for one in parameters]


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

    def offline(self, given):
        from sglang.srt.entrypoints.engine import Engine
        from sglang.srt.managers.schedule_batch import FINISH_LENGTH, FINISH_MATCHED_TOKEN
        from sglang.srt.sampling.sampling_params import SamplingParams

        from verl_egca.evaluation.engines import sglang as ours

        def launched(self, *, server_args, **_):
            raise Launched(server_args)

        read = []

        def generate(**arguments):
            inspect.signature(Engine.generate).bind(None, **arguments)
            for one in arguments["sampling_params"]:
                read.append(SamplingParams(**one))
                read[-1].verify(32_000)
            ends = FINISH_MATCHED_TOKEN(matched=1), FINISH_LENGTH(length=2)
            return [{"output_ids": [5, 1], "meta_info": {"finish_reason": end.to_json()}} for end in ends]

        Engine._launch_subprocesses = launched
        try:
            ours.SGLang(Path(given.pop("folder")), **given)
        except Launched as ended:
            engine = dataclasses.asdict(ended.args[0])
        responses = generated(ours.SGLang, "_engine", generate)
        names = ("temperature", "top_p", "max_new_tokens", "sampling_seed", "stop_token_ids")
        return {"engine": engine, "responses": responses, "sampling": values(read, names)}


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

    def offline(self, given):
        import vllm.entrypoints.llm
        from vllm import LLM
        from vllm.outputs import CompletionOutput, RequestOutput

        from verl_egca.evaluation.engines import vllm as ours

        def launched(engine_args, **_):
            raise Launched(engine_args)

        read = []

        def generate(prompts, sampling_params, **arguments):
            inspect.signature(LLM.generate).bind(None, prompts, sampling_params, **arguments)
            read.extend(sampling_params)
            ends = [
                CompletionOutput(0, "", [5, 1], cumulative_logprob=None, logprobs=None, finish_reason=reason)
                for reason in ("stop", "length")
            ]
            ids = [prompt["prompt_token_ids"] for prompt in prompts]
            return [
                RequestOutput("0", None, one, None, [end], finished=True) for one, end in zip(ids, ends, strict=True)
            ]

        vllm.entrypoints.llm.LLMEngine.from_engine_args = launched
        try:
            ours.VLLM(Path(given.pop("folder")), **given)
        except Launched as ended:
            engine = {field.name: getattr(ended.args[0], field.name) for field in dataclasses.fields(ended.args[0])}
        responses = generated(ours.VLLM, "_llm", generate)
        names = ("temperature", "top_p", "max_tokens", "seed", "stop_token_ids")
        return {"engine": engine, "responses": responses, "sampling": values(read, names)}

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
    sys.path.insert(0, str(Path(__file__).parents[2]))  # .venv's own way to this package is not followed from here
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    main(sys.argv[1])
