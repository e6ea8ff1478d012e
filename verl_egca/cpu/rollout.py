"""``rollout.name=hf_cpu``: a transformers model in one Ray actor replaces SGLang or vLLM.

HFReplica        created by verl's LLMServerManager, one per rollout replica
HFServer         the Ray actor: generates, receives weights, and answers control calls
HFServerAdapter  in the actor's worker; sends the training engine's weights at each synchronisation
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import Counter

import ray
from verl.workers.rollout.base import BaseRollout
from verl.workers.rollout.replica import RolloutReplica, TokenOutput

from verl_egca.cpu.sampling import Request, sample

logger = logging.getLogger(__name__)

_QUIET_S = 0.1  # a batch starts after this time without a request
_THREADS = int(os.environ.get("EGCA_CPU_ROLLOUT_THREADS", "2"))
# Seconds for the longest response; shorter ones in proportion. 0: no delay, a whole batch at once.
_SECONDS = float(os.environ.get("EGCA_CPU_ROLLOUT_SECONDS", "0"))


class HFServer:
    def __init__(self, model_path: str, response_length: int, prompt_length: int, seed: int) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        torch.set_num_threads(_THREADS)
        self.model = AutoModelForCausalLM.from_pretrained(model_path, dtype=torch.float32, attn_implementation="sdpa")
        self.model.eval()
        with torch.no_grad():  # erase the weights from disk: every weight must come by synchronisation
            for parameter in self.model.parameters():
                parameter.fill_(float("nan"))
        eos = self.model.generation_config.eos_token_id or self.model.config.eos_token_id
        self.eos = set(eos if isinstance(eos, list) else [eos])
        self.response_length, self.longest = response_length, prompt_length + response_length
        self.seed = seed
        self.global_steps: int | None = None
        self._asked: Counter = Counter()  # requests per prompt since the last synchronisation
        self._waiting: list[tuple[Request, asyncio.Future]] = []
        self._worker: asyncio.Task | None = None

    async def load_weights(self, weights: dict, global_steps: int | None) -> None:
        import torch

        own = self.model.state_dict()
        tied = {"lm_head.weight"} if self.model.config.tie_word_embeddings else set()
        if (missing := set(own) - set(weights) - tied) or (unknown := set(weights) - set(own)):
            raise ValueError(
                f"weights do not fit the model: missing {sorted(missing)[:5]}, unknown {sorted(unknown)[:5]}"
            )
        with torch.no_grad():
            for name, weight in weights.items():
                if own[name].shape != weight.shape:
                    raise ValueError(f"weight {name}: {tuple(weight.shape)} for {tuple(own[name].shape)}")
                own[name].copy_(weight)
        self.global_steps = global_steps
        self._asked.clear()

    async def generate(self, prompt_ids, sampling_params, request_id, image_data=None, video_data=None, **_):
        request = self._request(list(prompt_ids), dict(sampling_params))
        loop = asyncio.get_running_loop()
        done, arrived = loop.create_future(), loop.time()
        self._waiting.append((request, done))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._serve())
        await done
        # A real server returns short responses first, so that rewards overlap with long ones; this one imitates it by
        # delaying each response.
        await asyncio.sleep(ends_after(len(request.tokens), self.response_length, _SECONDS) - (loop.time() - arrived))
        return TokenOutput(
            token_ids=request.tokens,
            log_probs=request.log_probs,
            stop_reason="completed" if request.tokens and request.tokens[-1] in self.eos else "length",
            num_preempted=0,
            extra_fields={"global_steps": self.global_steps},  # the trainer's staleness tags need it
        )

    def _request(self, prompt: list[int], params: dict) -> Request:
        if params.get("top_k", -1) not in (-1, 0) or params.get("top_p", 1.0) != 1.0:
            raise NotImplementedError(f"hf_cpu samples from the whole distribution only, not with {params}")
        wanted = params.get("max_tokens") or params.get("max_new_tokens") or self.response_length
        temperature = float(params.get("temperature", 1.0))
        times = self._asked[tuple(prompt), temperature]
        self._asked[tuple(prompt), temperature] += 1
        stream = (self.seed, self.global_steps, temperature, tuple(prompt), times)
        return Request(prompt, temperature, min(wanted, self.longest - len(prompt)), stream)

    async def _serve(self) -> None:
        while self._waiting:
            arrived = -1
            while arrived != len(self._waiting):
                arrived = len(self._waiting)
                await asyncio.sleep(_QUIET_S)
            batch, self._waiting = self._waiting, []
            requests = sorted((request for request, _ in batch), key=lambda r: (len(r.prompt), r.stream[3:]))
            try:
                await asyncio.to_thread(sample, self.model, requests, self.eos)
                for _, done in batch:
                    done.set_result(None)
            except Exception as error:
                logger.exception("hf_cpu: a batch of %d requests failed", len(batch))
                for _, done in batch:
                    done.set_exception(RuntimeError(f"hf_cpu: {error!r}"))

    async def _nothing(self, *args, **kwargs):
        return None

    wake_up = sleep = abort_all_requests = resume_generation = clear_kv_cache = _nothing
    release_kv_cache = resume_kv_cache = start_profile = stop_profile = _nothing


def ends_after(tokens: int, longest: int, seconds: float) -> float:
    """Seconds from a request's arrival to the end of its response, if ``longest`` tokens take ``seconds``."""
    return seconds * tokens / longest


def _actor_name(replica_rank: int) -> str:
    return f"hf_cpu_server_{replica_rank}"


class HFReplica(RolloutReplica):
    async def launch_servers(self):
        config = self.model_config
        path = config["path"] if isinstance(config, dict) else config.path
        name = _actor_name(self.replica_rank)
        actor = ray.remote(HFServer).options(name=name, num_cpus=0, max_concurrency=self.max_concurrency)
        seed = self.config.seed + self.replica_rank
        self.servers = [actor.remote(path, self.config.response_length, self.config.prompt_length, seed)]
        self._server_handle, self._server_address = self.servers[0], name


class HFServerAdapter(BaseRollout):
    def __init__(self, config, model_config, device_mesh, replica_rank=-1):
        super().__init__(config, model_config, device_mesh)
        size = self.config.tensor_model_parallel_size * self.config.data_parallel_size
        rank = int(os.environ["RANK"])
        self.replica_rank = rank // size if replica_rank == -1 else replica_rank
        self.leads = rank % size == 0

    async def resume(self, tags):
        pass

    async def release(self):
        pass

    async def update_weights(self, weights, global_steps=None, wire_format="named_tensors", **_):
        if wire_format != "named_tensors":
            raise NotImplementedError(f"hf_cpu takes named tensors, not {wire_format}")
        started = time.time()
        # on every rank: the export is a collective over tensor and pipeline ranks
        tensors = {name: weight.detach().cpu().clone() for name, weight in weights}
        if self.leads:
            await ray.get_actor(_actor_name(self.replica_rank)).load_weights.remote(tensors, global_steps)
            logger.info("hf_cpu: sent %d tensors in %.2f s", len(tensors), time.time() - started)
