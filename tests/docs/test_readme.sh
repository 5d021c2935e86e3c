#!/bin/sh
# Every command in README.md runs.
exec tools/check-readme
