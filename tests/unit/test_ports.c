/* The proxy's links to scanners and keeper, with the test as the other side:
 * who is blamed when a scanner dies, and what becomes of the others. */
#include "config.h"

#include "io/packet.h"
#include "proxy/keep_port.h"
#include "proxy/scan_port.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { JOBS_MOST = 16, SCANNER = 7, OTHER_SCANNER };
static const char message[] = "Subject: x\r\n\r\ntext\r\n";
enum { MESSAGE_SIZE = sizeof(message) - 1 };

struct done {
	enum verdict verdict;
	bool complete;
	char reason[64];
	size_t times;
};

struct fixture {
	struct loop *loop;
	struct scan_load *load;
	struct spool_pool *pool;
	struct spool spool;
	struct scan_port *scan;
	struct keep_port *keep;
	struct done done[JOBS_MOST];
	struct policy_settings policy;
	struct settings settings;
	struct stats stats;
	struct stats_gauges gauges;
	size_t stuck;
};

static void
was_stuck(void *context, uint32_t scanner)
{
	struct fixture *f = context;

	assert_int_equal(scanner, SCANNER);
	f->stuck++;
	loop_stop(f->loop);
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->policy = (struct policy_settings){ .name = "p", .on_failure = FAILURE_DEFER };
	f->settings = (struct settings){ .policies = &f->policy, .policy_count = 1, .timeouts = { .scan = 60 * 1000 } };
	f->loop = loop_new();
	f->pool = spool_pool_new(f->loop, "/tmp", 1024 * 1024);
	f->load = scan_load_new(OTHER_SCANNER + 1);
	assert_non_null(f->load);
	f->scan = scan_port_new(f->loop, &f->settings, NULL, f->load, &f->stats, &f->gauges, was_stuck, f);
	f->keep = keep_port_new(f->loop, &f->gauges, NULL, NULL);
	spool_init(&f->spool, f->pool);
	assert_true(spool_add(&f->spool, span_str(message)));
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	scan_port_free(&f->scan);
	keep_port_free(&f->keep);
	spool_reset(&f->spool, false);
	spool_pool_free(&f->pool);
	scan_load_free(&f->load);
	loop_free(&f->loop);
	free(f);
	return 0;
}

/* Lets everything happen that is due. */
static void
turn(struct fixture *f)
{
	for (int i = 0; i < 10; i++)
		event_base_loop(loop_base(f->loop), EVLOOP_NONBLOCK);
}

static void
answered(void *context, const struct scan_answer *answer)
{
	struct done *d = context;

	d->verdict = answer->verdict;
	d->complete = answer->complete;
	snprintf(d->reason, sizeof(d->reason), "%.*s", SPAN_ARG(answer->reason));
	d->times++;
}

static struct scan_job *
submit_of(struct fixture *f, size_t i, unsigned char client)
{
	const struct scan_request request = { .policy = 0, .sender = SPAN_LITERAL("a@example.org"), .client = { client } };
	struct scan_job *j = scan_submit(f->scan, &request, &f->spool, answered, &f->done[i]);

	assert_non_null(j);
	return j;
}

static struct scan_job *
submit(struct fixture *f, size_t i)
{
	return submit_of(f, i, 0);
}

static int
link_to(struct fixture *f, uint32_t scanner)
{
	int pair[2];

	assert_true(packet_pair(pair, true, true));
	assert_true(scan_port_link(f->scan, scanner, pair[0]));
	return pair[1];
}

static int
link_scanner(struct fixture *f)
{
	return link_to(f, SCANNER);
}

struct linking {
	struct fixture *fixture;
	int fd;
};

static void
link_and_stop(void *context)
{
	struct linking *l = context;

	l->fd = link_scanner(l->fixture);
	loop_stop(l->fixture->loop);
}

/* In one turn of the loop, for which time stands still: the scanner is not held between two jobs. */
static int
link_at_once(struct fixture *f)
{
	struct linking l = { f, -1 };

	assert_true(loop_soon(f->loop, link_and_stop, &l));
	loop_run(f->loop);
	return l.fd;
}

