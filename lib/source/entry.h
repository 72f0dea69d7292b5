/* entry.h - what the walker and the list reader share; not for other modules.
 *
 * An entry is a name in an open directory. Here it is judged by the rules and
 * told to the sink. */
#ifndef IMP_SOURCE_ENTRY_H
#define IMP_SOURCE_ENTRY_H

#include "source/source.h"

#include <sys/stat.h>

struct imp_entry {
    const char *path; /* absolute */
    size_t len;       /* of path */
    size_t root_len;
    const char *shown;   /* what a pattern with a '/' is compared with */
    bool listed;         /* that is what a list has */
    const char *subject; /* of the list, or NULL */
};

/* Tell what `st` (not of a directory) makes of the entry: found, skipped or
 * failed. False if the sink wants no more. */
bool imp_entry_tell(const struct imp_entry *entry, const struct stat *st,
                    const struct imp_source_rules *rules,
                    const struct imp_source_sink *sink);

/* Is everything below the directory `entry`, whose path ends in a '/', left
 * out by an exclude pattern? */
bool imp_entry_kept_out(const struct imp_entry *entry,
                        const struct imp_source_rules *rules);

/* Has a file with this change time settled at `now_ms` (since the epoch)? */
bool imp_entry_settled(int64_t now_ms, int64_t ctime_ms, int64_t settle_ms);

/* Files named one at a time, as an argument or in a list. The directory of the
 * last one stays open, as lists come in directory order. `{0}` is empty. */
struct imp_named {
    char *given; /* that directory as it was named; NULL: none is open */
    char *real;  /* and resolved */
    int dir;     /* O_PATH */
};

/* Look at the file `name` and tell the sink; a directory is skipped as such.
 * `listed`: it is from a list, which may have a `subject` for it (else NULL).
 * False if the sink wants no more. */
bool imp_named_tell(struct imp_named *named, const char *name, bool listed,
                    const char *subject, const struct imp_source_rules *rules,
                    const struct imp_source_sink *sink);

/* Close the directory. */
void imp_named_clear(struct imp_named *named);

#endif
