"""Linear layers with weights in 16, 8 or 4 bits, for the CPU: fewer bytes to read for every token.

torch's kernels multiply them with activations in bfloat16. Legend: L tokens, N rows out, K columns in.
"""

from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fromnoise.errors import CheckpointError, OutputError, unknown
from fromnoise.nets.transformer import Transformer

Precision = Literal["float32", "bfloat16", "int8", "int4"]
Map = Callable[[Tensor], Tensor]
GROUP = 32
"""Columns that share a scale and a zero in 4 bits, as in GGUF's Q4_1."""
_ROWS = 16  # the 4-bit kernel takes whole packs of rows


class PackedLinear(nn.Module):
    """A linear layer whose weights only a kernel can read."""

    weight: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.rows, self.columns = weight.shape
        self.register_buffer("bias", None if bias is None else bias.detach().bfloat16())

    def forward(self, x: Tensor) -> Tensor:
        """Transform x (..., K), bfloat16, to (..., N)."""
        return self.mixing()(x.reshape(-1, self.columns)).reshape(*x.shape[:-1], self.rows)

    def mixing(self) -> Map:
        """Return what multiplies x (L, K) with the weights, (L, N), and calls nothing else."""
        raise NotImplementedError

    def get_extra_state(self) -> None:
        """Raise OutputError: levels without their kernel's rules would be read as weights."""
        raise OutputError(
            "these weights are packed for computing alone; to save the model, load it in dtype float32"
        )


class Bfloat16Linear(PackedLinear):
    """A linear layer in bfloat16, its weights in blocks that oneDNN reads twice as fast for few tokens."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__(weight, bias)
        self.register_buffer("weight", torch.ops.mkldnn._reorder_linear_weight(weight.detach().bfloat16(), 1))

    def mixing(self) -> Map:
        """Return what multiplies x (L, K) with the weights, (L, N)."""
        kernel, weight, bias = torch.ops.mkldnn._linear_pointwise.default, self.weight, self.bias
        return lambda x: kernel(x, weight, bias, "none", [], "")


class Int8Linear(PackedLinear):
    """A linear layer with weights in 8 bits and one scale a row."""

    scales: Tensor

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__(weight, bias)
        scales = (weight.float().abs().amax(1) / 127).clamp(min=1e-12).bfloat16()  # (N,)
        levels = (weight.float() / scales.float()[:, None]).round().clamp(-127, 127)
        self.register_buffer("weight", levels.to(torch.int8))
        self.register_buffer("scales", scales)

    def mixing(self) -> Map:
        """Return what multiplies x (L, K) with the weights, (L, N)."""
        kernel, weight, scales = torch.ops.aten._weight_int8pack_mm.default, self.weight, self.scales
        return _plus(lambda x: kernel(x, weight, scales), self.bias)


class Int4Linear(PackedLinear):
    """A linear layer with weights in 4 bits, and a scale and a zero for every group of 32 columns."""

    scales_and_zeros: Tensor

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__(weight, bias)
        groups = torch.zeros(-(-self.rows // _ROWS) * _ROWS, self.columns)  # (N, K), N rounded up
        groups[: self.rows] = weight.detach()
        groups = groups.view(len(groups), -1, GROUP)
        low, high = groups.aminmax(dim=2)
        scales = ((high - low) / 15).clamp(min=1e-12).bfloat16()
        zeros = (low + 8 * scales.float()).bfloat16()  # the weight that level 8 stands for
        levels = (groups - zeros.float()[..., None]) / scales.float()[..., None] + 8
        packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(
            levels.round().clamp(0, 15).to(torch.int32).flatten(1), 1
        )
        self.register_buffer("weight", packed)
        self.register_buffer("scales_and_zeros", torch.stack([scales.T, zeros.T], 2).contiguous())

    def mixing(self) -> Map:
        """Return what multiplies x (L, K) with the weights, (L, N)."""
        kernel = torch.ops.aten._weight_int4pack_mm_for_cpu.default
        weight, scales, rows = self.weight, self.scales_and_zeros, self.rows
        if rows % _ROWS:
            return _plus(lambda x: kernel(x, weight, GROUP, scales)[:, :rows], self.bias)
        return _plus(lambda x: kernel(x, weight, GROUP, scales), self.bias)


def mixing(layer: nn.Module) -> Map:
    """Return what a linear layer does to x (L, K), without the ceremony of a module."""
    if isinstance(layer, PackedLinear):
        return layer.mixing()
    assert isinstance(layer, nn.Linear)
    weight, bias = layer.weight, layer.bias
    return lambda x: F.linear(x, weight, bias)


def _plus(mix: Map, bias: Tensor | None) -> Map:
    return mix if bias is None else lambda x: mix(x) + bias


def lower(net: Transformer, precision: Precision, device: torch.device | None = None) -> None:
    """Store a transformer's weights in fewer bits, in place; angles and running sums stay in 32.

    `device` is where it is to compute; None means where it is. In 4 bits the output layer has 8, and so has a
    layer whose columns make no whole groups.
    """
    if precision not in get_args(Precision):
        raise CheckpointError(unknown("dtype", precision, get_args(Precision)))
    if precision == "float32":
        return
    on_cpu = (device or net.words.weight.device).type == "cpu"
    if precision != "bfloat16" and not on_cpu:
        raise CheckpointError(f"{precision} weights are for the CPU; on this device use bfloat16")
    if precision != "bfloat16" or (on_cpu and _packs_bfloat16()):
        head = net.words if net.logits_out is None else net.logits_out
        for block in net.blocks:
            _pack(block, precision)
        last = _LAYERS["int8" if precision == "int4" else precision](head.weight)
        net.logits_out = last  # type: ignore[assignment]
    for parameter in net.parameters():
        parameter.data = parameter.data.bfloat16()


def _packs_bfloat16() -> bool:
    """Tell whether oneDNN is there and the CPU has instructions for it."""
    there: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return there and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


_LAYERS = {"bfloat16": Bfloat16Linear, "int8": Int8Linear, "int4": Int4Linear}


def _pack(block: nn.Module, precision: Precision) -> None:
    for module in list(block.modules()):
        for name, layer in list(module.named_children()):
            if isinstance(layer, nn.Linear):
                whole = precision != "int4" or layer.in_features % GROUP == 0
                setattr(
                    module, name, _LAYERS[precision if whole else "int8"](layer.weight.detach(), layer.bias)
                )