/* Takes one request off the link; false when there is none. */
static bool
take(int fd, uint64_t *id)
{
	struct packet p;
	struct scan_frame frame;
	bool got;

	packet_init(&p);
	got = packet_receive(fd, &p) > 0;
	if (got) {
		assert_true(scan_frame_decode(buf_span(&p.data), &frame));
		assert_int_equal(frame.size, MESSAGE_SIZE);
		*id = frame.id;
	}
	packet_free(&p);
	return got;
}

static void
answer(int fd, uint64_t id, enum verdict verdict)
{
	const struct scan_answer a = { .verdict = verdict, .complete = true, .readings = 1 };
	struct buf out = { 0 };

	scan_frame_answer(&out, id, &a);
	assert_int_equal(packet_send(fd, buf_span(&out), SPAN_NONE, NULL, 0), PACKET_SENT);
	buf_free(&out);
}

static void
test_answers(void **state)
{
	struct fixture *f = *state;
	uint64_t first, second;
	int fd;

	submit(f, 0);
	submit(f, 1);
	fd = link_at_once(f);
	assert_true(take(fd, &first) && take(fd, &second));
	answer(fd, second, VERDICT_TAG);
	answer(fd, first, VERDICT_REJECT);
	turn(f);
	assert_int_equal(f->done[0].verdict, VERDICT_REJECT);
	assert_int_equal(f->done[1].verdict, VERDICT_TAG);
	assert_int_equal(f->done[0].times + f->done[1].times, 2);
	close(fd);
}

/* It has answered the first, which we have not heard yet when it dies on the second. */
static void
test_death_behind_an_answer(void **state)
{
	struct fixture *f = *state;
	int fd = link_scanner(f);
	uint64_t id;

	for (size_t i = 0; i < 3; i++)
		submit(f, i);
	assert_true(take(fd, &id));
	answer(fd, id, VERDICT_TAG);
	assert_true(take(fd, &id));
	close(fd);
	turn(f);
	assert_true(f->done[0].complete);
	assert_int_equal(f->done[0].verdict, VERDICT_TAG);
	assert_string_equal(f->done[1].reason, "the scanner died on this message");
	assert_int_equal(f->done[2].times, 0);
}

/* Where it does not tell what it was at, the oldest is to blame; the others go to another scanner. */
static void
test_death(void **state)
{
	struct fixture *f = *state;
	int fd = link_scanner(f);
	uint64_t id;

	for (size_t i = 0; i < 3; i++)
		submit(f, i);
	assert_true(take(fd, &id));
	close(fd);
	turn(f);
	assert_int_equal(f->done[0].times, 1);
	assert_false(f->done[0].complete);
	assert_int_equal(f->done[0].verdict, VERDICT_DEFER);
	assert_string_equal(f->done[0].reason, "the scanner died on this message");
	assert_int_equal(f->done[1].times + f->done[2].times, 0);
	fd = link_scanner(f);
	turn(f);
	for (size_t i = 0; i < 2; i++) {
		assert_true(take(fd, &id));
		answer(fd, id, VERDICT_ACCEPT);
	}
	turn(f);
	assert_true(f->done[1].complete && f->done[2].complete);
	close(fd);
}

/* The scanner has these of ours, in this order. */
static int
link_with_jobs(struct fixture *f, uint64_t *ids, size_t count)
{
	int fd;

	for (size_t i = 0; i < count; i++)
		submit(f, i);
	fd = link_at_once(f);
	for (size_t i = 0; i < count; i++)
		assert_true(take(fd, &ids[i]));
	return fd;
}

static void
assert_blamed(const struct fixture *f, size_t blamed, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(f->done[i].times, i == blamed);
	if (blamed < count)
		assert_string_equal(f->done[blamed].reason, "the scanner died on this message");
}

/* The one that it was at is to blame, and not the one before, whose answer was on its way. */
static void
test_death_is_told(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[2], id;
	int fd = link_with_jobs(f, ids, 2);

	scan_load_tell(f->load, SCANNER, ids[1]);
	close(fd);
	turn(f);
	assert_blamed(f, 1, 2);
	fd = link_scanner(f);
	assert_true(take(fd, &id));
	assert_int_equal(id, ids[0]);
	close(fd);
}

