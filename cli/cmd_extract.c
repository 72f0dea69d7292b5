// imgpipe extract: objects out of an archive, each checked against its list.
#include "cli.h"
#include "json.h"
#include "place_args.h"
#include "signals.h"

#include "base/file.h"
#include "base/name.h"
#include "pipeline/extract.h"
#include "sync/context.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIGITS_LEAST 8 /* of a digest, to be taken for one */

struct args {
    struct cli_place_args place;
    char *into; // of g_malloc; NULL: here
    bool all, list, to_stdout, json, quiet;
};

#define SETTER(name) \
    static bool set_##name(void *self, const char *value, struct imp_err *err)

SETTER(into)
{
    struct args *a = self;
    g_free(a->into);
    a->into = g_strdup(value);
    return value[0] || imp_fail(err, IMP_ERR_CONFIG, "want a directory");
}

#define FLAG(name)                                 \
    SETTER(name)                                   \
    {                                              \
        (void)value, (void)err;                    \
        return ((struct args *)self)->name = true; \
    }

FLAG(all)
FLAG(list)
FLAG(to_stdout)
FLAG(json)
FLAG(quiet)

static const struct cli_option options[] = {
    {"all", 'a', NULL, "Extract all that the archive holds", set_all},
    {"into", 'C', "DIR",
     "Write to DIR/NAME (default: the current directory); made if missing",
     set_into},
    {"stdout", 'O', NULL, "Write the one object to standard output",
     set_to_stdout},
    {"list", 'l', NULL,
     "Write nothing; print \"LENGTH DIGEST NAME\" for each object", set_list},
    CLI_S3_OPTIONS(struct args, place),
    {"json", 0, NULL, "Print one JSON object for each object, on a line",
     set_json},
    {"quiet", 'q', NULL, "Print no summary", set_quiet},
    {0},
};

// --- What is wanted ---

// A NAME of the command line.
struct name {
    const char *given;
    const char *name; // without "data/"; borrowed
    bool is_digest;   // at least its first digits
    uint64_t found;
    struct imp_digest digest; // of the first that was found
    bool several;             // other ones, too
    bool sent;                // to standard output, where one is enough
};

// An object that one of them is of.
struct match {
    struct imp_object object; // its name is of g_malloc
    guint name;               // in `names`
};

struct extract {
    struct args *args;
    struct imp_ctx *ctx; // cancelled by a signal
    struct imp_extractor *x;
    int into;            // -1: nowhere
    GArray *names;       // of struct name; empty: all is wanted
    GHashTable *by_name; // to its index in `names`, plus one
    guint now;           // in `names`: whose object is told
    GArray *matches;     // of struct match
    bool over;           // no more can be written
    uint64_t extracted, there, failed;
};

static bool is_digits(const char *s)
{
    size_t n = strspn(s, "0123456789abcdefABCDEF");
    return !s[n] && n >= DIGITS_LEAST && n < IMP_SHA256_HEX;
}

static void want(struct extract *e, const char *given)
{
    bool below = g_str_has_prefix(given, "data/");
    struct name n = {.given = given, .name = given + (below ? 5 : 0)};
    n.is_digest = is_digits(n.name);
    g_array_append_val(e->names, n);
    g_hash_table_insert(e->by_name, (gpointer)(uintptr_t)n.name,
                        GUINT_TO_POINTER(e->names->len));
}

static struct name *nth(struct extract *e, guint i)
{
    return &g_array_index(e->names, struct name, i);
}

// `digest` may be the start of it: then whoever asks will ask again.
static bool has_digits(const struct name *n, const char *digest)
{
    size_t want = strlen(n->name), have = strlen(digest);
    return n->is_digest &&
           g_ascii_strncasecmp(digest, n->name, want < have ? want : have) == 0;
}

static bool is_wanted(void *self, const char *name, const char *digest)
{
    struct extract *e = self;
    guint i = GPOINTER_TO_UINT(g_hash_table_lookup(e->by_name, name));
    if (i) {
        e->now = i - 1;
        return true;
    }
    for (e->now = 0; e->now < e->names->len; e->now++) {
        if (has_digits(nth(e, e->now), digest))
            return true;
    }
    return false;
}

// --- Telling ---

static void put_json(const char *name, const struct imp_object *object,
                     const char *result, const struct imp_err *why)
{
    char hex[IMP_SHA256_HEX];
    fputs("{\"object\": ", stdout);
    if (name)
        cli_put_json_string(stdout, name);
    else
        fputs("null", stdout);
    if (object) {
        imp_digest_hex(&object->digest, hex);
        cli_put_json_member(stdout, "digest", hex);
        printf(", \"length\": %" PRIu64, object->length);
    }
    if (result)
        cli_put_json_member(stdout, "result", result);
    if (why)
        cli_put_json_member(stdout, "reason", why->msg);
    puts("}");
}

