#!/bin/sh
# Each key of gatepost.yaml has its line in gatepost.yaml(5), in the section of
# its mapping, with the type and the default that the program has; and the page
# describes none that the program does not know. Every page is good mdoc.
page=${srcdir:-.}/man/gatepost.yaml.5
known=$(mktemp) described=$(mktemp)
trap 'rm -f "$known" "$described"' EXIT

"${builddir:-.}/tests/print_keys" | LC_ALL=C sort >"$known"
awk '
	/^\.Sh / { section = ""; keys = ($2 == "KEYS") }
	/^\.Ss / { section = $2 }
	/^\.It Cm / && keys { sub(/^\.It /, ""); print section "\t" $0 }
' "$page" | LC_ALL=C sort >"$described"

report() {
	if [ -z "$2" ]; then
		echo "ok $1 - $3"
	else
		echo "not ok $1 - $3"
		echo "$2" | sed 's/^/# /'
	fi
}

# Whether the pages it names are installed is not asked (STYLE).
lint() {
	for manual in "${srcdir:-.}"/man/*.[1-8]; do
		mandoc -Tlint -Wwarning "$manual" 2>&1
	done
}

echo 1..4
report 1 "$([ -s "$known" ] || echo 'no key at all')" "the program knows keys"
report 2 "$(LC_ALL=C comm -23 "$known" "$described")" "every key is described"
report 3 "$(LC_ALL=C comm -13 "$known" "$described")" "every description is of a key"
if command -v mandoc >/dev/null; then
	report 4 "$(lint)" "mandoc finds nothing wrong"
else
	echo "ok 4 # SKIP no mandoc"
fi
