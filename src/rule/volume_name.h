/* Names of the pieces that an archive was split into. */
#ifndef RULE_VOLUME_NAME_H
#define RULE_VOLUME_NAME_H

#include "base/span.h"

enum volume_name {
	VOLUME_NO,
	VOLUME_MAYBE,  /* "a.002", "a.z01": other files are called so too */
	VOLUME_SURELY, /* "a.zip.002", "a.part2.rar" */
};
enum volume_name volume_name(struct span name);

#endif