static void tell_failure(struct extract *e, const char *name,
                         const struct imp_object *object,
                         const struct imp_err *why)
{
    e->failed++;
    if (e->args->json)
        put_json(name, object, "failed", why);
    cli_error("extract: %s", why->msg);
}

static void tell_odd(void *self, const char *name, const struct imp_err *why)
{
    tell_failure(self, name, NULL, why);
}

// --- One object ---

static void list_one(const struct args *a, const struct imp_object *object)
{
    char hex[IMP_SHA256_HEX];
    imp_digest_hex(&object->digest, hex);
    if (a->json)
        put_json(object->name, object, NULL, NULL);
    else
        printf("%" PRIu64 " %s %s\n", object->length, hex, object->name);
}

static void tell_extracted(struct extract *e, const struct imp_object *object,
                           bool there)
{
    *(there ? &e->there : &e->extracted) += 1;
    if (e->args->json && !e->args->to_stdout)
        put_json(object->name, object, there ? "there" : "extracted", NULL);
}

static void extract_one(struct extract *e, const struct imp_object *object)
{
    struct imp_err why = {0};
    enum imp_extracted end =
        e->args->to_stdout
            ? imp_extractor_send(e->x, object, STDOUT_FILENO, &why)
            : imp_extractor_write(e->x, object, e->into, &why);
    switch (end) {
    case IMP_EXTRACT_DONE:
    case IMP_EXTRACT_THERE:
        tell_extracted(e, object, end == IMP_EXTRACT_THERE);
        break;
    case IMP_EXTRACT_OVER:
        e->over = true;
        if (why.code == IMP_ERR_CANCELLED)
            break;
        // fall through
    case IMP_EXTRACT_FAILED:
        tell_failure(e, object->name, object, &why);
        break;
    }
}

static void take(struct extract *e, const struct imp_object *object)
{
    if (e->args->list) {
        list_one(e->args, object);
    } else {
        extract_one(e, object);
        fflush(stdout);
    }
    e->over |= ferror(stdout) != 0;
}

// An image of two subjects is there twice, with one digest.
static void count(struct name *n, const struct imp_digest *digest)
{
    if (n->found++ == 0)
        n->digest = *digest;
    n->several |= !imp_digest_same(&n->digest, digest);
}

// All are taken as they come. What was asked for by name waits until all is
// known, as digits may turn out to be those of several.
static bool found(void *self, const struct imp_object *object,
                  struct imp_err *err)
{
    struct extract *e = self;
    if (e->names->len == 0) {
        take(e, object);
    } else {
        struct match m = {.object = *object, .name = e->now};
        m.object.name = g_strdup(object->name);
        g_array_append_val(e->matches, m);
        count(nth(e, e->now), &object->digest);
    }
    return (!e->over && !imp_ctx_cancelled(e->ctx)) ||
           imp_fail(err, IMP_ERR_CANCELLED, "not finished");
}

static void take_matches(struct extract *e)
{
    for (guint i = 0;
         i < e->matches->len && !e->over && !imp_ctx_cancelled(e->ctx); i++) {
        struct match *m = &g_array_index(e->matches, struct match, i);
        struct name *n = nth(e, m->name);
        struct imp_err why = {0};
        if (!n->several) {
            if (!n->sent)
                take(e, &m->object);
            n->sent = e->args->to_stdout;
            continue;
        }
        imp_fail(&why, IMP_ERR_CONFIG,
                 "%s is the start of several digests: that of %s is one",
                 n->given, m->object.name);
        tell_failure(e, m->object.name, &m->object, &why);
    }
}

static void tell_missing(struct extract *e)
{
    for (guint i = 0; i < e->names->len; i++) {
        const struct name *n = nth(e, i);
        struct imp_err why = {0};
        if (n->found > 0)
            continue;
        imp_fail(&why, IMP_ERR_IO, "%s is not in the archive", n->given);
        tell_failure(e, n->given, NULL, &why);
    }
}

// --- Going ---

