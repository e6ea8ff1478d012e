"""Every process group on gloo, with workarounds for gloo's gaps and errors.

- verl asks for ``cpu:gloo,<device>:<backend>`` (utils/distributed.py:83), which names the CPU twice here.
- gloo has no AVG (verl/workers/engine_workers.py:198): use SUM and a division.
- gloo has no coalescing (megatron/core/distributed/param_and_grad_buffer.py:13): collectives run one by one.
- **gloo silently transfers wrong elements of non-contiguous tensors**. Megatron-Bridge scatters
  column slices of ``o_proj`` and ``down_proj`` (param_mapping.py:472), so they are made contiguous first.
"""

from __future__ import annotations

import contextlib
import functools

import torch.distributed as dist


class _Coalesced:
    def __init__(self) -> None:
        self.works: list = []

    def append(self, work) -> None:
        self.works.append(work)

    def wait(self) -> None:
        for work in self.works:
            if work is not None:
                work.wait()


@contextlib.contextmanager
def _coalescing_manager(group=None, device=None, async_ops=False):
    yield _Coalesced()


def patch() -> None:
    init, new_group, all_reduce = dist.init_process_group, dist.new_group, dist.all_reduce
    scatter, all_gather = dist.scatter, dist.all_gather

    @functools.wraps(init)
    def init_process_group(backend=None, *args, **kwargs):
        kwargs.pop("device_id", None)
        return init("gloo", *args, **kwargs)

    @functools.wraps(new_group)
    def new_gloo_group(ranks=None, timeout=None, backend=None, pg_options=None, *args, **kwargs):
        kwargs.pop("device_id", None)
        return new_group(ranks, timeout, "gloo", None, *args, **kwargs)

    @functools.wraps(all_reduce)
    def all_reduce_with_average(tensor, op=dist.ReduceOp.SUM, group=None, async_op=False):
        if op != dist.ReduceOp.AVG:
            return all_reduce(tensor, op=op, group=group, async_op=async_op)
        all_reduce(tensor, op=dist.ReduceOp.SUM, group=group)
        tensor.div_(dist.get_world_size(group))
        return None

    @functools.wraps(scatter)
    def contiguous_scatter(tensor, scatter_list=None, *args, **kwargs):
        parts = [part.contiguous() for part in scatter_list] if scatter_list else scatter_list
        return scatter(tensor, parts, *args, **kwargs)

    @functools.wraps(all_gather)
    def contiguous_all_gather(tensor_list, tensor, *args, **kwargs):
        return all_gather(tensor_list, tensor.contiguous(), *args, **kwargs)

    for module in (dist, dist.distributed_c10d):
        module.init_process_group, module.new_group = init_process_group, new_gloo_group
        module.all_reduce = all_reduce_with_average
        module._coalescing_manager = _coalescing_manager
    dist.scatter, dist.all_gather = contiguous_scatter, contiguous_all_gather
