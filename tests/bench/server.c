/* A thread for each connection, with a small stack: thousands may idle. */
#include "config.h"

#include "server.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STACK_SIZE = 128 * 1024 };

struct session {
	struct connection connection;
	conversation *hold;
	void *context;
};

static void *
run_session(void *argument)
{
	struct session *s = argument;

	s->hold(&s->connection, s->context);
	connection_close(&s->connection);
	free(s);
	return NULL;
}

static bool
start_thread(struct session *s)
{
	pthread_attr_t attributes;
	pthread_t thread;
	bool ok;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	ok = pthread_create(&thread, &attributes, run_session, s) == 0;
	pthread_attr_destroy(&attributes);
	return ok;
}

/* Without memory or a thread for it the connection is closed. */
static void
begin_session(int fd, conversation *hold, void *context)
{
	struct session *s = malloc(sizeof(*s));

	if (s == NULL) {
		close(fd);
		return;
	}
	s->hold = hold;
	s->context = context;
	connection_init(&s->connection, fd);
	if (!start_thread(s)) {
		connection_close(&s->connection);
		free(s);
	}
}

SSL_CTX *
server_tls(const char *path)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

	if (tls == NULL)
		return NULL;
	SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
	if (SSL_CTX_use_certificate_chain_file(tls, path) == 1 && SSL_CTX_use_PrivateKey_file(tls, path, SSL_FILETYPE_PEM) == 1)
		return tls;
	SSL_CTX_free(tls);
	return NULL;
}

int
serve(const char *name, conversation *hold, void *context)
{
	int listener = listen_at(0);

	signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
	connections_allow_many();
	if (listener < 0) {
		perror(name);
		return 1;
	}
	printf("port=%u\n", port_of(listener));
	fflush(stdout);
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0 && errno != EINTR && errno != ECONNABORTED) {
			perror(name);
			return 1;
		}
		if (fd >= 0)
			begin_session(fd, hold, context);
	}
}