/* It was at another proxy's: none of ours is to blame. */
static void
test_death_of_another(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[2], again[2];
	int fd = link_with_jobs(f, ids, 2);

	for (uint64_t foreign = 1; foreign <= 10; foreign++) {
		scan_load_tell(f->load, SCANNER, foreign);
		close(fd);
		turn(f);
		assert_blamed(f, SIZE_MAX, 2);
		scan_load_tell(f->load, SCANNER, 0);
		fd = link_at_once(f);
		assert_true(take(fd, &again[0]) && take(fd, &again[1]));
		assert_memory_equal(again, ids, sizeof(ids));
	}
	answer(fd, ids[0], VERDICT_ACCEPT);
	answer(fd, ids[1], VERDICT_TAG);
	turn(f);
	assert_true(f->done[0].complete && f->done[1].complete);
	close(fd);
}

/* Scanners that always tell that: one message does not end them without end. */
static void
test_death_of_none(void **state)
{
	struct fixture *f = *state;
	size_t deaths = 0;
	uint64_t id;
	int fd;

	submit(f, 0);
	scan_load_tell(f->load, SCANNER, 12345);
	for (; f->done[0].times == 0; deaths++) {
		assert_true(deaths <= 10);
		fd = link_at_once(f);
		assert_true(take(fd, &id));
		close(fd);
		turn(f);
	}
	assert_blamed(f, 0, 1);
	assert_int_equal(deaths, 11);
}

/* We hear of it when the next scanner is at work already. */
static void
test_death_heard_late(void **state)
{
	struct fixture *f = *state;
	uint64_t ids[2];
	int fd = link_with_jobs(f, ids, 2);
	pid_t next;

	scan_load_tell(f->load, SCANNER, ids[1]);
	next = fork();
	if (next == 0) {
		scan_load_own(f->load, SCANNER);
		scan_load_tell(f->load, SCANNER, 12345);
		_exit(0);
	}
	assert_int_equal(waitpid(next, NULL, 0), next);
	close(fd);
	turn(f);
	assert_blamed(f, 1, 2);
}

static void
test_cancelled(void **state)
{
	struct fixture *f = *state;
	struct scan_job *waiting = submit(f, 0), *sent;
	int fd;
	uint64_t id;

	scan_cancel(&waiting);
	assert_null(waiting);
	fd = link_scanner(f);
	sent = submit(f, 1);
	scan_cancel(&sent);
	submit(f, 2);
	assert_true(take(fd, &id)); /* the cancelled one is answered, and nobody is told */
	answer(fd, id, VERDICT_REJECT);
	turn(f);
	assert_true(take(fd, &id));
	answer(fd, id, VERDICT_ACCEPT);
	turn(f);
	assert_int_equal(f->done[0].times + f->done[1].times, 0);
	assert_int_equal(f->done[2].times, 1);
	close(fd);
}

/* A scanner is given few messages ahead; the rest waits for whoever is free. */
static void
test_queue_is_short(void **state)
{
	struct fixture *f = *state;
	uint64_t id;
	size_t sent = 0;
	int fd;

	for (size_t i = 0; i < JOBS_MOST; i++)
		submit(f, i);
	fd = link_at_once(f);
	while (take(fd, &id))
		sent++;
	assert_true(sent >= 2 && sent < JOBS_MOST);
	close(fd);
}

/* However many one client has, another's first comes behind its first. */
static void
test_turns(void **state)
{
	static const size_t order[] = { 0, 4, 6, 1, 5, 2, 3 };
	struct fixture *f = *state;
	uint64_t id;
	int fd;

	for (size_t i = 0; i < 4; i++)
		submit_of(f, i, 1);
	submit_of(f, 4, 2);
	submit_of(f, 5, 2);
	submit_of(f, 6, 3);
	fd = link_scanner(f);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		assert_int_equal(f->done[order[i]].times, 0);
		assert_true(take(fd, &id));
		answer(fd, id, VERDICT_ACCEPT);
		turn(f);
		assert_int_equal(f->done[order[i]].times, 1);
	}
	close(fd);
}

