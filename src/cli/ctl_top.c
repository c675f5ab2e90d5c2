/* gatepost ctl top. A frame is made of two readings of the figures: rates are
 * what has grown between them. The first has nothing before it and shows what
 * has grown since gatepost began. */
#include "config.h"

#include "cli/ctl_top.h"

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/control_client.h"
#include "cli/ctl_show.h"
#include "cli/options.h"
#include "cli/screen.h"

#include <stdio.h>
#include <time.h>

/* ---- a frame ---- */

/* "name n" for each value of the label that has grown. */
static void
add_rates(struct buf *out, const struct figures *f, const char *title, const char *name, const char *label,
    double seconds)
{
	size_t count;
	struct figures_group *groups = figures_groups(f, name, label, &count);

	buf_printf(out, "%-12s", title);
	for (size_t i = 0; i < count; i++)
		if (groups[i].sum > 0)
			buf_printf(out, "%.*s %.1f  ", SPAN_ARG(groups[i].value), groups[i].sum / seconds);
	if (figures_sum(f, name) <= 0)
		buf_add_str(out, "none");
	buf_add_byte(out, '\n');
}

static void
add_sessions(struct buf *out, const struct figures *now, const struct figures *rates, double seconds)
{
	size_t count;
	struct figures_group *all = figures_groups(now, "gatepost_sessions", "protocol", &count);

	buf_printf(out, "%-12s", "sessions");
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%.*s %.0f  ", SPAN_ARG(all[i].value), all[i].sum);
	buf_printf(out, " new %.1f/s  refused %.1f/s\n", figures_sum(rates, "gatepost_sessions_total") / seconds,
	    figures_sum(rates, "gatepost_connections_refused_total") / seconds);
}

static int
columns_of(struct span title)
{
	enum { NARROWEST = 7 };

	return title.len + 2 > NARROWEST ? (int)title.len + 2 : NARROWEST;
}

/* A column for each verdict, so that no figure moves. */
static void
add_messages(struct buf *out, const struct figures *rates, double seconds)
{
	char octets[SHOWN_SIZE];
	size_t count;
	struct figures_group *all = figures_groups(rates, "gatepost_messages_total", "verdict", &count);

	buf_printf(out, "%-12s", "");
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%*.*s", columns_of(all[i].value), SPAN_ARG(all[i].value));
	buf_printf(out, "\n%-12s", "messages/s");
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%*.1f", columns_of(all[i].value), all[i].sum / seconds);
	buf_add_byte(out, '\n');
	show_octets(octets, figures_sum(rates, "gatepost_message_octets_total") / seconds);
	buf_printf(out, "%-12s%.1f/s, %s/s\n", "  in all", figures_sum(rates, "gatepost_messages_total") / seconds, octets);
}

static void
add_latency(struct buf *out, const struct figures *rates, const char *title, const char *name, double seconds)
{
	char half[SHOWN_SIZE], most[SHOWN_SIZE];

	show_latency(half, figures_quantile(rates, name, 0.5));
	show_latency(most, figures_quantile(rates, name, 0.99));
	buf_printf(out, "%-12s%.1f/s  p50 %s  p99 %s", title,
	    figures_sum(rates, arena_printf(rates->arena, "%s_count", name)) / seconds, half, most);
}

static void
add_work(struct buf *out, const struct figures *now, const struct figures *rates, double seconds)
{
	add_latency(out, rates, "scans", "gatepost_scan_seconds", seconds);
	buf_printf(out, "  waiting %.0f  running %.0f\n", figures_sum(now, "gatepost_scan_queue"),
	    figures_sum(now, "gatepost_scans_running"));
	add_latency(out, rates, "relayed", "gatepost_relay_seconds", seconds);
	buf_printf(out, "  keeper's queue %.0f\n", figures_sum(now, "gatepost_keeper_queue"));
	add_rates(out, rates, "failed/s", "gatepost_scan_failures_total", "reason", seconds);
	add_rates(out, rates, "errors/s", "gatepost_errors_total", "kind", seconds);
}

