/* The terminal, by the few sequences that every one of today knows (ECMA-48,
 * and xterm's other screen). */
#include "config.h"

#include "cli/screen.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { CONTROL_C = 3 };

static struct termios before;
static bool is_open;
static volatile sig_atomic_t ended, resized;

static void
hear(int number)
{
	if (number == SIGWINCH)
		resized = 1;
	else
		ended = 1;
}

static void
put(struct span text)
{
	write_all(STDOUT_FILENO, text); /* a terminal that is gone is seen where keys are read */
}

bool
screen_open(void)
{
	static const int heard[] = { SIGWINCH, SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = hear };
	struct termios raw;

	if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1 || tcgetattr(STDIN_FILENO, &before) != 0)
		return false;
	for (size_t i = 0; i < sizeof(heard) / sizeof(heard[0]); i++) {
		/* Another size ends no wait for gatepost's answer; who wants to leave does. */
		action.sa_flags = heard[i] == SIGWINCH ? SA_RESTART : 0;
		sigaction(heard[i], &action, NULL);
	}
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) != 0)
		return false;
	is_open = true;
	put(SPAN_LITERAL("\033[?1049h\033[?25l"));
	return true;
}

void
screen_close(void)
{
	if (!is_open)
		return;
	is_open = false;
	put(SPAN_LITERAL("\033[?25h\033[?1049l"));
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
}

void
screen_size(size_t *columns, size_t *lines)
{
	struct winsize size = { 0 };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	*columns = size.ws_col > 0 ? size.ws_col : 80;
	*lines = size.ws_row > 0 ? size.ws_row : 24;
}

void
screen_draw(struct span text)
{
	struct buf frame = { 0 };
	struct span line;
	size_t columns, lines, i;

	screen_size(&columns, &lines);
	buf_add_str(&frame, "\033[H");
	for (i = 0; i < lines && text.len > 0 && span_split(&text, '\n', &line); i++) {
		if (i > 0)
			buf_add_str(&frame, "\r\n");
		line = span_first(line, columns);
		for (size_t j = 0; j < line.len; j++)
			buf_add_byte(&frame, line.data[j] >= ' ' && line.data[j] <= '~' ? line.data[j] : '?');
		if (line.len < columns)
			buf_add_str(&frame, "\033[K");
	}
	if (i < lines)
		buf_add_str(&frame, "\033[J");
	put(buf_span(&frame));
	buf_free(&frame);
}

static bool
is_quit(void)
{
	char key;
	ssize_t n = read(STDIN_FILENO, &key, 1);

	return n == 0 || (n < 0 && errno != EINTR) || (n == 1 && (key == 'q' || key == 'Q' || key == CONTROL_C));
}

enum screen_event
screen_wait(uint64_t until)
{
	struct pollfd keys = { .fd = STDIN_FILENO, .events = POLLIN };

	for (;;) {
		uint64_t now = clock_millis();

		if (ended)
			return SCREEN_QUIT;
		if (resized) {
			resized = 0;
			return SCREEN_RESIZED;
		}
		if (now >= until)
			return SCREEN_TIME;
		if (poll(&keys, is_open ? 1 : 0, (int)(until - now)) > 0 && is_quit())
			return SCREEN_QUIT;
	}
}
