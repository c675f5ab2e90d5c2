#!/bin/sh
# The rules of the house that a machine can see. A folder of src/ includes only
# itself and folders above it in this list; files and functions stay short.
layers="base wire mime conf engine rule rewrite scan io store proxy daemon cli"
file_lines=600
function_lines=150
src=${srcdir:-.}/src

if [ ! -d "$src/base" ]; then
	echo "Bail out! $src is no source of gatepost: set srcdir"
	exit 1
fi

# report NUMBER NAME WHAT-IS-WRONG
report() {
	if [ -z "$3" ]; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		echo "$3" | sed 's/^/# /'
	fi
}

wrong_includes() {
	seen=
	for folder in $layers; do
		seen="$seen $folder"
		for include in $(grep -ho '^#include "[a-z]*/' "$src/$folder"/*.[ch] | sed 's/.*"//; s,/,,' | sort -u); do
			case " $seen " in
			*" $include "*) ;;
			*) echo "src/$folder includes $include" ;;
			esac
		done
	done
	for folder in "$src"/*/; do
		case " $layers " in
		*" $(basename "$folder") "*) ;;
		*) echo "$folder has no place in the order" ;;
		esac
	done
}

long_files() {
	find "$src" -name '*.[ch]' -exec awk -v most="$file_lines" 'FNR == most + 1 { print FILENAME }' {} +
}

# A body stands between a line "{" and a line "}".
long_functions() {
	find "$src" -name '*.c' -exec awk -v most="$function_lines" '
		FNR == 1 { began = 0 }
		/^\{$/ { began = FNR }
		/^\}/ && began {
			if (FNR - began - 1 > most)
				print FILENAME ":" began ": " FNR - began - 1 " lines"
			began = 0
		}' {} +
}

echo 1..3
report 1 "a folder includes only folders above it" "$(wrong_includes)"
report 2 "no file is over $file_lines lines" "$(long_files)"
report 3 "no function is over $function_lines lines" "$(long_functions)"
