"""Number arrays in the two forms in which IBM's clients send them.

`ndarray` (models 0.1): `{"__type__": "ndarray", "__value__": base64(zlib(.npy file))}`.
`tensor` (executor, model 2.0): `{"data": base64(zlib(bytes)), "shape": [...], "dtype": "f64"}` with
the bytes in C order, little-endian.

Unpacking is bounded: nothing is decompressed beyond what the declared shape or the limit allows,
and pickled objects are refused.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["MAX_ELEMENTS", "pack_ndarray", "pack_tensor", "unpack_ndarray", "unpack_tensor"]

Float = npt.NDArray[np.float64]

MAX_ELEMENTS = 10_000_000
"""Largest array that is unpacked."""

_DTYPES: Mapping[str, str] = {
    "f16": "<f2", "f32": "<f4", "f64": "<f8", "i8": "<i1", "i16": "<i2", "i32": "<i4", "i64": "<i8", "u8": "<u1", "u16": "<u2",
    "u32": "<u4", "u64": "<u8",
}  # fmt: skip


def pack_ndarray(values: Float) -> dict[str, str]:
    """The ndarray object of an array; double precision."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(values, dtype=np.float64), allow_pickle=False)
    return {"__type__": "ndarray", "__value__": base64.standard_b64encode(zlib.compress(buffer.getvalue())).decode("ascii")}


def unpack_ndarray(value: Mapping[str, Any], limit: int = MAX_ELEMENTS) -> Float:
    """The array of an ndarray object.  ValueError says what is wrong with it."""
    data = _inflate(value.get("__value__"), limit * 8 + 4096)
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = header(stream)
    except (ValueError, EOFError, OSError) as problem:
        raise ValueError(f"the array is not a .npy file: {problem}") from None
    if dtype.kind not in "fiu":
        raise ValueError("the array does not hold real numbers")
    body = data[stream.tell() :]
    # Compared before anything is reserved: a header may claim any size.
    if math.prod(shape) * dtype.itemsize != len(body):
        raise ValueError(f"{len(body)} bytes do not fill the shape {list(shape)}")
    array = np.frombuffer(body, dtype=dtype).reshape(shape, order="F" if fortran else "C")
    return np.asarray(array, dtype=np.float64)


def pack_tensor(values: Float) -> dict[str, Any]:
    """The tensor object of an array; double precision."""
    array = np.ascontiguousarray(values, dtype="<f8")
    data = base64.standard_b64encode(zlib.compress(array.tobytes())).decode("ascii")
    return {"data": data, "shape": list(array.shape), "dtype": "f64"}


def unpack_tensor(value: Mapping[str, Any], limit: int = MAX_ELEMENTS) -> Float:
    """The array of a tensor object.  ValueError says what is wrong with it."""
    shape, dtype = value.get("shape"), value.get("dtype")
    if not isinstance(shape, list) or not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in shape):
        raise ValueError("the shape is not a list of sizes")
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise ValueError(f"the dtype {dtype!r} is not one of {', '.join(_DTYPES)}")
    count = math.prod(shape)
    if count > limit:
        raise ValueError(f"the array has {count} elements; the limit is {limit}")
    kind = np.dtype(_DTYPES[dtype])
    data = _inflate(value.get("data"), count * kind.itemsize + 1)
    if len(data) != count * kind.itemsize:
        raise ValueError(f"{len(data)} bytes do not fill the shape {shape}")
    return np.frombuffer(data, dtype=kind).reshape(shape).astype(np.float64)


def _inflate(text: object, limit: int) -> bytes:
    if not isinstance(text, str):
        raise ValueError("the array has no text of data")
    try:
        packed = base64.b64decode(text, validate=True)
        stream = zlib.decompressobj()
        data = stream.decompress(packed, limit + 1)
    except (binascii.Error, zlib.error, ValueError) as problem:
        raise ValueError(f"the array is not base64 of zlib data: {problem}") from None
    if len(data) > limit or not stream.eof:
        raise ValueError("the array's data is cut short or larger than the limit")
    return data