static bool open_into(struct extract *e, struct imp_err *err)
{
    const char *into = e->args->into ? e->args->into : ".";
    if (e->args->list || e->args->to_stdout)
        return true;
    if (!imp_dir_make(AT_FDCWD, into, 0777, err))
        return imp_wrap(err, "--into");
    e->into = open(into, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return e->into >= 0 || imp_fail_errno(err, "--into");
}

// What was written is durable before it is said to be there.
static bool sync_into(struct extract *e, struct imp_err *err)
{
    return e->extracted == 0 || e->into < 0 || syncfs(e->into) == 0 ||
           imp_fail_errno(err, "--into: syncfs");
}

static int code_of(struct extract *e)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        cli_error("extract: cannot write to standard output: %m");
        return CLI_SOME_FAILED;
    }
    if (!e->args->quiet && !e->args->list)
        cli_error("%" PRIu64 " extracted, %" PRIu64 " there already, %" PRIu64
                  " failed%s",
                  e->extracted, e->there, e->failed,
                  e->over ? "; the rest was not tried" : "");
    int code = cli_signals_code(e->ctx);
    return code ? code : e->failed ? CLI_SOME_FAILED : CLI_OK;
}

static int go(struct extract *e)
{
    const struct imp_extract_sink sink = {e, e->names->len ? is_wanted : NULL,
                                          found, tell_odd};
    struct imp_err err = {0};
    bool listed;
    e->args->place.at.s3.stop = e->ctx;
    e->x = imp_extractor_new(&e->args->place.at, e->ctx, &listed, &err);
    if (!e->x || !open_into(e, &err)) {
        cli_error("extract: %s", err.msg);
        int code = cli_signals_code(e->ctx);
        return code ? code : CLI_NOT_STARTED;
    }
    if (!listed)
        cli_error("extract: the archive has no list of its objects, for a run "
                  "is on or was killed: reading what it holds");
    if (!imp_extractor_each(e->x, &sink, &err) && err.code != IMP_ERR_CANCELLED)
        tell_failure(e, NULL, NULL, &err);
    take_matches(e);
    if (!e->over && !imp_ctx_cancelled(e->ctx))
        tell_missing(e);
    if (!sync_into(e, &err))
        tell_failure(e, NULL, NULL, &err);
    return code_of(e);
}

static void free_match(void *match)
{
    g_free((char *)(uintptr_t)((struct match *)match)->object.name);
}

static int extract(struct args *a, char **names, int n)
{
    struct imp_err err = {0};
    struct cli_signals signals;
    struct extract e = {.args = a, .into = -1, .ctx = imp_ctx_new(NULL)};
    if (!cli_signals_begin(&signals, e.ctx, &err)) {
        cli_error("extract: %s", err.msg);
        imp_ctx_free(e.ctx);
        return CLI_NOT_STARTED;
    }
    e.names = g_array_new(FALSE, FALSE, sizeof(struct name));
    e.by_name = g_hash_table_new(g_str_hash, g_str_equal);
    e.matches = g_array_new(FALSE, FALSE, sizeof(struct match));
    g_array_set_clear_func(e.matches, free_match);
    for (int i = 0; i < n; i++)
        want(&e, names[i]);
    int code = go(&e);
    if (e.into >= 0)
        close(e.into);
    imp_extractor_free(e.x);
    g_array_free(e.matches, TRUE);
    g_hash_table_destroy(e.by_name);
    g_array_free(e.names, TRUE);
    cli_signals_end(&signals);
    imp_ctx_free(e.ctx);
    return code;
}

// What does not go together; NULL: all well.
static const char *misuse(const struct args *a, int names)
{
    if (names < 0)
        return "want an archive";
    if (a->all && names > 0)
        return "--all and names: want one of both";
    if (!a->all && !a->list && names == 0)
        return "want names, --all or --list";
    if (a->to_stdout && (a->list || names != 1))
        return "--stdout: want one name";
    return NULL;
}

static int run(int argc, char **argv)
{
    struct args a = {0};
    bool help;
    int code = cli_parse(&cli_verb_extract, &argc, &argv, &a, &help);
    if (code == CLI_OK && !help) {
        const char *why = misuse(&a, argc - 2);
        code = CLI_USAGE;
        if (why) {
            cli_error("extract: %s", why);
        } else {
            cli_place_at(&a.place, argv[1]);
            code = extract(&a, argv + 2, argc - 2);
        }
    }
    g_free(a.into);
    cli_place_clear(&a.place);
    return code;
}

const struct cli_verb cli_verb_extract = {
    .name = "extract",
    .args = "ARCHIVE [NAME...]",
    .summary = "Read archived images, each checked against the archive's list",
    .details =
        "NAME is an object's name, with or without \"data/\", or the first 8 "
        "or "
        "more digits of\nits digest. Nothing is overwritten.\n\n"
        "Examples:\n"
        "  imgpipe extract --list tar.gz:archive.tar.gz\n"
        "  imgpipe extract tar.gz:archive.tar.gz 3f2a9c01 -C out/\n\n"
        "Exit code: 0 all was extracted; 1 something is not there, damaged, or "
        "cannot be\nwritten; 2 usage; 3 could not start.",
    .options = options,
    .run = run,
};
