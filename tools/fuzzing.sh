# For the scripts in this folder that fuzz; after build.sh.

# Of one input. What takes so long grows faster than its input, or hangs.
FUZZ_PATIENCE=20

fuzz_names() {
	for fuzz_source in "$top"/tests/fuzz/fuzz_*.c; do
		fuzz_name=${fuzz_source##*/fuzz_}
		echo "${fuzz_name%.c}"
	done
}

# fuzz_build FOLDER NAME…
fuzz_build() {
	fuzz_folder=$1
	shift
	configured "$fuzz_folder" CC=clang --enable-fuzzers && made "$fuzz_folder" "${@/#/tests/fuzz/fuzz_}"
}

# fuzz_run FOLDER NAME WORK ARGUMENT…: the target of a build over its seeds, and
# beyond as far as the arguments let it. What is found goes to WORK/found, an input
# that fails to WORK.
fuzz_run() {
	fuzz_program=$1/tests/fuzz/fuzz_$2 fuzz_seeds=$top/tests/fuzz/corpus/$2 fuzz_dictionary=$top/tests/fuzz/$2.dict
	fuzz_work=$3
	shift 3
	[ -e "$fuzz_dictionary" ] || fuzz_dictionary=
	mkdir -p "$fuzz_work/found"
	: >"$fuzz_work/log"
	# Libraries ask for what an archive says that it needs, and live with a refusal.
	quietly "$fuzz_work/log" env -C "$fuzz_work" ASAN_OPTIONS=allocator_may_return_null=1 \
		"$fuzz_program" -malloc_limit_mb=0 -rss_limit_mb=0 -timeout=$FUZZ_PATIENCE -verbosity=1 \
		-artifact_prefix="$fuzz_work/" ${fuzz_dictionary:+-dict="$fuzz_dictionary"} "$@" "$fuzz_work/found" "$fuzz_seeds"
}
