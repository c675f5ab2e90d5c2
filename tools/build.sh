# For the scripts in this folder, which source it: building out of tree, quietly.
# Each step's output goes to a log, whose end is shown when the step fails.

top=$(cd "$(dirname "$0")/.." && pwd)
cores=$(nproc 2>/dev/null || echo 2)

# quietly LOG COMMAND…
quietly() {
	quietly_log=$1
	shift
	"$@" >>"$quietly_log" 2>&1 </dev/null && return
	echo "failed: $*" >&2
	tail -n "${LINES_OF_LOG:-40}" "$quietly_log" >&2
	echo "(all of it is in $quietly_log)" >&2
	return 1
}

# configure is made once, and again when what it is made of has changed.
make_configure() {
	[ -e "$top/configure" ] && [ -z "$(find "$top/configure.ac" "$top/Makefile.am" -newer "$top/configure")" ] && return
	mkdir -p "$top/m4"
	quietly "$1" autoreconf -i "$top"
}

# configured FOLDER CONFIGURE-ARGUMENT…: the folder exists and is configured so.
configured() {
	configured_in=$1
	shift
	mkdir -p "$configured_in"
	: >"$configured_in/build.log"
	make_configure "$configured_in/build.log" || return
	[ "$configured_in/config.status" -nt "$top/configure" ] && return
	(cd "$configured_in" && quietly "$configured_in/build.log" "$top/configure" -q "$@")
}

# told FOLDER TEXT: what make makes of it.
told() {
	made "$1" Makefile && make -s -C "$1" --eval="told:; @echo $2" told
}

# made FOLDER TARGET…
made() {
	made_in=$1
	shift
	quietly "$made_in/build.log" make -C "$made_in" -j "$cores" "$@"
}

# side_by_side FUNCTION ARGUMENT…: calls it with each argument in a process of its
# own, as many at a time as there are cores. Tells in `failures` how many failed. For bash.
side_by_side() {
	side_function=$1 side_running=0 failures=0
	shift
	for side_argument in "$@"; do
		[ $side_running -lt "$cores" ] || side_wait
		"$side_function" "$side_argument" &
		side_running=$((side_running + 1))
	done
	while [ $side_running -gt 0 ]; do
		side_wait
	done
}

side_wait() {
	wait -n || failures=$((failures + 1))
	side_running=$((side_running - 1))
}
