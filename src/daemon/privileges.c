/* Privileges: the master keeps root, to bind ports and read keys again; all
 * others become an account that owns nothing but spool and quarantine. */
#include "config.h"

#include "daemon/privileges.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

bool
account_find(const struct settings *s, struct account *a, const char **error)
{
	const struct passwd *user;
	const struct group *group;

	*a = (struct account){ .change = geteuid() == 0 };
	if (!a->change)
		return true;
	user = getpwnam(s->user);
	if (user == NULL) {
		*error = "run.user names no account";
		return false;
	}
	a->uid = user->pw_uid;
	a->gid = user->pw_gid;
	if (s->group == NULL)
		return true;
	group = getgrnam(s->group);
	if (group == NULL) {
		*error = "run.group names no group";
		return false;
	}
	a->gid = group->gr_gid;
	return true;
}

/* libcap would be a dependency for one call. */
static bool
keep_only_net_admin(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	data[0].effective = data[0].permitted = 1u << CAP_NET_ADMIN;
	return syscall(SYS_capset, &head, data) == 0;
}

bool
account_become(const struct account *a, bool keep_net_admin)
{
	if (!a->change)
		return true;
	if (keep_net_admin && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
		return false;
	if (setgroups(1, &a->gid) != 0 || setresgid(a->gid, a->gid, a->gid) != 0 ||
	    setresuid(a->uid, a->uid, a->uid) != 0) {
		log_error("privileges", "the account cannot be changed: %m");
		return false;
	}
	return !keep_net_admin || keep_only_net_admin();
}

/* Only what is ours alone: never a shared folder such as /var/tmp, nor one that a link leads
 * to, which who owns the folder above it can lay. */
static bool
give_away(const struct account *a, const char *path)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	bool ours = folder >= 0 && fstat(folder, &st) == 0 && st.st_uid == 0 && (st.st_mode & 077) == 0;
	bool ok = !ours || fchown(folder, a->uid, a->gid) == 0;

	if (folder >= 0)
		close(folder);
	return ok;
}

/* Whoever started us may keep what he makes to himself, and these are for the account. */
static bool
make_folder(const char *path, mode_t mode)
{
	mode_t mask = umask(022);
	bool ok = mkdir(path, mode) == 0 || errno == EEXIST;

	umask(mask);
	if (!ok)
		log_error("folder", "%s: %m", path);
	return ok;
}

bool
account_prepare_folder(const struct account *a, const char *path)
{
	char part[PATH_MAX];

	for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (!make_folder(part, 0755))
			return false;
	}
	return make_folder(path, 0700) && (!a->change || give_away(a, path));
}