/* Whoever gave it work: of two scanners the one that rests is taken. */
static void
test_rest_is_seen(void **state)
{
	static const uint32_t scanners[] = { SCANNER, OTHER_SCANNER };
	enum { FOREIGN = 12345 };
	struct fixture *f = *state;
	int fds[] = { link_to(f, SCANNER), link_to(f, OTHER_SCANNER) };
	uint64_t id;

	for (size_t i = 0; i < JOBS_MOST; i++) {
		size_t rests = i / 2 % 2;

		scan_load_tell(f->load, scanners[rests], 0);
		scan_load_tell(f->load, scanners[!rests], FOREIGN);
		submit(f, i);
		assert_false(take(fds[!rests], &id));
		assert_true(take(fds[rests], &id));
		answer(fds[rests], id, VERDICT_ACCEPT);
		turn(f);
		assert_int_equal(f->done[i].times, 1);
	}
	close(fds[0]);
	close(fds[1]);
}

/* As time goes by, what comes next by that link. */
static uint64_t
await(struct fixture *f, int fd)
{
	uint64_t id;

	while (!take(fd, &id))
		event_base_loop(loop_base(f->loop), EVLOOP_ONCE);
	return id;
}

/* What waits behind a message that holds its scanner is given to another scanner,
 * and that one's answer counts; what holds it is not. */
static void
test_held(void **state)
{
	struct fixture *f = *state;
	int fd = link_scanner(f), other;
	uint64_t holds, copy, id;

	for (size_t i = 0; i < 3; i++)
		submit(f, i);
	assert_true(take(fd, &holds));
	scan_load_tell(f->load, SCANNER, holds);
	other = link_to(f, OTHER_SCANNER);
	for (size_t i = 1; i < 3; i++) {
		answer(other, await(f, other), VERDICT_TAG);
		turn(f);
	}
	assert_int_equal(f->done[0].times, 0);
	assert_int_equal(f->done[1].times + f->done[2].times, 2);
	answer(fd, holds, VERDICT_ACCEPT);
	while (take(fd, &copy))
		answer(fd, copy, VERDICT_REJECT);
	turn(f);
	assert_int_equal(f->done[0].times, 1);
	assert_int_equal(f->done[0].verdict, VERDICT_ACCEPT);
	assert_int_equal(f->done[1].times + f->done[2].times, 2);
	assert_true(f->done[1].verdict == VERDICT_TAG && f->done[2].verdict == VERDICT_TAG);
	assert_false(take(other, &id));
	close(fd);
	close(other);
}

/* Held by another proxy's message, all of ours go; also one that was cancelled is not in the way. */
static void
test_held_by_another(void **state)
{
	struct fixture *f = *state;
	struct scan_job *cancelled;
	int fd = link_scanner(f), other;
	uint64_t id;

	scan_load_tell(f->load, SCANNER, 12345);
	cancelled = submit(f, 0);
	submit(f, 1);
	scan_cancel(&cancelled);
	other = link_to(f, OTHER_SCANNER);
	answer(other, await(f, other), VERDICT_TAG);
	turn(f);
	assert_int_equal(f->done[0].times, 0);
	assert_int_equal(f->done[1].times, 1);
	close(fd); /* nobody is to blame but who is forgotten */
	turn(f);
	assert_int_equal(f->done[1].times, 1);
	assert_false(take(other, &id));
	close(other);
}

static void
test_stuck(void **state)
{
	struct fixture *f = *state;
	int fd = link_scanner(f);

	f->settings.timeouts.scan = 1;
	submit(f, 0);
	loop_run(f->loop);
	assert_int_equal(f->stuck, 1);
	assert_int_equal(f->done[0].times, 0);
	close(fd);
}

struct foreign {
	struct fixture *f;
	struct timer *timer;
	uint64_t began;
	size_t left;
};

/* The scanner begins at a message of another proxy, and after a while at the next one. */
static void
begin_foreign(void *context)
{
	struct foreign *o = context;

	scan_load_tell(o->f->load, SCANNER, 12345);
	o->began = loop_now(o->f->loop);
	if (o->left > 0 && --o->left > 0)
		timer_at(o->timer, o->began + 1);
}

