#!/bin/sh
# Every kernel's plain C on 32-bit Arm.
. tests/checker/cross.sh
cross arm-linux-gnueabihf arm
check max --cases 12
