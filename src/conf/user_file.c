/* A user's file. Its name comes from whoever logs in, so only letters that
 * mean nothing to a file system are taken, it is looked for in one folder that
 * was opened before, and what is there must be a file itself. */
#include "config.h"

#include "conf/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is_file_name(struct span user)
{
	if (user.len == 0 || user.len > USER_NAME_MAX || user.data[0] == '.')
		return false;
	for (size_t i = 0; i < user.len; i++)
		if (!ascii_is_alnum(user.data[i]) &&
		    (user.data[i] == '\0' || strchr("._@+=-", user.data[i]) == NULL))
			return false;
	return true;
}

static const char *
file_name(struct arena *a, struct span user)
{
	char *name = arena_printf(a, "%.*s.yaml", SPAN_ARG(user));

	for (char *p = name; *p != '\0'; p++)
		*p = ascii_lower(*p);
	return name;
}

/* An errno; one octet past the limit is enough to know. */
static int
read_octets(int fd, char *octets, size_t *len)
{
	ssize_t got = 1;

	while (got > 0 && *len <= USER_FILE_MAX) {
		got = read(fd, octets + *len, USER_FILE_MAX + 1 - *len);
		if (got > 0)
			*len += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	return got < 0 ? errno : 0;
}

/* NULL with an error in the report. */
static const struct yaml *
read_yaml(struct arena *a, int fd, const char *file, struct report *report)
{
	char *octets = arena_alloc_raw(a, USER_FILE_MAX + 1);
	struct stat st;
	size_t len = 0;
	int why = fstat(fd, &st) != 0 ? errno : 0;

	if (why == 0 && !S_ISREG(st.st_mode)) {
		report_add(report, (struct mark){ file, 0, 0 }, "no regular file");
		return NULL;
	}
	if (why == 0)
		why = read_octets(fd, octets, &len);
	if (why != 0)
		report_add(report, (struct mark){ file, 0, 0 }, "cannot be read: %s", strerror(why));
	else if (len > USER_FILE_MAX)
		report_add(report, (struct mark){ file, 0, 0 }, "larger than %d octets", USER_FILE_MAX);
	else
		return yaml_read(a, file, span_of(octets, len), report);
	return NULL;
}

static void
lay_list(struct arena *a, const struct strings *file, struct strings *out)
{
	if (file->items == NULL)
		return;
	*out = (struct strings){ ARENA_ARRAY(a, const char *, file->count), file->count };
	for (size_t i = 0; i < file->count; i++)
		out->items[i] = arena_strdup(a, file->items[i]);
}

/* What the file sets takes the place of what was there. */
static void
lay_over(struct arena *a, const struct user_settings *file, struct user_settings *out)
{
	if (file->has_thresholds) {
		out->has_thresholds = true;
		out->thresholds = ARENA_ARRAY(a, struct threshold, file->threshold_count);
		out->threshold_count = file->threshold_count;
		for (size_t i = 0; i < file->threshold_count; i++)
			out->thresholds[i] = file->thresholds[i];
	}
	if (file->subject_prefix != NULL)
		out->subject_prefix = arena_strdup(a, file->subject_prefix);
	if (file->has_spam) {
		out->has_spam = true;
		out->spam = file->spam;
	}
	lay_list(a, &file->allow, &out->allow);
	lay_list(a, &file->deny, &out->deny);
	lay_list(a, &file->rules_off, &out->rules_off);
}

/* A session keeps what comes of it, not the file's tree. */
static void
take_file(struct arena *a, int fd, const char *file, struct user_settings *out, struct report *report)
{
	struct arena *reading = arena_new(0);
	struct conf c = { .arena = reading, .report = report };
	struct user_rule rule = { .match = file };
	size_t errors = report->count;
	const struct yaml *root = read_yaml(reading, fd, file, report);

	if (root != NULL)
		keys_read(&c, user_keys + USER_FILE_KEYS, root, &rule);
	if (root != NULL && root->kind == YAML_MAPPING)
		user_check(&c, root, &rule);
	if (root != NULL && report->count == errors)
		lay_over(a, &rule.own, out);
	arena_free(&reading);
}

static void
take_users(const struct settings *s, struct span user, struct user_settings *out)
{
	const struct user_settings *own = settings_user(s, user);

	*out = own != NULL ? *own : (struct user_settings){ .policy = SIZE_MAX, .upstream = SIZE_MAX };
}

bool
settings_user_file(struct arena *a, const struct settings *s, int directory_fd, struct span user,
    struct user_settings *out, struct report *report)
{
	const char *name, *file;
	int fd;

	if (directory_fd < 0 || !is_file_name(user))
		return false;
	name = file_name(a, user);
	/* Without O_NONBLOCK a FIFO would be waited for. */
	fd = openat(directory_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return false;
	take_users(s, user, out);
	file = arena_printf(a, "%s/%s", s->user_directory != NULL ? s->user_directory : ".", name);
	if (fd < 0) {
		report_add(report, (struct mark){ file, 0, 0 }, "cannot be read: %s",
		    errno == ELOOP ? "a symbolic link" : strerror(errno));
		return true;
	}
	take_file(a, fd, file, out, report);
	close(fd);
	return true;
}
