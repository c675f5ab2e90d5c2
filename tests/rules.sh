#!/bin/sh
# The starter rules, by their own tests.
exec "${GATEPOST:-src/gatepost}" test "${srcdir:-.}"/tests/rules/*.test.yaml
