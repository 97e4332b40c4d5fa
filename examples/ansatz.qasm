// A hardware-efficient ansatz with four parameters, for expectation values:
//   qcompile examples/ansatz.qasm -t ibm_fez --observable ZZ --values examples/ansatz_values.json
OPENQASM 3.0;
include "stdgates.inc";

input float[64] alpha;
input float[64] beta;
input float[64] gamma;
input float[64] delta;

qubit[2] q;

ry(alpha) q[0];
ry(beta) q[1];
cx q[0], q[1];
rz(gamma + pi/2) q[0];
rz(gamma - pi/2) q[1];
ry(delta) q[0];
