#!/bin/sh
# Each key and condition of the rule language, each kind of content and each
# defect has its line in gatepost-rules(5), at its place; and the page describes
# none that the program does not know.
page=${srcdir:-.}/man/gatepost-rules.5
known=$(mktemp) described=$(mktemp)
trap 'rm -f "$known" "$described"' EXIT

"${builddir:-.}/tests/print_conditions" | LC_ALL=C sort >"$known"
# A condition is `.It Ic`; the keys below it, and those of other places, `.It Cm`.
awk '
	/^\.Sh / {
		place = ""
		if ($0 == ".Sh THE FILE") place = "FILE"
		if ($0 == ".Sh A RULE") place = "RULE"
		if ($0 == ".Sh CONDITIONS") place = "CONDITION"
		if ($0 == ".Sh KINDS OF CONTENT") place = "KINDS"
		if ($0 == ".Sh DEFECTS") place = "DEFECTS"
	}
	/^\.It Ic / && place != "" { print "CONDITION\t" $3; place = $3 }
	/^\.It Cm / && place != "" { word = $3; if ($4 == "Pq") word = word " Pq " $5; print place "\t" word }
' "$page" | LC_ALL=C sort >"$described"

report() {
	if [ -z "$2" ]; then
		echo "ok $1 - $3"
	else
		echo "not ok $1 - $3"
		echo "$2" | sed 's/^/# /'
	fi
}

echo 1..3
if [ -s "$known" ]; then
	echo "ok 1 - the program tells its words"
else
	echo "not ok 1 - the program tells its words"
fi
report 2 "$(LC_ALL=C comm -23 "$known" "$described")" "every word is described"
report 3 "$(LC_ALL=C comm -13 "$known" "$described")" "no other word is described"
