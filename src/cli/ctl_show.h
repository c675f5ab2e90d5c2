/* What gatepost ctl status and top show of the figures. */
#ifndef CLI_CTL_SHOW_H
#define CLI_CTL_SHOW_H

#include "base/buf.h"
#include "cli/figures.h"

enum { SHOWN_SIZE = 32 };
/* "0.8 ms", "1.5 s", "-" when negative; "3 d 04:05:06"; "1.2 MB". */
void show_latency(char out[SHOWN_SIZE], double seconds);
void show_duration(char out[SHOWN_SIZE], double seconds);
void show_octets(char out[SHOWN_SIZE], double octets);
/* "ready", "draining", or what is missing. */
const char *show_state(const struct figures *f);
/* "gatepost 0.1.0, ready, up …", one line. */
void show_head(struct buf *out, const struct figures *f);
/* One line each, the processes that live. What they took of the processor is
 * told as a part of the `seconds` that the rates are of, or where these are NULL
 * as time. */
void show_processes(struct buf *out, const struct figures *f, const struct figures *rates, double seconds);

/* The rules that hold most often first, at most `most` of them; *count of those
 * that held at all. */
struct figures_group *show_top_rules(const struct figures *f, size_t most, size_t *count);

/* All of gatepost ctl status. */
void show_status(struct buf *out, const struct figures *f, const char *config);
/* All of a frame of gatepost ctl top, of so many lines at most; `rates` are the
 * counters' growth over `seconds`. */
void show_top(struct buf *out, const struct figures *now, const struct figures *rates, double seconds, size_t lines);

#endif
