"""Linear layers whose weights are stored in 8 or 4 bits, for the CPU: fewer bytes to read for every token.

torch's kernels multiply them with activations in bfloat16. Legend: N rows out, K columns in.
"""

from typing import Literal, get_args

import torch
from torch import Tensor, nn

from fromnoise.errors import CheckpointError, OutputError, unknown
from fromnoise.nets.transformer import Transformer

Precision = Literal["float32", "bfloat16", "int8", "int4"]
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
        mixed = self.mix(x.reshape(-1, self.columns))
        mixed = mixed if self.bias is None else mixed + self.bias
        return mixed.reshape(*x.shape[:-1], self.rows)

    def mix(self, x: Tensor) -> Tensor:
        """Multiply x (L, K) with the weights: (L, N)."""
        raise NotImplementedError

    def get_extra_state(self) -> None:
        """Raise OutputError: levels without their kernel's rules would be read as weights."""
        raise OutputError(
            "weights in 4 or 8 bits are for computing alone; load the model in float32 to save it"
        )


class Bfloat16Linear(PackedLinear):
    """A linear layer in bfloat16, its weights in the blocks that oneDNN reads best: twice as fast for one token."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__(weight, bias)
        self.blocks: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.detach().bfloat16(), 1)

    def forward(self, x: Tensor) -> Tensor:
        """Transform x (..., K), bfloat16, to (..., N)."""
        mixed: Tensor = torch.ops.mkldnn._linear_pointwise(x, self.blocks, self.bias, "none", [], "")
        return mixed


class Int8Linear(PackedLinear):
    """A linear layer with weights in 8 bits and one scale a row."""

    scales: Tensor

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__(weight, bias)
        scales = (weight.float().abs().amax(1) / 127).clamp(min=1e-12).bfloat16()  # (N,)
        levels = (weight.float() / scales.float()[:, None]).round().clamp(-127, 127)
        self.register_buffer("weight", levels.to(torch.int8))
        self.register_buffer("scales", scales)

    def mix(self, x: Tensor) -> Tensor:
        """Multiply x (L, K) with the weights: (L, N)."""
        return torch._weight_int8pack_mm(x, self.weight, self.scales)


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

    def mix(self, x: Tensor) -> Tensor:
        """Multiply x (L, K) with the weights: (L, N)."""
        kernel = torch.ops.aten._weight_int4pack_mm_for_cpu
        mixed: Tensor = kernel(x.contiguous(), self.weight, GROUP, self.scales_and_zeros)
        return mixed[:, : self.rows]


def lower(net: Transformer, precision: Precision) -> None:
    """Store a transformer's weights in fewer bits, in place; angles and running sums stay in 32.

    In 4 bits the output layer has 8, and so has a layer whose columns make no whole groups.
    """
    if precision not in get_args(Precision):
        raise CheckpointError(unknown("dtype", precision, get_args(Precision)))
    if precision == "float32":
        return
    if precision == "bfloat16":
        head = net.words if net.logits_out is None else net.logits_out
        for block in net.blocks:
            for module in list(block.modules()):
                for name, layer in list(module.named_children()):
                    if isinstance(layer, nn.Linear):
                        setattr(module, name, Bfloat16Linear(layer.weight.detach(), layer.bias))
        net.logits_out = Bfloat16Linear(head.weight)
    if precision != "bfloat16":
        if net.words.weight.device.type != "cpu":
            raise CheckpointError(f"{precision} weights are for the CPU; on this device use bfloat16")
        head = net.words if net.logits_out is None else net.logits_out
        for block in net.blocks:
            _quantise(block, precision)
        net.logits_out = Int8Linear(head.weight)  # type: ignore[assignment]
    for parameter in net.parameters():
        parameter.data = parameter.data.bfloat16()


def _quantise(block: nn.Module, precision: Precision) -> None:
    for module in list(block.modules()):
        for name, layer in list(module.named_children()):
            if isinstance(layer, nn.Linear):
                whole = precision == "int4" and layer.in_features % GROUP == 0
                setattr(
                    module, name, (Int4Linear if whole else Int8Linear)(layer.weight.detach(), layer.bias)
                )
