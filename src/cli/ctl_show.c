/* What status and top have in common. */
#include "config.h"

#include "cli/ctl_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void
show_latency(char out[SHOWN_SIZE], double seconds)
{
	if (seconds < 0)
		snprintf(out, SHOWN_SIZE, "-");
	else if (seconds < 1)
		snprintf(out, SHOWN_SIZE, "%.1f ms", seconds * 1000);
	else
		snprintf(out, SHOWN_SIZE, "%.1f s", seconds);
}

void
show_duration(char out[SHOWN_SIZE], double seconds)
{
	unsigned long long s = seconds > 0 ? (unsigned long long)seconds : 0;

	if (s >= 24 * 3600)
		snprintf(out, SHOWN_SIZE, "%llu d %02llu:%02llu:%02llu", s / 86400, s / 3600 % 24, s / 60 % 60, s % 60);
	else
		snprintf(out, SHOWN_SIZE, "%02llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
}

void
show_octets(char out[SHOWN_SIZE], double octets)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	size_t i = 0;

	while (octets >= 1000 && i + 1 < sizeof(units) / sizeof(units[0])) {
		octets /= 1000;
		i++;
	}
	snprintf(out, SHOWN_SIZE, i == 0 ? "%.0f %s" : "%.1f %s", octets, units[i]);
}

const char *
show_state(const struct figures *f)
{
	static const struct {
		const char *process, *missing;
	} needed[] = {
		{ "proxy", "not ready: no proxy" },
		{ "scanner", "not ready: no scanner" },
		{ "keeper", "not ready: no keeper" },
	};

	if (figures_sum(f, "gatepost_draining") > 0)
		return "draining";
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (figures_sum_of(f, "gatepost_process_ready", "process", span_str(needed[i].process), NULL, SPAN_NONE) < 1)
			return needed[i].missing;
	return "ready";
}

void
show_head(struct buf *out, const struct figures *f)
{
	char up[SHOWN_SIZE];
	struct span version = SPAN_NONE;

	for (size_t i = 0; i < f->count && version.len == 0; i++)
		version = figure_label(&f->items[i], "version");
	show_duration(up, (double)time(NULL) - figures_sum(f, "gatepost_start_time_seconds"));
	buf_printf(out, "gatepost %.*s, %s, up %s\n", SPAN_ARG(version), show_state(f), up);
}

/* The figure of that name for the process of `pid`; negative when there is none. */
static double
of_process(const struct figures *f, const char *name, const struct figure *pid)
{
	for (size_t i = 0; i < f->count; i++)
		if (span_is(f->items[i].name, name) && span_eq(f->items[i].labels, pid->labels))
			return f->items[i].value;
	return -1;
}

/* What the process takes, as far as it is known. */
static void
show_usage(struct buf *out, const struct figures *f, const struct figures *rates, double seconds, const struct figure *pid)
{
	char memory[SHOWN_SIZE], processor[SHOWN_SIZE];
	double octets = of_process(f, "gatepost_process_resident_memory_bytes", pid);
	double used = of_process(rates != NULL ? rates : f, "gatepost_process_cpu_seconds_total", pid);

	if (octets < 0)
		return;
	show_octets(memory, octets);
	if (rates != NULL)
		snprintf(processor, sizeof(processor), "%.1f%%", used > 0 ? 100 * used / seconds : 0);
	else
		show_latency(processor, used);
	buf_printf(out, "%10s %7.0f of %.0f fds   cpu %s", memory, of_process(f, "gatepost_process_open_fds", pid),
	    of_process(f, "gatepost_process_max_fds", pid), processor);
}

void
show_processes(struct buf *out, const struct figures *f, const struct figures *rates, double seconds)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct figure *x = &f->items[i];
		struct span kind, index, generation;

		if (!span_is(x->name, "gatepost_process_pid"))
			continue;
		kind = figure_label(x, "process");
		index = figure_label(x, "index");
		generation = figure_label(x, "generation");
		buf_printf(out, "  %-10.*s%4.*s   pid %-9.0f", SPAN_ARG(kind), SPAN_ARG(index), x->value);
		buf_printf(out, "%-9s", of_process(f, "gatepost_process_ready", x) > 0 ? "ready" : "not ready");
		show_usage(out, f, rates, seconds, x);
		if (!span_is(generation, "0"))
			buf_printf(out, "   of reload %.*s", SPAN_ARG(generation));
		buf_add_byte(out, '\n');
	}
}

static int
compare_groups(const void *a, const void *b)
{
	const struct figures_group *x = a, *y = b;

	return x->sum != y->sum ? (x->sum < y->sum) - (x->sum > y->sum) :
	    memcmp(x->value.data, y->value.data, x->value.len < y->value.len ? x->value.len : y->value.len);
}

struct figures_group *
show_top_rules(const struct figures *f, size_t most, size_t *count)
{
	struct figures_group *all = figures_groups(f, "gatepost_rule_hits_total", "rule", count);

	if (*count > 1)
		qsort(all, *count, sizeof(*all), compare_groups);
	while (*count > 0 && (*count > most || all[*count - 1].sum <= 0))
		--*count;
	return all;
}
