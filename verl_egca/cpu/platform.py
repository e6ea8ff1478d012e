"""verl's platform interface for a CPU. Ray's "GPU" resources are those of ``ray.init(num_gpus=...)``."""

from __future__ import annotations

import contextlib

from verl_egca.cpu.cuda import CPU


def register() -> None:
    """Register ``VERL_PLATFORM=cpu``, and reset a platform that was resolved before."""
    import verl.plugin.platform.platform_manager as manager
    from verl.plugin.platform.platform_cuda import PlatformCUDA

    @manager.PlatformRegistry.register(platform="cpu")
    class PlatformCPU(PlatformCUDA):
        """Uses torch.cuda, patched by `cuda.patch`, as device module."""

        device_name = property(lambda self: "cpu")
        vendor_name = property(lambda self: "cpu")

        def is_available(self):
            return True

        def is_platform_available(self, use_smi_check=False):
            return True

        def current_device(self):
            return CPU  # verl passes it to Tensor.to(); an index would mean cuda

        def get_device_capability(self, device_index=0):
            return None, None

        def communication_backend_name(self):
            return "gloo"

        def set_allocator_settings(self, settings):
            pass

        def is_ipc_supported(self):
            return False

        def ray_resource_name(self):
            return "GPU"

        @contextlib.contextmanager
        def nvtx_range(self, msg):
            yield

        def profiler_start(self):
            pass

        def profiler_stop(self):
            pass

        def cudart(self):
            return None

    manager._current_platform = None
