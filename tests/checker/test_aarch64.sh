#!/bin/sh
# Every kernel on 64-bit Arm: a processor with all extensions, one without any, and one whose extensions are left unused.
. tests/checker/cross.sh
cross aarch64-linux-gnu aarch64

check max --cases 12
for family in integer_conv integer_matmul; do
    for engine in neon_i8mm neon_dotprod neon; do
        ran "${family}_$engine"
    done
done
check cortex-a53 --cases 12 --family integer_conv
ran integer_conv_neon
lacked integer_conv_neon_dotprod
lacked integer_conv_neon_i8mm
check neoverse-n1 --cases 12 --family integer_matmul
ran integer_matmul_neon_dotprod
lacked integer_matmul_neon_i8mm
check max --cases 12 --cpu none --family integer_matmul
lacked integer_matmul_neon
ran integer_matmul_tiles
