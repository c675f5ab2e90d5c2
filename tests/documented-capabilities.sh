#!/bin/sh
# Each capability of IMAP and POP3 and each keyword of EHLO that the program knows is in
# gatepost.yaml(5), as shown or as hidden.
wire=${srcdir:-.}/src/wire page=${srcdir:-.}/man/gatepost.yaml.5
known=$(sed -n 's/^	\[IMAP_CAPA_[A-Z0-9_]*\] = { "\([^"]*\)".*/\1/p' "$wire/imap_capability.c"
	sed -n 's/^	{ \(POP3_CAPA\|EXT\)_[A-Z0-9_]*, "\([^"]*\)".*/\2/p' "$wire/pop3_offers.c" "$wire/smtp_offers.c")

echo 1..2
if [ "$(echo "$known" | wc -l)" -gt 70 ]; then
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