/* Until it is taken for stuck: not before the last of so many has had its time, or ours has waited
 * for twice as long. */
static void
wait_behind(struct fixture *f, size_t foreign)
{
	struct foreign o = { .f = f, .left = foreign };
	uint64_t began = loop_now(f->loop), ended;
	int fd = link_scanner(f);

	f->settings.timeouts.scan = 20;
	o.timer = timer_new(f->loop, begin_foreign, &o);
	submit(f, 0);
	timer_at(o.timer, began + 1);
	loop_run(f->loop);
	ended = loop_now(f->loop);
	assert_int_equal(f->stuck, 1);
	assert_true(ended - o.began >= 20 || ended - began >= 2 * 20);
	timer_free(&o.timer);
	close(fd);
	turn(f);
	assert_blamed(f, SIZE_MAX, 1);
}

/* Another proxy's message has its time also while ours waits behind it. */
static void
test_stuck_at_another(void **state)
{
	wait_behind(*state, 1);
}

/* But not one after the other for ever, whether it is true or not. */
static void
test_stuck_at_others(void **state)
{
	wait_behind(*state, SIZE_MAX);
}

static void
was_kept(void *context, bool ok, const char *text)
{
	struct done *d = context;

	d->complete = ok;
	snprintf(d->reason, sizeof(d->reason), "%s", text);
	d->times++;
}

static void
test_keeper(void **state)
{
	struct fixture *f = *state;
	const struct span recipients[] = { SPAN_LITERAL("b@example.org"), SPAN_LITERAL("c@example.org") };
	const struct quarantine_item item = { .time = 5, .sender = SPAN_LITERAL("a@example.org"),
		.recipients = recipients, .recipient_count = 2, .reason = SPAN_LITERAL("why") };
	struct arena *a = arena_new(0);
	struct keep_frame frame;
	struct packet p;
	struct buf out = { 0 };
	int pair[2];

	assert_null(keep_submit(f->keep, &item, &f->spool, was_kept, &f->done[0])); /* nobody there */
	assert_true(packet_pair(pair, true, true));
	assert_true(keep_port_link(f->keep, pair[0]));
	assert_non_null(keep_submit(f->keep, &item, &f->spool, was_kept, &f->done[0]));
	assert_non_null(keep_submit(f->keep, &item, &f->spool, was_kept, &f->done[1]));
	packet_init(&p);
	assert_int_equal(packet_receive(pair[1], &p), 1);
	assert_true(keep_frame_decode(a, buf_span(&p.data), &frame));
	assert_int_equal(frame.item.time, 5);
	assert_int_equal(frame.item.recipient_count, 2);
	assert_true(span_is(frame.item.recipients[1], "c@example.org"));
	assert_true(span_is(frame.item.reason, "why"));
	assert_true(span_eq(frame.message, spool_bytes(&f->spool)));
	keep_answer_encode(&out, frame.id, true);
	packet_send(pair[1], buf_span(&out), SPAN_LITERAL("id-1"), NULL, 0);
	close(pair[1]); /* what was not acknowledged has failed */
	turn(f);
	assert_true(f->done[0].complete);
	assert_string_equal(f->done[0].reason, "id-1");
	assert_int_equal(f->done[1].times, 1);
	assert_false(f->done[1].complete);
	packet_free(&p);
	buf_free(&out);
	arena_free(&a);
}

/* ---- views ---- */

static const struct view_owner owner = { SPAN_LITERAL("pop.example.org"), SPAN_LITERAL("alice"),
	SPAN_LITERAL("pop3") };

struct fetched {
	size_t times, views;
	bool ok;
};

static void
was_fetched(void *context, bool ok, struct span views)
{
	struct fetched *d = context;
	struct view v;

	d->times++;
	d->ok = ok;
	while (keep_views_next(&views, &v))
		d->views++;
}

static int
link_keeper(struct fixture *f)
{
	int pair[2];

	assert_true(packet_pair(pair, true, true));
	assert_true(keep_port_link(f->keep, pair[0]));
	return pair[1];
}

