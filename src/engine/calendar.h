/* Files in invitations and business cards. */
#ifndef ENGINE_CALENDAR_H
#define ENGINE_CALENDAR_H

#include "engine/container.h"

/* Tells what stands in base64 in a file of iCalendar or vCard; ARCHIVE_NONE for other text. */
enum archive_result calendar_read(struct arena *a, struct span data, struct archive_budget *budget,
    const struct container_sink *sink);

#endif
