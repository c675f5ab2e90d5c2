/* A pool without a queue: of n workers the kth scans the messages k, k + n,
 * k + 2n and so on, and writes its reports into a pipe. Whoever reads the
 * pipes in turn has the reports in order, and a worker that is ahead waits
 * until its pipe is read. A worker that dies takes only the message at hand
 * with it: a new one goes on behind that. */
#include "config.h"

#include "cli/scan_pool.h"

#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	WORKERS_MAX = 64,
	MESSAGES_A_WORKER = 16, /* below, starting one costs more than it gains */
};

struct worker {
	pid_t pid;
	int fd; /* the pipe's reading end */
};

struct pool {
	const struct scan_job *job;
	struct worker workers[WORKERS_MAX];
	size_t count, started;
};

static bool
read_all(int fd, char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, data, len);

		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return true;
}

/* A report on its way: its numbers, then its texts. */
struct frame {
	uint32_t failed, verdict;
	uint64_t micros, octets, hits_len, out_len, err_len;
};

static bool
write_report(int fd, const struct scan_report *r)
{
	struct frame f = { r->failed, r->verdict, r->micros, r->octets, r->hits.len, r->out.len, r->err.len };

	return !r->hits.failed && !r->out.failed && !r->err.failed &&
	       write_all(fd, span_of((const char *)&f, sizeof(f))) && write_all(fd, buf_span(&r->hits)) &&
	       write_all(fd, buf_span(&r->out)) && write_all(fd, buf_span(&r->err));
}

static bool
read_text(int fd, struct buf *text, uint64_t len)
{
	char *room = buf_reserve(text, len);

	if (room == NULL || !read_all(fd, room, len))
		return false;
	buf_commit(text, len);
	return true;
}

static bool
read_report(int fd, struct scan_report *r)
{
	struct frame f;

	if (!read_all(fd, (char *)&f, sizeof(f)) || f.verdict > VERDICT_REJECT)
		return false;
	r->failed = f.failed != 0;
	r->verdict = (enum verdict)f.verdict;
	r->micros = f.micros;
	r->octets = f.octets;
	return read_text(fd, &r->hits, f.hits_len) && read_text(fd, &r->out, f.out_len) && read_text(fd, &r->err, f.err_len);
}

static _Noreturn void
work(const struct scan_job *job, size_t first, size_t step, int fd)
{
	struct scan_worker *w = scan_worker_new(job);
	bool good = w != NULL;

	for (size_t i = first; good && i < job->list->count; i += step) {
		struct scan_report r = { 0 };

		scan_worker_run(w, &job->list->items[i], &r);
		good = write_report(fd, &r);
		scan_report_free(&r);
	}
	scan_worker_free(&w);
	_exit(good ? 0 : 1);
}

static bool
start(struct pool *p, size_t index, size_t first)
{
	struct worker *w = &p->workers[index];
	int fds[2];

	if (pipe(fds) != 0)
		return false;
	w->pid = fork();
	if (w->pid < 0) {
		close(fds[0]);
		close(fds[1]);
		return false;
	}
	if (w->pid == 0) {
		/* Else a sibling would not see that its reader is gone. */
		for (size_t i = 0; i < p->started; i++)
			if (i != index)
				close(p->workers[i].fd);
		close(fds[0]);
		work(p->job, first, p->count, fds[1]);
	}
	close(fds[1]);
	w->fd = fds[0];
	return true;
}

static void
stop(struct worker *w)
{
	close(w->fd);
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static size_t
worker_count(size_t messages)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t wanted = (messages + MESSAGES_A_WORKER - 1) / MESSAGES_A_WORKER;
	size_t most = cores < 1 ? 1 : cores > WORKERS_MAX ? WORKERS_MAX : (size_t)cores;

	return wanted < most ? wanted : most;
}

/* False when the worker had to be replaced and could not be. */
static bool
take_report(struct pool *p, size_t message, struct scan_report *r)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): where a message is, a worker is */
	size_t index = message % p->count;

	if (read_report(p->workers[index].fd, r))
		return true;
	scan_report_free(r);
	*r = (struct scan_report){ 0 };
	scan_report_death(p->job, &p->job->list->items[message], r);
	stop(&p->workers[index]);
	return start(p, index, message + p->count);
}

bool
scan_pool_run(const struct scan_job *job, void (*report)(void *context, const struct scan_report *r), void *context)
{
	struct pool p = { .job = job, .count = worker_count(job->list->count) };
	bool good = true;

	while (good && p.started < p.count) {
		good = start(&p, p.started, p.started);
		p.started += good;
	}
	for (size_t i = 0; good && i < job->list->count; i++) {
		struct scan_report r = { 0 };

		good = take_report(&p, i, &r);
		report(context, &r);
		scan_report_free(&r);
	}
	for (size_t i = 0; i < p.started; i++)
		stop(&p.workers[i]);
	return good;
}