/* Takes a request off the link; false when there is none. */
static bool
take_frame(int fd, struct arena *a, struct packet *p, struct keep_frame *frame)
{
	if (packet_receive(fd, p) <= 0)
		return false;
	assert_true(keep_frame_decode(a, buf_span(&p->data), frame));
	return true;
}

static void
answer_keep(int fd, uint64_t id, bool ok, struct span body)
{
	struct buf head = { 0 };

	keep_answer_encode(&head, id, ok);
	assert_int_equal(packet_send(fd, buf_span(&head), body, NULL, 0), PACKET_SENT);
	buf_free(&head);
}

/* Sends a fetch and takes it off the link: its id. */
static uint64_t
ask(struct fixture *f, int fd, struct fetched *d)
{
	struct arena *a = arena_new(0);
	struct keep_frame frame;
	struct packet p;

	packet_init(&p);
	assert_non_null(keep_views_fetch(f->keep, &owner, was_fetched, d));
	assert_true(take_frame(fd, a, &p, &frame));
	assert_int_equal(frame.kind, KEEP_VIEWS_FETCH);
	assert_true(span_is(frame.owner.user, "alice"));
	packet_free(&p);
	arena_free(&a);
	return frame.id;
}

static void
test_views_fetched(void **state)
{
	const struct view views[] = { { SPAN_LITERAL("1"), SPAN_LITERAL("clean") }, { SPAN_LITERAL("2"), SPAN_NONE } };
	struct fixture *f = *state;
	struct fetched first = { 0 }, second = { 0 }, third = { 0 };
	struct buf body = { 0 };
	uint64_t id[3];
	int fd;

	assert_null(keep_views_fetch(f->keep, &owner, was_fetched, &first)); /* nobody there */
	fd = link_keeper(f);
	id[0] = ask(f, fd, &first);
	id[1] = ask(f, fd, &second);
	id[2] = ask(f, fd, &third);
	keep_views_put(&body, &views[0]);
	keep_views_put(&body, &views[1]);
	answer_keep(fd, id[1], true, buf_span(&body));
	answer_keep(fd, id[0], true, SPAN_NONE);
	answer_keep(fd, id[2], false, SPAN_LITERAL("there are no views today"));
	turn(f);
	assert_true(first.times == 1 && first.ok && first.views == 0);
	assert_true(second.times == 1 && second.ok && second.views == 2);
	assert_true(third.times == 1 && !third.ok && third.views == 0);
	buf_free(&body);
	close(fd);
}

static void
test_views_lost_or_cancelled(void **state)
{
	struct fixture *f = *state;
	struct fetched lost = { 0 }, cancelled = { 0 };
	int fd = link_keeper(f);
	struct keep_job *j = keep_views_fetch(f->keep, &owner, was_fetched, &cancelled);

	assert_non_null(j);
	keep_cancel(&j);
	assert_null(j);
	assert_non_null(keep_views_fetch(f->keep, &owner, was_fetched, &lost));
	close(fd);
	turn(f);
	assert_int_equal(cancelled.times, 0);
	assert_int_equal(lost.times, 1);
	assert_false(lost.ok);
	assert_null(keep_views_fetch(f->keep, &owner, was_fetched, &lost));
	fd = link_keeper(f); /* another keeper, another answer */
	answer_keep(fd, ask(f, fd, &lost), true, SPAN_NONE);
	turn(f);
	assert_true(lost.times == 2 && lost.ok);
	close(fd);
}

static void
test_cancelled_is_not_told(void **state)
{
	struct fixture *f = *state;
	struct fetched d = { 0 }, other = { 0 };
	int fd = link_keeper(f);
	struct keep_job *j = keep_views_fetch(f->keep, &owner, was_fetched, &d);
	struct arena *a = arena_new(0);
	struct keep_frame frame;
	struct packet p;

	packet_init(&p);
	assert_true(take_frame(fd, a, &p, &frame));
	keep_cancel(&j);
	answer_keep(fd, frame.id, true, SPAN_NONE);
	answer_keep(fd, frame.id, true, SPAN_NONE); /* nor a second time */
	answer_keep(fd, ask(f, fd, &other), true, SPAN_NONE);
	turn(f);
	assert_int_equal(d.times, 0);
	assert_int_equal(other.times, 1);
	packet_free(&p);
	arena_free(&a);
	close(fd);
}

