/* audit_internal.h - the form of the audit log's lines and files, for those who
 * write, open and verify it. Not for others. */
#ifndef IMP_LEDGER_AUDIT_INTERNAL_H
#define IMP_LEDGER_AUDIT_INTERNAL_H

#include "base/bytes.h"
#include "ledger/audit.h"

/* --- lines --- */

/* Who writes. */
struct imp_audit_author {
    char host[256], user[256];
};
void imp_audit_who(struct imp_audit_author *who);

/* Append the line that says `e`, up to where the hash of the line before
 * begins. IMP_ERR_LIMIT if it cannot be said in IMP_AUDIT_LINE_MAX bytes; names
 * of removed parts give way first. On failure `out` is as before. */
bool imp_audit_begin_line(struct imp_buf *out, const struct imp_audit_entry *e,
                          const struct imp_audit_author *who,
                          struct imp_err *err);

/* The rest of it, with the newline. */
#define IMP_AUDIT_REST (IMP_SHA256_HEX - 1 + 3)
void imp_audit_end_line(const struct imp_digest *prev,
                        char rest[IMP_AUDIT_REST + 1]);

/* What a line says, as far as the log itself goes by it. */
struct imp_audit_line {
    uint64_t seq;
    uint64_t run, input; /* 0: it names none */
    struct imp_span op;  /* borrowed from the line */
    struct imp_digest prev;
    uint32_t crc, want; /* the one it has, and the one that it should */
};

/* Read a line, without its newline; false if it is not of our form, byte for
 * byte: then `out->seq` is 0 or what it seems to be. */
bool imp_audit_parse(struct imp_span line, struct imp_audit_line *out);

/* Does a line of our form say what `e` does? `*other` is the key of the first
 * field that does not, NULL if all do; host and user are not compared.
 * `scratch` is for its use alone. False without memory. */
bool imp_audit_compare(struct imp_span line, const struct imp_audit_entry *e,
                       struct imp_buf *scratch, const char **other,
                       struct imp_err *err);

/* --- verifying --- */

/* Called for each line that is as it was written, behind those with smaller
 * numbers. `text` is without its newline. False stops the verification. */
typedef bool (*imp_audit_line_fn)(void *self, struct imp_span text,
                                  const struct imp_audit_line *line,
                                  struct imp_err *err);

struct imp_audit_reader {
    void *self; /* of `line` */
    imp_audit_line_fn line;
};

/* As imp_audit_verify, and hand on the lines; `reader` NULL: to nobody. */
bool imp_audit_verify_to(const struct imp_audit_reader *reader, int state_dir,
                         const struct imp_audit_mark *expect,
                         imp_audit_finding_fn fn, void *self,
                         struct imp_ctx *ctx, struct imp_audit_summary *out,
                         struct imp_err *err);

/* --- files --- */

#define IMP_AUDIT_NAME_MAX 24
void imp_audit_file_name(uint32_t number, char name[IMP_AUDIT_NAME_MAX]);

/* The numbers of the full files, ascending; `{0}` is empty. */
struct imp_audit_files {
    uint32_t *number;
    size_t n;
};
bool imp_audit_list(int state_dir, struct imp_audit_files *out,
                    struct imp_err *err);
void imp_audit_files_clear(struct imp_audit_files *files);

/* The end of one file: its last whole line, and where that ends. Behind it may
 * be a torn one. An empty file has none: then `last` is as before, `end` 0. */
struct imp_audit_end {
    struct imp_audit_mark last;
    uint64_t end, size; /* bytes */
};
bool imp_audit_find_end(int fd, struct imp_audit_end *out, struct imp_err *err);

#endif
