#!/bin/sh
# The house's one rule: a folder of src/ includes only itself and folders
# above it in this list.
layers="base wire mime conf engine rule rewrite scan io store proxy daemon cli"
src=${srcdir:-.}/src
echo 1..1
bad=
seen=
for folder in $layers; do
	seen="$seen $folder"
	for include in $(grep -ho '^#include "[a-z]*/' "$src/$folder"/*.[ch] 2>/dev/null | sed 's/.*"//; s,/,,' | sort -u); do
		case " $seen " in
		*" $include "*) ;;
		*) bad="$bad $folder->$include" ;;
		esac
	done
done
if [ -z "$bad" ]; then
	echo "ok 1 - includes point upwards only"
else
	echo "not ok 1 - includes point upwards only:$bad"
fi
