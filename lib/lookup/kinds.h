/* kinds.h - what a kind of source implements. Inside of the module. */
#ifndef IMP_LOOKUP_KINDS_H
#define IMP_LOOKUP_KINDS_H

#include "lookup/lookup.h"

struct imp_lookup_ops {
    /* What a spec begins with, "csv:". */
    const char *prefix;
    bool slow;
    bool in_memory;   /* its answers are at hand */
    bool takes_token; /* others are not opened with a token_file */
    /* The following as their namesakes in lookup.h have them. */
    struct imp_lookup *(*open)(const struct imp_lookup_at *at,
                               struct imp_err *err);
    const char *const *(*names)(const struct imp_lookup *l);
    bool (*find)(struct imp_lookup *l, struct imp_span key, struct imp_ctx *ctx,
                 struct imp_answer **answer, struct imp_err *err);
    void (*free)(struct imp_lookup *l);
};

/* Each kind's own struct begins with this. */
struct imp_lookup {
    const struct imp_lookup_ops *ops;
};

#define IMP_LOOKUP_KINDS(ROW) \
    ROW(csv)                  \
    ROW(sqlite)               \
    ROW(http)                 \
    ROW(https)

#define IMP_LOOKUP_DECLARE(name) \
    extern const struct imp_lookup_ops imp_lookup_##name;
IMP_LOOKUP_KINDS(IMP_LOOKUP_DECLARE)
#undef IMP_LOOKUP_DECLARE

/* The file alone of what stands behind the prefix; the caller frees it. NULL
 * with `err`. */
char *imp_lookup_file_of(const char *rest, struct imp_err *err);

/* The file and the parameters of "csv:FILE?key=C" and the like. A parameter
 * that the kind does not know, is given twice, or lacks a value is
 * IMP_ERR_CONFIG, and so is a stray escape. */
struct imp_lookup_param {
    const char *name;
    char *value; /* NULL: not given */
};
/* Split what stands behind the prefix. The caller frees `*file` and the values,
 * on failure too. */
bool imp_lookup_split(const char *rest, char **file,
                      struct imp_lookup_param *params, size_t n,
                      struct imp_err *err);

#endif
