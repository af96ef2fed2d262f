"""Export of a ReLU network to ONNX (extra ``rfrobust[onnx]``)."""

from pathlib import Path
from typing import Any

import numpy as np

from ..support import validation
from ..support.files import replacing
from .network import ReLUNetwork, check_network

#: ONNX stores dense matrices in one protocol buffer of less than 2 GB.
_LIMIT = 2**31 - 2**20


def to_onnx(network: ReLUNetwork, path: Path | str | None = None, dtype: str = "float64") -> Any:
    """Return the network as an ONNX model (``Gemm`` and ``Relu`` nodes) and write it to ``path`` if given.

    Parameters
    ----------
    dtype : {"float64", "float32"}
        Precision of weights and of the inference. Blocks divide differences by theta, so float32 loses about
        ``log10(D/theta)`` of its 7 digits.

    Raises
    ------
    ImportError
        If the package ``onnx`` is missing (``pip install 'rfrobust[onnx]'``).
    ValueError
        If the dense matrices do not fit an ONNX file.
    """
    network = check_network("network", network)
    path = None if path is None else validation.path("path", path)
    dtype = validation.choice("dtype", dtype, ("float64", "float32"))
    path = None if path is None else validation.path("path", path)
    size = sum(w.shape[0] * w.shape[1] + b.size for w, b in network.layers) * np.dtype(dtype).itemsize
    if size > _LIMIT:
        raise ValueError(f"network has {size / 2**30:.1f} GiB of dense weights, more than ONNX's 2 GiB a file")
    try:
        import onnx
        from onnx import helper, numpy_helper
    except ImportError as error:
        raise ImportError("ONNX export needs the package onnx: pip install 'rfrobust[onnx]'") from error

    nodes, constants, last = [], [], "x"
    for k, (w, b) in enumerate(network.layers):
        if k:
            nodes.append(helper.make_node("Relu", [last], [f"h{k}"]))
            last = f"h{k}"
        constants += [
            numpy_helper.from_array(w.toarray().astype(dtype), f"W{k}"),
            numpy_helper.from_array(b.astype(dtype), f"b{k}"),
        ]
        output = "f" if k == network.depth - 1 else f"z{k}"
        nodes.append(helper.make_node("Gemm", [last, f"W{k}", f"b{k}"], [output], transB=1))
        last = output
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    graph = helper.make_graph(
        nodes,
        "ReLUNetwork",
        [helper.make_tensor_value_info("x", kind, ["points", network.inputs])],
        [helper.make_tensor_value_info("f", kind, ["points", network.outputs])],
        constants,
    )
    # Opset 17 and IR 10 are read by every onnxruntime since 1.18; newer defaults are not.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model)
    if path is not None:
        with replacing(path) as file:
            file.write(model.SerializeToString())
    return model