/* What makes no sense is refused, and what makes sense is heard after it. */
static void
test_views_malformed(void **state)
{
	static const char bytes[VIEW_MESSAGE_MAX + 1];
	const struct view view = { SPAN_LITERAL("1"), SPAN_LITERAL("x") };
	const struct view large = { { bytes, sizeof(bytes) }, SPAN_LITERAL("x") };
	struct fixture *f = *state;
	struct fetched d = { 0 };
	struct buf good = { 0 }, too_large = { 0 }, head = { 0 };
	int fd = link_keeper(f);

	keep_views_put(&good, &view);
	keep_views_put(&too_large, &large);
	answer_keep(fd, ask(f, fd, &d), true, span_first(buf_span(&good), good.len - 1));
	answer_keep(fd, ask(f, fd, &d), true, buf_span(&too_large));
	answer_keep(fd, ask(f, fd, &d), true, SPAN_LITERAL("x"));
	buf_put_u64(&head, ask(f, fd, &d));
	packet_send(fd, buf_span(&head), SPAN_NONE, NULL, 0); /* neither true nor false */
	turn(f);
	assert_int_equal(d.times, 4);
	assert_true(!d.ok && d.views == 0);
	answer_keep(fd, UINT64_MAX, true, buf_span(&good)); /* nobody asked */
	packet_send(fd, SPAN_LITERAL("x"), SPAN_NONE, NULL, 0);
	answer_keep(fd, ask(f, fd, &d), true, buf_span(&good));
	turn(f);
	assert_true(d.times == 5 && d.ok && d.views == 1);
	buf_free(&good);
	buf_free(&too_large);
	buf_free(&head);
	close(fd);
}

static void
test_views_changed(void **state)
{
	const struct view puts[] = { { SPAN_LITERAL("1"), SPAN_LITERAL("clean") }, { SPAN_LITERAL("2"), SPAN_NONE } };
	const struct span drops[] = { SPAN_LITERAL("0") };
	struct fixture *f = *state;
	struct arena *a = arena_new(0);
	struct keep_frame frame;
	struct packet p;
	int fd;

	assert_false(keep_views_change(f->keep, &owner, puts, 2, drops, 1)); /* nobody there */
	fd = link_keeper(f);
	assert_true(keep_views_change(f->keep, &owner, puts, 2, drops, 1));
	packet_init(&p);
	assert_true(take_frame(fd, a, &p, &frame));
	assert_int_equal(frame.kind, KEEP_VIEWS_CHANGE);
	assert_true(span_is(frame.owner.mailbox, "pop3"));
	assert_true(frame.put_count == 2 && span_is(frame.puts[0].state, "clean") && span_is(frame.puts[1].message, "2"));
	assert_true(frame.drop_count == 1 && span_is(frame.drops[0], "0"));
	close(fd);
	turn(f);
	assert_false(keep_views_change(f->keep, &owner, puts, 2, drops, 1));
	packet_free(&p);
	arena_free(&a);
}

/* A keeper that leaves answers what it has; what is new waits, and the next one gets
 * it in order. What was cancelled meanwhile it does not get. */