static void
add_rules(struct buf *out, const struct figures *now, const struct figures *rates, double seconds, size_t most)
{
	size_t count;
	struct figures_group *all = show_top_rules(rates, most, &count);

	buf_printf(out, "\n%-24s%10s%12s\n", "rules", "per s", "in all");
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "  %-22.*s%10.1f%12.0f\n", SPAN_ARG(all[i].value), all[i].sum / seconds,
		    figures_sum_of(now, "gatepost_rule_hits_total", "rule", all[i].value, NULL, SPAN_NONE));
}

static size_t
count_processes(const struct figures *f)
{
	size_t count = 0;

	for (size_t i = 0; i < f->count; i++)
		count += span_is(f->items[i].name, "gatepost_process_pid");
	return count;
}

void
show_top(struct buf *out, const struct figures *now, const struct figures *rates, double seconds, size_t lines)
{
	enum { FIXED = 15, RULES_LEAST = 3 }; /* lines beside those of rules and processes */
	size_t processes = count_processes(now);
	size_t room = lines > FIXED + processes + RULES_LEAST ? lines - FIXED - processes : RULES_LEAST;
	show_head(out, now);
	buf_printf(out, "rates of the last %.1f s; q ends\n\n", seconds);
	add_sessions(out, now, rates, seconds);
	add_messages(out, rates, seconds);
	add_work(out, now, rates, seconds);
	add_rules(out, now, rates, seconds, room);
	buf_printf(out, "\nprocesses\n");
	show_processes(out, now, rates, seconds);
}

/* ---- readings ---- */

struct reading {
	struct arena *arena;
	struct figures figures;
	uint64_t at; /* clock_micros() */
};

static int
take_reading(struct reading *r, const char *control)
{
	struct buf text = { 0 };
	int status = control_ask(control, "metrics", &text);

	arena_reset(r->arena);
	r->at = clock_micros();
	if (status == STATUS_OK) {
		figures_parse(r->arena, buf_span(&text), &r->figures);
	} else {
		screen_close();
		complain("%.*s", SPAN_ARG(buf_span(&text)));
	}
	buf_free(&text);
	return status;
}

static double
seconds_between(const struct reading *now, const struct reading *before)
{
	double seconds = before->figures.count > 0 ? (double)(now->at - before->at) / 1e6 :
	    (double)time(NULL) - figures_sum(&now->figures, "gatepost_start_time_seconds");

	return seconds > 0.001 ? seconds : 1;
}

static void
show(const struct reading *now, const struct reading *before, bool on_screen)
{
	size_t columns, lines = SIZE_MAX / 2;
	struct buf frame = { 0 };
	struct figures rates;

	if (on_screen)
		screen_size(&columns, &lines);
	figures_since(now->arena, &now->figures, &before->figures, &rates);
	show_top(&frame, &now->figures, &rates, seconds_between(now, before), lines);
	if (on_screen) {
		screen_draw(buf_span(&frame));
	} else {
		buf_add_byte(&frame, '\n'); /* between frames */
		fwrite(frame.data, 1, frame.len, stdout);
		fflush(stdout);
	}
	buf_free(&frame);
}

/* Frame after frame; the two readings take turns. */
static int
run(const char *control, uint64_t interval, uint64_t count, bool on_screen, struct reading readings[2])
{
	uint64_t due = clock_millis();
	enum screen_event event = SCREEN_TIME;
	int status;

	for (uint64_t i = 0;;) {
		struct reading *now = &readings[i % 2], *before = &readings[(i + 1) % 2];

		if (event == SCREEN_TIME) {
			status = take_reading(now, control);
			if (status != STATUS_OK)
				return status;
			due += interval;
		}
		show(now, before, on_screen);
		if (event == SCREEN_TIME && i + 1 == count)
			return STATUS_OK;
		event = screen_wait(due);
		if (event == SCREEN_QUIT)
			return STATUS_OK;
		i += event == SCREEN_TIME;
	}
}

int
ctl_top(const char *control, uint64_t interval, uint64_t count)
{
	struct reading readings[2] = { { .arena = arena_new(0) }, { .arena = arena_new(0) } };
	bool on_screen = screen_open();
	int status;

	if (!on_screen && count == 0)
		count = 1;
	status = run(control, interval, count, on_screen, readings);
	screen_close();
	arena_free(&readings[0].arena);
	arena_free(&readings[1].arena);
	return status;
}
