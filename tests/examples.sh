#!/bin/sh
# The configuration that is installed, and the first example of the manual, are
# read without an error.
example=$(mktemp)
trap 'rm -f "$example"' EXIT
awk '/^\.Ed/ { exit } inside { print } /^\.Bd -literal/ { inside = 1 }' \
	"${srcdir:-.}/man/gatepost.yaml.5" >"$example"

check() {
	errors=$("${builddir:-.}/tests/read_settings" "$2" 2>&1) && [ -s "$2" ] && echo "ok $1 - $3" && return
	echo "not ok $1 - $3"
	echo "$errors" | sed 's/^/# /'
}

echo 1..2
check 1 "${builddir:-.}/etc/gatepost.yaml" "the configuration that is installed"
check 2 "$example" "the example of gatepost.yaml(5)"
