#!/bin/sh
# Each capability of IMAP that the program knows is in gatepost.yaml(5), as shown or as hidden.
source=${srcdir:-.}/src/wire/imap_capability.c page=${srcdir:-.}/man/gatepost.yaml.5
known=$(sed -n 's/^	\[IMAP_CAPA_[A-Z0-9_]*\] = { "\([^"]*\)".*/\1/p' "$source")

echo 1..2
if [ "$(echo "$known" | wc -l)" -gt 40 ]; then
	echo "ok 1 - the source tells its capabilities"
else
	echo "not ok 1 - the source tells its capabilities"
fi
missing=$(for name in $known; do tr -s ' ,.;:' '\n' <"$page" | grep -qxF -- "$name" || echo "# $name"; done)
if [ -z "$missing" ]; then
	echo "ok 2 - each is described"
else
	printf 'not ok 2 - each is described\n%s\n' "$missing"
fi
