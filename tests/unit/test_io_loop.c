/* The loop: turns, timers that move, watches and signals. */
#include "config.h"

#include "io_pair.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct count {
	struct loop *loop;
	unsigned calls, most;
	struct watch *watch;
	struct timer *timer;
	int fd;
};

static void
again(void *context)
{
	struct count *c = context;

	c->calls++;
	if (c->calls < c->most)
		loop_soon(c->loop, again, c);
	else
		loop_stop(c->loop);
}

/* Work that begets work ends, and does so in turns. */
static void
test_soon(void **state)
{
	struct count c = { .loop = loop_new(), .most = 100 };

	(void)state;
	assert_true(loop_soon(c.loop, again, &c));
	assert_int_equal(c.calls, 0);
	loop_run(c.loop);
	assert_int_equal(c.calls, 100);
	assert_true(loop_soon(c.loop, again, &c));
	loop_free(&c.loop); /* what was not run is forgotten */
	assert_int_equal(c.calls, 100);
}

static void
read_and_stop(void *context)
{
	struct count *c = context;
	char octet;

	assert_int_equal(read(c->fd, &octet, 1), 1);
	c->calls++;
	loop_stop(c->loop);
}

static void
beget(void *context)
{
	struct count *c = context;

	loop_soon(c->loop, beget, c);
}

/* Sockets have their turn though something is always due soon. */
static void
test_soon_does_not_starve(void **state)
{
	struct count c = { .loop = loop_new() };
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	c.fd = ends[0];
	c.watch = watch_new(c.loop, ends[0], read_and_stop, &c);
	assert_non_null(c.watch);
	assert_true(loop_soon(c.loop, beget, &c));
	assert_int_equal(write(ends[1], "x", 1), 1);
	loop_run(c.loop);
	assert_int_equal(c.calls, 1);
	watch_free(&c.watch);
	close(ends[0]);
	close(ends[1]);
	loop_free(&c.loop);
}

static void
due(void *context)
{
	struct count *c = context;

	c->calls++;
	loop_stop(c->loop);
}

static void
test_timers(void **state)
{
	struct count first = { .loop = loop_new() }, second = { .loop = first.loop }, never = { .loop = first.loop };
	uint64_t now;

	(void)state;
	first.timer = timer_new(first.loop, due, &first);
	second.timer = timer_new(first.loop, due, &second);
	never.timer = timer_new(first.loop, due, &never);
	now = loop_now(first.loop);
	/* Moved later, moved earlier, and taken back. */
	timer_at(first.timer, now + 1);
	timer_at(first.timer, now + 30);
	timer_at(second.timer, now + 100000);
	timer_at(second.timer, now + 2);
	timer_at(never.timer, now + 1);
	timer_at(never.timer, 0);
	loop_run(first.loop);
	assert_int_equal(second.calls, 1);
	assert_int_equal(first.calls, 0);
	loop_run(first.loop);
	assert_int_equal(first.calls, 1);
	assert_true(loop_now(first.loop) >= now + 30);
	assert_int_equal(never.calls, 0);
	/* A time that has passed is due at once; each time only once. */
	timer_at(second.timer, 1);
	loop_run(first.loop);
	assert_int_equal(second.calls, 2);
	loop_run(first.loop); /* nothing is left to wait for */
	assert_int_equal(first.calls + second.calls, 3);
	timer_free(&first.timer);
	timer_free(&second.timer);
	timer_free(&never.timer);
	loop_free(&first.loop);
}

static void
due_and_freed(void *context)
{
	struct count *c = context;

	c->calls++;
	timer_free(&c->timer);
	loop_stop(c->loop);
}

static void
test_timer_freed_when_due(void **state)
{
	struct count c = { .loop = loop_new() };

	(void)state;
	c.timer = timer_new(c.loop, due_and_freed, &c);
	timer_at(c.timer, loop_now(c.loop));
	loop_run(c.loop);
	assert_int_equal(c.calls, 1);
	assert_null(c.timer);
	loop_free(&c.loop);
}

static void
test_watch_pause(void **state)
{
	struct count c = { .loop = loop_new() }, other = { .loop = c.loop };
	int ends[2], others[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pipe(others), 0);
	c.fd = ends[0];
	other.fd = others[0];
	c.watch = watch_new(c.loop, ends[0], read_and_stop, &c);
	other.watch = watch_new(c.loop, others[0], read_and_stop, &other);
	watch_pause(c.watch, true);
	watch_pause(c.watch, true);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(write(others[1], "x", 1), 1);
	loop_run(c.loop);
	assert_int_equal(other.calls, 1);
	assert_int_equal(c.calls, 0);
	watch_pause(c.watch, false);
	loop_run(c.loop);
	assert_int_equal(c.calls, 1);
	watch_free(&c.watch);
	watch_free(&other.watch);
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(others[i]);
	}
	loop_free(&c.loop);
}

static void
test_signal(void **state)
{
	struct count c = { .loop = loop_new() };

	(void)state;
	c.watch = watch_signal(c.loop, SIGUSR1, due, &c);
	assert_non_null(c.watch);
	raise(SIGUSR1);
	loop_run(c.loop);
	assert_int_equal(c.calls, 1);
	watch_free(&c.watch);
	loop_free(&c.loop);
}

static void
time_is_up(void *context)
{
	loop_stop(((struct count *)context)->loop);
}

/* What a child hears before it has handlers of its own is not the parent's. */
static void
test_signal_in_a_child(void **state)
{
	struct count c = { .loop = loop_new() };
	sigset_t none;
	pid_t child;

	(void)state;
	c.watch = watch_signal(c.loop, SIGUSR1, due, &c);
	c.timer = timer_new(c.loop, time_is_up, &c);
	child = loop_fork();
	if (child == 0) {
		raise(SIGUSR1);
		signal(SIGUSR1, SIG_IGN);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	timer_at(c.timer, loop_now(c.loop) + 1);
	loop_run(c.loop);
	assert_int_equal(c.calls, 0);
	raise(SIGUSR1);
	loop_run(c.loop);
	assert_int_equal(c.calls, 1);
	watch_free(&c.watch);
	timer_free(&c.timer);
	loop_free(&c.loop);
}

/* A stop before the run holds for the next run, and only for that. */
static void
test_stop_before_run(void **state)
{
	struct count c = { .loop = loop_new(), .most = 1 };

	(void)state;
	assert_true(loop_soon(c.loop, again, &c));
	loop_stop(c.loop);
	loop_run(c.loop);
	assert_int_equal(c.calls, 0);
	loop_run(c.loop);
	assert_int_equal(c.calls, 1);
	loop_free(&c.loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_soon),
		cmocka_unit_test(test_soon_does_not_starve),
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_timer_freed_when_due),
		cmocka_unit_test(test_watch_pause),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_signal_in_a_child),
		cmocka_unit_test(test_stop_before_run),
	};

	return cmocka_run_group_tests_name("io/loop", tests, NULL, NULL);
}
