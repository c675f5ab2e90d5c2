/* Two connected endpoints on one loop, for the tests of src/io. What an end
 * receives it gathers in `got`; every call of ready() ends loop_run(), so that
 * run_until() looks at its condition after each event. */
#ifndef TESTS_IO_PAIR_H
#define TESTS_IO_PAIR_H

#include "io/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct end {
	struct loop *loop;
	struct endpoint *e;
	struct buf got;
	unsigned calls;
	bool keep;                 /* leave the input where it is */
	void (*act)(struct end *); /* at the end of ready() */
	void *context;
};

struct pair {
	struct loop *loop;
	struct timer *watchdog;
	struct end left, right;
};

/* A loop that fails the test when it waits for too long. */
void pair_loop(struct pair *p);
/* Endpoints over a TCP connection on the loopback. */
void pair_tcp(struct pair *p);
/* Only the left is an endpoint, over a UNIX socket; returns the other's descriptor. */
int pair_raw(struct pair *p);
void pair_free(struct pair *p);

/* Makes an endpoint of one end. */
void end_begin(struct loop *l, struct end *end, int fd);

#define run_until(p, condition) \
	do { \
		while (!(condition)) \
			loop_run((p)->loop); \
	} while (0)

void send_text(struct end *end, const char *text);
bool end_got(const struct end *end, const char *text);
/* len octets that look alike nowhere. */
void fill_pattern(struct buf *out, size_t len);
/* An unlinked file that holds them. */
int pattern_file(struct span bytes);
/* A connected pair of non-blocking TCP sockets. */
void tcp_pair(int fds[2]);

#endif
