#!/bin/sh
# Every kernel's plain C on 64-bit RISC-V.
. tests/checker/cross.sh
cross riscv64-linux-gnu riscv64
check rv64 --cases 12