static void
test_keeper_changes(void **state)
{
	const struct view puts[] = { { SPAN_LITERAL("1"), SPAN_LITERAL("clean") } };
	const struct quarantine_item item = { .time = 5 };
	struct fixture *f = *state;
	struct arena *a = arena_new(0);
	struct keep_frame frame;
	struct keep_job *cancelled;
	struct packet p;
	int fd = link_keeper(f), next;

	packet_init(&p);
	assert_non_null(keep_submit(f->keep, &item, &f->spool, was_kept, &f->done[0]));
	keep_port_await(f->keep);
	assert_non_null(keep_submit(f->keep, &item, &f->spool, was_kept, &f->done[1]));
	cancelled = keep_submit(f->keep, &item, &f->spool, was_kept, &f->done[2]);
	assert_true(keep_views_change(f->keep, &owner, puts, 1, NULL, 0));
	keep_cancel(&cancelled);
	assert_true(take_frame(fd, a, &p, &frame));
	assert_int_equal(packet_receive(fd, &p), -1); /* no more comes */
	answer_keep(fd, frame.id, true, SPAN_LITERAL("id-1"));
	close(fd);
	next = link_keeper(f);
	assert_string_equal(f->done[0].reason, "id-1");
	assert_true(take_frame(next, a, &p, &frame));
	assert_int_equal(frame.kind, KEEP_MESSAGE);
	answer_keep(next, frame.id, true, SPAN_LITERAL("id-2"));
	assert_true(take_frame(next, a, &p, &frame));
	assert_int_equal(frame.kind, KEEP_VIEWS_CHANGE);
	assert_int_equal(packet_receive(next, &p), 0);
	turn(f);
	assert_string_equal(f->done[1].reason, "id-2");
	assert_int_equal(f->done[2].times, 0);
	close(next);
	packet_free(&p);
	arena_free(&a);
}

/* Nothing is sent that the keeper would end the link for. */
static void
test_views_too_large(void **state)
{
	static const char bytes[VIEW_STATE_MAX + 1];
	static struct view many[KEEP_VIEWS_MAX / VIEW_STATE_MAX + 1];
	const struct view puts[] = { { span_of(bytes, VIEW_MESSAGE_MAX + 1), SPAN_NONE },
		{ SPAN_NONE, span_of(bytes, VIEW_STATE_MAX + 1) } };
	const struct span drop = span_of(bytes, VIEW_MESSAGE_MAX + 1);
	const struct view_owner large = { SPAN_NONE, span_of(bytes, VIEW_OWNER_MAX + 1), SPAN_NONE };
	struct fixture *f = *state;
	struct fetched d = { 0 };
	int fd = link_keeper(f);

	for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
		many[i] = (struct view){ SPAN_NONE, span_of(bytes, VIEW_STATE_MAX) };
	assert_false(keep_views_change(f->keep, &owner, &puts[0], 1, NULL, 0));
	assert_false(keep_views_change(f->keep, &owner, &puts[1], 1, NULL, 0));
	assert_false(keep_views_change(f->keep, &owner, NULL, 0, &drop, 1));
	assert_false(keep_views_change(f->keep, &large, many, 1, NULL, 0));
	assert_false(keep_views_change(f->keep, &owner, many, sizeof(many) / sizeof(many[0]), NULL, 0));
	assert_false(keep_views_change(f->keep, &owner, NULL, KEEP_CHANGES_MAX + 1, NULL, 0));
	assert_null(keep_views_fetch(f->keep, &large, was_fetched, &d));
	answer_keep(fd, ask(f, fd, &d), true, SPAN_NONE); /* the first that came */
	turn(f);
	assert_true(d.times == 1 && d.ok);
	close(fd);
}

/* A keeper that is behind: no more is sent, and later it is again. */
static void
test_views_queue_is_full(void **state)
{
	static const char bytes[64 * 1024];
	const struct view view = { SPAN_LITERAL("1"), span_of(bytes, sizeof(bytes)) };
	struct fixture *f = *state;
	struct fetched d = { 0 };
	struct packet p;
	size_t sent = 0, taken = 0;
	int fd = link_keeper(f);

	packet_init(&p);
	while (keep_views_change(f->keep, &owner, &view, 1, NULL, 0))
		assert_true(++sent < 10000);
	assert_true(sent > 1);
	assert_int_equal(d.times, 0);
	while (packet_receive(fd, &p) > 0)
		taken++;
	assert_int_equal(taken, sent);
	answer_keep(fd, ask(f, fd, &d), true, SPAN_NONE);
	turn(f);
	assert_true(d.times == 1 && d.ok);
	packet_free(&p);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_death, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_death_behind_an_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_death_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_death_of_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_death_of_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_death_heard_late, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cancelled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_queue_is_short, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_turns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rest_is_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_held, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_held_by_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stuck, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stuck_at_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stuck_at_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_keeper, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_keeper_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_views_fetched, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_views_lost_or_cancelled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cancelled_is_not_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_views_malformed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_views_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_views_too_large, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_views_queue_is_full, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
