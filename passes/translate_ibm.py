"""Translation to the gates of IBM's machines.

`ToEntangler` turns two-qubit gates into the machine's own (cz, or ecr along its directed edges;
rzz where the machine has fractional gates) and one-qubit gates of any kind; `ToIbmBasis` turns
one-qubit gates into rz (free, a change of frame) and as few sx and x as there can be, or rx where
the machine has it.  Between the two, one-qubit runs should be fused.

Sources: McKay et al. 2017 (virtual z gates, U = rz sx rz sx rz); the two-cz forms of two-qubit
rotations are those of the phase polynomial; ecr(a, b) = x_a exp(-i pi/4 Z_a X_b).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from qir.circuit import Circuit
from qir.columns import NAMES, NUM_PARAMS, NUM_QUBITS, distinct
from qir.euler import TOLERANCE, from_matrix, wrap, zyz
from qir.gates import GATES, Row, opcode
from qir.params import Angle, angle

from .base import Context
from .rewrite import Rewriter

__all__ = ["TWO_QUBIT_RULES", "ToEntangler", "ToIbmBasis"]

Real = npt.NDArray[np.float64]
Index = npt.NDArray[np.integer[Any]]
Rule = Callable[..., tuple[Row, ...]]
Edges = Collection[tuple[int, int]]
PI = np.pi


def _g(name: str, *operands: int) -> Row:
    return (name, (), operands)


def _r(name: str, theta: Any, *operands: int) -> Row:
    return (name, (theta,), operands)


_CZ = _g("cz", 0, 1)
_CX = (_g("h", 1), _CZ, _g("h", 1))
_XC = (_g("h", 0), _CZ, _g("h", 0))

TWO_QUBIT_RULES: dict[str, Rule] = {
    "cx": lambda: _CX,
    "cy": lambda: (_g("sdg", 1), *_CX, _g("s", 1)),
    "ch": lambda: (_r("ry", -PI / 4, 1), _CZ, _r("ry", PI / 4, 1)),
    "cs": lambda: (_r("cp", PI / 2, 0, 1),),
    "csdg": lambda: (_r("cp", -PI / 2, 0, 1),),
    "csx": lambda: (_g("h", 1), _r("cp", PI / 2, 0, 1), _g("h", 1)),
    "csxdg": lambda: (_g("h", 1), _r("cp", -PI / 2, 0, 1), _g("h", 1)),
    "cp": lambda a: (_r("p", a / 2, 0), _r("p", a / 2, 1), _r("rzz", a * -0.5, 0, 1), ("gphase", (a * -0.25,), ())),
    "crz": lambda t: (_r("rz", t / 2, 1), _r("rzz", t * -0.5, 0, 1)),
    "crx": lambda t: (_r("rx", t / 2, 1), _g("h", 1), _r("rzz", t * -0.5, 0, 1), _g("h", 1)),
    "cry": lambda t: (_r("ry", t / 2, 1), _g("sdg", 1), _g("h", 1), _r("rzz", t * -0.5, 0, 1), _g("h", 1), _g("s", 1)),
    "cu3": lambda t, f, l: (
        _r("p", (l + f) / 2, 0), _r("p", (l - f) / 2, 1), *_CX, ("u", (t * -0.5, 0.0 * f, (f + l) * -0.5), (1,)), *_CX,
        ("u", (t / 2, f, 0.0 * l), (1,)),
    ),
    "swap": lambda: (*_CX, *_XC, *_CX),
    "iswap": lambda: (_g("s", 0), _g("s", 1), _g("h", 0), *_CX, *_XC, _g("h", 1)),
    "iswapdg": lambda: (_g("h", 1), *_XC, *_CX, _g("h", 0), _g("sdg", 0), _g("sdg", 1)),
    "dcx": lambda: (*_CX, *_XC),
    "dcxdg": lambda: (*_XC, *_CX),
    "ecr": lambda: (_r("rz", PI / 2, 0), _g("h", 1), _r("rz", PI / 2, 1), _CZ, _g("h", 1), _g("x", 0),
                    ("gphase", (PI / 4,), ())),
    "rxx": lambda t: (_g("h", 0), _g("h", 1), _r("rzz", t, 0, 1), _g("h", 1), _g("h", 0)),
    "ryy": lambda t: (_r("rx", PI / 2, 0), _g("sdg", 1), _g("h", 1), _r("rzz", t, 0, 1), _g("h", 1), _g("s", 1),
                      _r("rx", -PI / 2, 0)),
    "rzx": lambda t: (_g("h", 1), _r("rzz", t, 0, 1), _g("h", 1)),
    "xx_plus_yy": lambda t, b: (
        _r("rz", b, 0), _r("rx", PI / 2, 0), _r("rx", PI / 2, 1), _g("h", 1), _CZ, _r("rx", t / 2, 0), _r("rx", t / 2, 1), _CZ,
        _g("h", 1), _r("rx", -PI / 2, 1), _r("rx", -PI / 2, 0), _r("rz", b * -1.0, 0),
    ),
    "ms": lambda p, q, a: GATES["ms"].define(p, q, a),  # type: ignore[misc]
    "zz": lambda a: GATES["zz"].define(a),  # type: ignore[misc]
}  # fmt: skip
"""Every two-qubit gate of the table in terms of cz, rzz and one-qubit gates, exact with its phase.
With rzz as in `_RZZ` and one-qubit runs fused, each takes the fewest cz there can be."""

_RZZ: Rule = lambda t: (_g("h", 1), _CZ, _r("rx", t, 1), _CZ, _g("h", 1))  # noqa: E731

_CZ_TO_ECR: Rule = lambda: (  # noqa: E731
    _r("rz", -PI / 2, 0), _r("rz", -PI / 2, 1), _g("h", 1), _g("ecr", 0, 1), _g("x", 0), _g("h", 1), ("gphase", (-PI / 4,), ()),
)  # fmt: skip

_ECR = _g("ecr", 0, 1)
_TURNS = (_r("rz", PI / 2, 1), _g("sx", 0), _r("rz", PI / 2, 0), _ECR, _g("sx", 0), ("gphase", (5 * PI / 4,), ()))

ECR_RULES: dict[str, Rule] = {
    "swap": lambda: (
        _ECR, _r("rz", -PI / 2, 1), _g("sx", 0), _r("rz", PI / 2, 0), _g("sx", 1), _ECR, _r("rz", PI / 2, 1), _g("sx", 0),
        _ECR, ("gphase", (-PI / 2,), ()),
    ),
    "iswap": lambda: (_r("rz", PI, 0), _g("sx", 0), _r("rz", -PI / 2, 0), _ECR, *_TURNS),
    "iswapdg": lambda: (_r("rz", PI, 1), _g("sx", 0), _r("rz", -PI / 2, 0), _ECR, *_TURNS),
}  # fmt: skip
"""Gates that take half as many pulses with ecr as through cz: shortest paths in the two-qubit Clifford group.
They do not mind which way their operands stand."""


def _reversed(rule: Rule) -> Rule:
    return lambda *angles: tuple((name, values, tuple(1 - q for q in operands)) for name, values, operands in rule(*angles))


@dataclass(frozen=True)
class ToEntangler:
    """Two-qubit gates become the target's.

    Needs: gates of the table on at most two qubits, placed so that the target connects them (a
    gate on any other qubits is left for the check).  Establishes: the only two-qubit gates are the
    target's entangler, in the direction the edge has, and, with fractional gates, rzz with an angle
    in [0, pi/2]; a symbolic rzz becomes two cz.  Keeps: everything else.  Where no target is given,
    cz everywhere.
    """

    name: ClassVar[str] = "to_entangler"
    inner: ClassVar[bool] = True
    idempotent: ClassVar[bool] = True

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        target = context.target
        gates = target.gates if target is not None else ("cz",)
        ecr = "ecr" in gates and "cz" not in gates
        edges = (target.edges or {}).get("ecr") if target is not None and ecr else None
        if ecr:
            circuit = self._along(circuit, context, edges)
        keep = {"cz", "rzz"} | ({"ecr"} if "ecr" in gates else set())
        for _ in range(3):
            circuit, again = self._by_rules(circuit, context, keep)
            if not again:
                break
        circuit = self._rotations(circuit, context, "rzz" in gates, edges)
        if ecr:
            circuit = self._directed(circuit, context, edges)
        return self._turned(circuit, context)

    def _turned(self, circuit: Circuit, context: Context) -> Circuit:
        """cz and rzz, which do not mind, with their operands as the target lists them."""
        columns = circuit.columns
        turned = np.zeros(len(columns), np.bool_)
        for name in ("cz", "rzz"):
            mine = columns.plain & (columns.opcode == opcode(name))
            edges = (context.target.edges or {}).get(name) if context.target is not None and mine.any() else None
            if edges:
                turned |= mine & _against(circuit, edges)
        if not turned.any():
            return circuit
        qubits = columns.qubits.copy()
        qubits[turned, :2] = qubits[turned, 1::-1]
        after = circuit.with_columns(replace(columns, qubits=qubits))
        if context.journal is not None:
            rows = np.arange(len(columns))
            context.journal.windows(self.name, circuit, after, rows, rows)
        return after

    def _along(self, circuit: Circuit, context: Context, edges: Edges | None) -> Circuit:
        """Gates with rules of their own by ecr along the edges."""
        columns = circuit.columns
        codes = {opcode(name): rule for name, rule in ECR_RULES.items()}
        mask = columns.plain & np.isin(columns.opcode, list(codes))
        if not mask.any():
            return circuit
        backward = _against(circuit, edges)
        rewriter = Rewriter(circuit)
        rewriter.keep(np.flatnonzero(~mask))
        for code, rule in codes.items():
            mine = mask & (columns.opcode == code)
            rewriter.rule(np.flatnonzero(mine & ~backward), rule, 0)
            rewriter.rule(np.flatnonzero(mine & backward), _reversed(rule), 0)
        return rewriter.finish(context, self.name)

    def _by_rules(self, circuit: Circuit, context: Context, keep: set[str]) -> tuple[Circuit, bool]:
        columns = circuit.columns
        present = distinct(columns.opcode[columns.plain])
        codes = [c for c in present.tolist() if NUM_QUBITS[c] == 2 and NAMES[c] in TWO_QUBIT_RULES and NAMES[c] not in keep]
        if not codes:
            return circuit, False
        rewriter = Rewriter(circuit)
        plain = columns.plain
        rewriter.keep(np.flatnonzero(~(plain & np.isin(columns.opcode, codes))))
        for code in codes:
            rows = np.flatnonzero(plain & (columns.opcode == code))
            rewriter.rule(rows, TWO_QUBIT_RULES[NAMES[code]], int(NUM_PARAMS[code]))
        return rewriter.finish(context, self.name), True

    def _rotations(self, circuit: Circuit, context: Context, fractional: bool, edges: Edges | None) -> Circuit:
        columns = circuit.columns
        mask = columns.plain & (columns.opcode == opcode("rzz"))
        if not mask.any():
            return circuit
        rewriter = Rewriter(circuit)
        rewriter.keep(np.flatnonzero(~mask))
        symbolic = columns.symbolic
        rewriter.rule(np.flatnonzero(mask & symbolic), _RZZ, 1)
        rows = np.flatnonzero(mask & ~symbolic)
        theta = columns.params[rows, 0]
        turned = np.asarray(wrap(theta))
        size = np.abs(turned)
        zero, full, half = size == 0, np.abs(size - PI) < TOLERANCE, np.abs(size - PI / 2) < TOLERANCE
        other = ~(zero | full | half)
        # rzz has period 4 pi: every dropped turn is a sign.
        turns = np.round((theta - turned) / (2 * PI))
        rewriter.phase = rewriter.phase + PI * float(turns[~other | fractional].sum() % 2)
        rewriter.rule(rows[full], lambda t: (_r("rz", PI, 0), _r("rz", PI, 1), ("gphase", (PI / 2,), ())), 1)
        for sign in (1.0, -1.0):
            quarter: Rule = lambda t, s=sign: (  # noqa: E731
                _r("rz", s * PI / 2, 0), _r("rz", s * PI / 2, 1), _CZ, ("gphase", (s * PI / 4,), ()),
            )  # fmt: skip
            rewriter.rule(rows[half & (turned * sign > 0)], quarter, 1)
        if not fractional:
            # The x rotation of the form sits on the operand that an ecr would turn about x.
            against = _against(circuit, edges)[rows]
            rewriter.rule(rows[other & ~against], _RZZ, 1)
            rewriter.rule(rows[other & against], _reversed(_RZZ), 1)
        else:
            self._folded(rewriter, rows[other], turned[other])
        return rewriter.finish(context, self.name)

    @staticmethod
    def _folded(rewriter: Rewriter, rows: Index, theta: Real) -> None:
        """rzz with any angle in (-pi, pi) by one with an angle in (0, pi/2)."""
        size = np.abs(theta)
        large = size > PI / 2
        rest = np.where(large, PI - size, size)
        flip = large == (theta > 0)
        sign = np.sign(theta)
        rewriter.phase = rewriter.phase + float((np.where(large, sign, 0.0) * (PI / 2)).sum())
        for is_large in (False, True):
            for is_flipped in (False, True):
                chosen = (large == is_large) & (flip == is_flipped)
                angles = rest[chosen]
                before: tuple[Row, ...] = (_g("x", 1),) if is_flipped else ()
                local: tuple[Row, ...] = (_r("rz", PI, 0), _r("rz", PI, 1)) if is_large else ()
                rule: Rule = lambda t, a=angles, b=before, l=local: (*l, *b, _r("rzz", a, 0, 1), *b)  # noqa: E731
                rewriter.rule(rows[chosen], rule, 1)

    def _directed(self, circuit: Circuit, context: Context, edges: Edges | None) -> Circuit:
        """cz, and ecr against its edge, by ecr along the edge; the detour costs one-qubit gates only."""
        columns = circuit.columns
        plain = columns.plain
        backward = _against(circuit, edges)
        is_ecr = plain & (columns.opcode == opcode("ecr"))
        if (is_ecr & backward).any():
            rewriter = Rewriter(circuit)
            rewriter.keep(np.flatnonzero(~(is_ecr & backward)))
            rewriter.rule(np.flatnonzero(is_ecr & backward), TWO_QUBIT_RULES["ecr"], 0)
            return self._directed(rewriter.finish(context, self.name), context, edges)
        is_cz = plain & (columns.opcode == opcode("cz"))
        if not is_cz.any():
            return circuit
        rewriter = Rewriter(circuit)
        rewriter.keep(np.flatnonzero(~is_cz))
        rewriter.rule(np.flatnonzero(is_cz & ~backward), _CZ_TO_ECR, 0)
        rewriter.rule(np.flatnonzero(is_cz & backward), _reversed(_CZ_TO_ECR), 0)
        return rewriter.finish(context, self.name)


def _against(circuit: Circuit, edges: Edges | None) -> npt.NDArray[np.bool_]:
    """Which rows act on a pair that has an edge in the other direction only."""
    pairs = circuit.columns.qubits[:, :2].astype(np.int64)
    if not edges:
        return np.zeros(len(pairs), np.bool_)
    stride = circuit.num_qubits + max(max(e) for e in edges) + 1
    along = np.array(sorted(a * stride + b for a, b in edges), np.int64)
    forward = np.isin(pairs[:, 0] * stride + pairs[:, 1], along)
    return ~forward & np.isin(pairs[:, 1] * stride + pairs[:, 0], along)


@dataclass(frozen=True)
class ToIbmBasis:
    """One-qubit gates become rz, sx and x (with fractional gates also rx).

    Needs: nothing.  Establishes: every one-qubit gate of the table is rz, sx, x or, on a target that
    has it, rx.  A gate takes no pulse when it is diagonal, one when it is a quarter or half turn, else
    two (one rx with fractional gates).  Keeps: two-qubit gates and everything else.  Angles of rz are
    in (-pi, pi] where they are numbers; an rz by zero is dropped.
    """

    name: ClassVar[str] = "to_ibm_basis"
    inner: ClassVar[bool] = True
    idempotent: ClassVar[bool] = True

    def run(self, circuit: Circuit, context: Context) -> Circuit:
        fractional = context.target is not None and "rx" in context.target.gates
        columns = circuit.columns
        single = columns.plain & (NUM_QUBITS[np.minimum(columns.opcode, 511)] == 1)
        if not single.any():
            return circuit
        rewriter = Rewriter(circuit)
        rewriter.keep(np.flatnonzero(~single))
        symbolic = columns.symbolic
        for row in np.flatnonzero(single & symbolic).tolist():
            lines = _symbolic(circuit, row, fractional)
            rewriter.lines(row, lines, circuit.operands(row), int(columns.span[row]))
        rows = np.flatnonzero(single & ~symbolic)
        phase, quaternion = _quaternions(circuit, rows)
        rewriter.phase = rewriter.phase + float(phase.sum())
        _numeric(rewriter, rows, quaternion, fractional)
        return rewriter.finish(context, self.name)


def _quaternions(circuit: Circuit, rows: Index) -> tuple[Real, Real]:
    """Phases and quaternions of plain one-qubit gates without symbols."""
    columns = circuit.columns
    codes = columns.opcode[rows]
    phase, quaternion = np.zeros(len(rows)), np.zeros((len(rows), 4))
    for code in distinct(codes).tolist():
        mine = np.flatnonzero(codes == code)
        values = columns.params[rows[mine]]
        matrices = GATES[NAMES[code]].matrix(*(values[:, i] for i in range(int(NUM_PARAMS[code]))))
        found = from_matrix(matrices)
        phase[mine], quaternion[mine] = found[0], found[1]
    return phase, quaternion


def _numeric(rewriter: Rewriter, rows: Index, quaternion: Real, fractional: bool) -> None:
    columns = rewriter.circuit.columns
    theta, phi, lam = zyz(quaternion)

    def rz(chosen: npt.NDArray[np.bool_], value: Real) -> None:
        wrapped = np.asarray(wrap(value))
        turns = np.round((value - wrapped) / (2 * PI)).sum() % 2
        rewriter.phase = rewriter.phase + PI * float(turns)
        kept = np.flatnonzero(chosen)[wrapped != 0]
        gate("rz", kept, [wrapped[wrapped != 0]])

    def gate(name: str, chosen: Index, params: list[Real]) -> None:
        mine = rows[chosen]
        rewriter.gates(mine, name, columns.qubits[mine, 0], params, columns.span[mine])

    none, quarter, half = theta == 0, np.abs(theta - PI / 2) < TOLERANCE, np.abs(theta - PI) < TOLERANCE
    other = ~(none | quarter | half)
    rz(none, (phi + lam)[none])
    rz(quarter, (lam - PI / 2)[quarter])
    gate("sx", np.flatnonzero(quarter), [])
    rz(quarter, (phi + PI / 2)[quarter])
    rz(half, (lam - phi - PI)[half])
    gate("x", np.flatnonzero(half), [])
    shift = -PI / 4 * quarter.sum() - PI / 2 * half.sum()
    if fractional:
        rz(other, (lam - PI / 2)[other])
        gate("rx", np.flatnonzero(other), [theta[other]])
        rz(other, (phi + PI / 2)[other])
    else:
        rz(other, lam[other])
        gate("sx", np.flatnonzero(other), [])
        rz(other, theta[other] + PI)
        gate("sx", np.flatnonzero(other), [])
        rz(other, (phi + PI)[other])
        shift += PI / 2 * other.sum()
    rewriter.phase = rewriter.phase + float(shift)


def _symbolic(circuit: Circuit, row: int, fractional: bool) -> list[Row]:
    """A one-qubit gate with symbolic angles: rz where it is diagonal, else by its Euler angles."""
    lines: list[Row] = []
    name, angles = NAMES[int(circuit.columns.opcode[row])], circuit.row_angles(row)
    pending: list[tuple[str, tuple[Any, ...]]] = [(name, angles)]
    while pending:
        name, values = pending.pop(0)
        a = [angle(v) for v in values]
        if name == "rz":
            lines.append(_r("rz", a[0], 0))
        elif name in ("p", "u1"):
            lines += [_r("rz", a[0], 0), ("gphase", (a[0] / 2,), ())]
        elif name == "rx":
            lines += _euler(a[0], Angle(-PI / 2), Angle(PI / 2), fractional)
        elif name == "ry":
            lines += _euler(a[0], Angle(), Angle(), fractional)
        elif name in ("u", "U"):
            lines += _euler(a[0], a[1], a[2], fractional)
            lines.append(("gphase", ((a[1] + a[2]) / 2 + (a[0] / 2 if name == "U" else 0.0),), ()))
        elif name == "gphase":
            lines.append(("gphase", (a[0],), ()))
        else:
            definition = GATES[name].define
            assert definition is not None, name
            pending = [(n, v) for n, v, _ in definition(*a)] + pending
    return lines


def _euler(theta: Angle, phi: Angle, lam: Angle, fractional: bool) -> list[Row]:
    """Rz(phi) Ry(theta) Rz(lam) with its phase."""
    if theta.is_number:
        size = float(wrap(theta.constant, 4 * PI))
        if abs(size) < TOLERANCE:
            return [_r("rz", phi + lam, 0)]
        if abs(size - PI / 2) < TOLERANCE:
            return [_r("rz", lam - PI / 2, 0), _g("sx", 0), _r("rz", phi + PI / 2, 0), ("gphase", (-PI / 4,), ())]
        if abs(size - PI) < TOLERANCE:
            return [_r("rz", lam - phi - PI, 0), _g("x", 0), ("gphase", (-PI / 2,), ())]
        if size < 0:
            return _euler(-theta, phi + PI, lam - PI, fractional)
    if fractional:
        return [_r("rz", lam - PI / 2, 0), _r("rx", theta, 0), _r("rz", phi + PI / 2, 0)]
    return [
        _r("rz", lam, 0), _g("sx", 0), _r("rz", theta + PI, 0), _g("sx", 0), _r("rz", phi + PI, 0), ("gphase", (PI / 2,), ()),
    ]  # fmt: skip
