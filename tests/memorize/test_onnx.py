import sys

import numpy as np
import pytest
from scipy import sparse

from rfrobust.memorize import ReLUNetwork, robust_memorizer, to_onnx

onnxruntime = pytest.importorskip("onnxruntime")


def run(model, x):
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 1e-4)])
def test_memorizer_runs_in_onnxruntime(make_network, two_classes, tmp_path, dtype, tolerance):
    X, y = two_classes(3)
    network = robust_memorizer(make_network(3, 8, 8, 1), X, y, 0.05, 0.05).network
    path = tmp_path / "net.onnx"
    to_onnx(network, path, dtype=dtype)
    x = np.random.default_rng(0).uniform(size=(300, 3))
    ours, theirs = network(x), run(str(path), x.astype(dtype))
    assert theirs.dtype == dtype
    np.testing.assert_allclose(theirs, ours, atol=tolerance)


def test_float32_of_a_plain_network_is_within_1e6(make_network):
    network = make_network(5, 16, 16, 3)
    x = np.random.default_rng(0).uniform(size=(300, 5)).astype("float32")
    model = to_onnx(network, dtype="float32").SerializeToString()
    np.testing.assert_allclose(run(model, x), network(x), atol=1e-6)


def test_too_large_and_bad_arguments(make_network, monkeypatch):
    big = ReLUNetwork.affine(sparse.csr_array((2**16, 2**13)), np.zeros(2**16))
    with pytest.raises(ValueError, match=r"4.0 GiB of dense weights"):
        to_onnx(big)
    with pytest.raises(ValueError, match="dtype must be one of"):
        to_onnx(make_network(2, 1), dtype="int8")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"rfrobust\[onnx\]"):
        to_onnx(make_network(2, 1))
