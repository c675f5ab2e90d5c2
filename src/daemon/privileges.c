/* Privileges: the master keeps root, to bind ports and read keys again; all
 * others become an account that owns nothing but spool and quarantine. */
#include "config.h"

#include "daemon/privileges.h"

#include "base/log.h"

#include <errno.h>
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

bool
account_prepare_folder(const struct account *a, const char *path)
{
	char part[PATH_MAX];

	for (const char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		int len = slash != NULL ? (int)(slash - path) : (int)strlen(path);
		mode_t mode = slash != NULL ? 0755 : 0700;

		snprintf(part, sizeof(part), "%.*s", len, path);
		if (mkdir(part, mode) != 0 && errno != EEXIST) {
			log_error("folder", "%s: %m", part);
			return false;
		}
		if (slash == NULL)
			break;
	}
	if (a->change && access(path, F_OK) == 0) {
		struct stat st;

		/* Only what is ours alone: never a shared folder such as /var/tmp. */
		if (stat(path, &st) == 0 && st.st_uid == 0 && (st.st_mode & 077) == 0 &&
		    chown(path, a->uid, a->gid) != 0)
			return false;
	}
	return true;
}
