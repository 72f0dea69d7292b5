// The recorder with hands that fail at any step: it is asked what the ledger
// says then, what is visible, and what it told.
#include "ledger/entries.h"
#include "ledger/recorder.h"
#include "sync/context.h"

#include "../../lib/tempdir.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <time.h>

#define MANY 32

// An archive that keeps its names in memory.
struct fake {
    char visible[MANY][IMP_NAME_MAX];
    size_t n_visible;
    int staged; // not yet published or discarded
    bool fail_settle, fail_names, fail_retract;
    const char *fail_publish;      // this name; it does not appear
    const char *fail_publish_late; // this name; it appears all the same
    void (*before_publish)(void);
    char log[400]; // the order of calls
    char done[1000];
    int settled[MANY], groups;
};

static char *dir, *state;
static struct imp_ledger *ledger;
static int64_t run;
static struct imp_record record;
static struct fake fake;

static char *judge(const char *sql)
{
    char *out = text("%s/judge", dir);
    cr_assert_eq(system(text("sqlite3 -batch '%s/ledger.db' \"%s\" > '%s'",
                             state, sql, out)),
                 0);
    return file_text(out);
}

static struct imp_digest digest_of(const char *s)
{
    struct imp_digest d;
    cr_assert(imp_sha256_of(s, strlen(s), &d, NULL));
    return d;
}

static void set_up(void)
{
    struct imp_recipe recipe = {.digest = digest_of("recipe")};
    bool other;
    dir = tempdir_make();
    state = text("%s/state", dir);
    ledger = imp_ledger_open(state, NULL, NULL);
    cr_assert(ledger);
    cr_assert(imp_ledger_start_run(ledger, &recipe, &run, &other, NULL));
    record = (struct imp_record){.ledger = ledger, .run = run};
}

static void tear_down(void)
{
    imp_ledger_free(ledger);
    tempdir_remove(dir);
}

TestSuite(recorder, .init = set_up, .fini = tear_down, .timeout = 30);

// --- The fake's hands ---

static void log_call(const char *what)
{
    strcat(strcat(fake.log, what), " ");
}

static int find(const char *name)
{
    for (size_t i = 0; i < fake.n_visible; i++)
        if (strcmp(fake.visible[i], name) == 0)
            return (int)i;
    return -1;
}

static bool settle(void *self, struct imp_result *const *group, size_t n,
                   struct imp_err *err)
{
    (void)self;
    log_call("settle");
    for (size_t i = 0; i < n; i++)
        cr_expect(group[i]->staged, "only what is staged is settled");
    fake.settled[fake.groups++] = (int)n;
    return !fake.fail_settle || imp_fail(err, IMP_ERR_IO, "settle broke");
}

static bool publish_one(struct imp_result *r, struct imp_err *err)
{
    log_call(r->name);
    if (fake.before_publish)
        fake.before_publish();
    if (fake.fail_publish && strcmp(r->name, fake.fail_publish) == 0)
        return imp_fail(err, IMP_ERR_IO, "publish broke");
    strcpy(fake.visible[fake.n_visible++], r->name);
    if (fake.fail_publish_late && strcmp(r->name, fake.fail_publish_late) == 0)
        return imp_fail(err, IMP_ERR_TIMEOUT, "no answer");
    free(r->staged);
    fake.staged--;
    return true;
}

static void publish(void *self, struct imp_result *const *group, size_t n,
                    struct imp_err *why)
{
    (void)self;
    for (size_t i = 0; i < n; i++)
        publish_one(group[i], &why[i]);
}

static bool settle_names(void *self, struct imp_err *err)
{
    (void)self;
    log_call("names");
    return !fake.fail_names || imp_fail(err, IMP_ERR_IO, "names broke");
}

static void discard(void *self, struct imp_result *r)
{
    (void)self;
    cr_expect(r->staged);
    free(r->staged);
    fake.staged--;
}

static bool retract(void *self, const struct imp_object *object,
                    struct imp_err *err)
{
    (void)self;
    log_call("retract");
    log_call(object->name);
    if (fake.fail_retract)
        return imp_fail(err, IMP_ERR_IO, "retract broke");
    int at = find(object->name);
    if (at >= 0)
        memmove(fake.visible[at], fake.visible[--fake.n_visible], IMP_NAME_MAX);
    return true;
}

static void done(void *self, const struct imp_result *r)
{
    (void)self;
    size_t at = strlen(fake.done);
    snprintf(fake.done + at, sizeof fake.done - at, "%s=%s ", r->path,
             imp_outcome_name(r->outcome));
    cr_expect_null(r->staged);
}

static const struct imp_commit_ops ops = {
    .settle = settle,
    .publish = publish,
    .settle_names = settle_names,
    .discard = discard,
    .retract = retract,
    .done = done,
};

// --- Results ---

static struct imp_result *result(const char *path, enum imp_outcome outcome)
{
    struct imp_result *r = imp_result_new(path);
    r->outcome = outcome;
    if (outcome != IMP_ARCHIVED)
        imp_fail(&r->err, IMP_ERR_DAMAGED, "torn");
    return r;
}

// An image of these bytes that was staged.
static struct imp_result *named(const char *path, const char *bytes,
                                const char *name)
{
    struct imp_result *r = result(path, IMP_ARCHIVED);
    r->digest = digest_of(bytes);
    r->length = strlen(bytes);
    r->staged = malloc(1);
    snprintf(r->name, sizeof r->name, "%s", name);
    fake.staged++;
    return r;
}

static struct imp_result *image(const char *path, const char *bytes)
{
    return named(path, bytes, bytes);
}

// Commit these (ended by NULL) as one group, or as the limits say.
static bool record_limited(struct imp_result **results,
                           struct imp_group_limits limits, struct imp_err *err)
{
    struct imp_ctx *ctx = imp_ctx_new(NULL);
    struct imp_chan *ch = imp_chan_new(MANY);
    for (; *results; results++)
        cr_assert(imp_chan_send(ctx, (struct imp_chan_tx){ch}, *results));
    imp_chan_close((struct imp_chan_tx){ch});
    bool ok =
        imp_recorder_run(&record, (struct imp_chan_rx){ch}, &ops, &limits, err);
    imp_chan_free(ch, NULL);
    imp_ctx_free(ctx);
    cr_expect_eq(fake.staged, 0, "nothing stays staged");
    return ok;
}

#define RECORD(err, ...)                                       \
    record_limited((struct imp_result *[]){__VA_ARGS__, NULL}, \
                   imp_group_limits_default(), err)

static char *rows(void)
{
    return judge("SELECT group_concat(CAST(path AS TEXT) || ' ' || outcome || "
                 "' ' || coalesce(reason, o.name), ', ') FROM inputs "
                 "LEFT JOIN objects o ON o.id = object ORDER BY path");
}

static char *intents(void)
{
    return judge("SELECT count(*) FROM intents");
}

// --- All well ---

Test(recorder, a_group_goes_through_the_four_steps_in_order)
{
    struct imp_err err = {0};
    cr_expect(RECORD(&err, image("/a", "x"), image("/b", "y")), "%s", err.msg);
    cr_expect_str_eq(fake.log, "settle x y names ");
    cr_expect_str_eq(fake.done, "/a=archived /b=archived ");
    cr_expect_str_eq(rows(), "/a archived x, /b archived y\n");
    cr_expect_str_eq(intents(), "0\n");
}

static void expect_intents_and_no_objects(void)
{
    cr_expect_str_eq(judge("SELECT group_concat(name) FROM intents"), "x,y\n");
    cr_expect_str_eq(judge("SELECT count(*) FROM objects"), "0\n");
}

Test(recorder, intents_are_durable_before_the_first_name_appears)
{
    fake.before_publish = expect_intents_and_no_objects;
    cr_expect(RECORD(NULL, image("/a", "x"), image("/b", "y")));
    cr_expect_eq(fake.n_visible, 2);
}

Test(recorder, what_is_not_archived_gets_its_row_and_touches_no_archive)
{
    cr_expect(RECORD(NULL, result("/q", IMP_QUARANTINED),
                     result("/f", IMP_FAILED), result("/c", IMP_CANCELLED),
                     result("/s", IMP_SKIPPED)));
    cr_expect_str_eq(fake.log, "");
    cr_expect_str_eq(fake.done,
                     "/q=quarantined /f=failed /c=cancelled /s=skipped ");
    cr_expect_str_eq(judge("SELECT CAST(path AS TEXT), outcome FROM inputs"),
                     "/q|quarantined\n/f|failed\n/c|cancelled\n");
    bool dirty = true;
    cr_assert(imp_ledger_dirty(ledger, &dirty, NULL));
    cr_expect_not(dirty);
}

// As when a list names it twice, and it was deleted in between.
Test(recorder, an_archived_input_that_then_fails_stays_archived)
{
    static const struct imp_stamp stamp = {.size = 1, .inode = 7},
                                  other = {.size = 2, .inode = 7};
    struct imp_result *gone = result("/a", IMP_FAILED);
    struct imp_result *archived = image("/b", "y");
    struct imp_result *unreadable = result("/b", IMP_FAILED);
    struct imp_result *newer = result("/c", IMP_FAILED);
    archived->stamp = unreadable->stamp = stamp;
    newer->stamp = other;
    cr_expect(RECORD(NULL, image("/a", "x"), gone, archived, image("/c", "z")));
    cr_expect(RECORD(NULL, unreadable, newer));
    cr_expect_str_eq(fake.done, "/a=archived /a=failed /b=archived "
                                "/c=archived /b=failed /c=failed ");
    cr_expect_str_eq(judge("SELECT CAST(path AS TEXT), outcome, name FROM "
                           "inputs i LEFT JOIN objects o ON o.id = i.object"),
                     "/a|archived|x\n/b|archived|y\n/c|failed|\n");
}

Test(recorder, the_same_output_in_one_group_is_archived_once)
{
    cr_expect(
        RECORD(NULL, image("/b", "x"), image("/a", "x"), image("/c", "x")));
    cr_expect_eq(fake.n_visible, 1);
    // the first one, as if each had had a group of its own
    cr_expect_str_eq(fake.done, "/b=archived /a=duplicate /c=duplicate ");
    cr_expect_str_eq(judge("SELECT count(DISTINCT object) FROM inputs"), "1\n");
}

Test(recorder, the_same_output_in_a_later_group_or_run_is_a_duplicate)
{
    struct imp_group_limits one_by_one = {1, 1000, 1000};
    struct imp_result *results[] = {image("/a", "x"), image("/b", "x"), NULL};
    cr_expect(record_limited(results, one_by_one, NULL));
    cr_expect(RECORD(NULL, image("/c", "x")));
    cr_expect_str_eq(fake.done, "/a=archived /b=duplicate /c=duplicate ");
    cr_expect_str_eq(judge("SELECT name FROM objects"), "x\n");
}

// As of two subjects.
Test(recorder, the_same_output_under_another_name_is_archived_there_too)
{
    cr_expect(RECORD(NULL, named("/a", "x", "s/x"), named("/b", "x", "t/x"),
                     named("/c", "x", "s/x")));
    cr_expect(RECORD(NULL, named("/d", "x", "u/x"), named("/e", "x", "t/x")));
    cr_expect_str_eq(fake.done, "/a=archived /b=archived /c=duplicate "
                                "/d=archived /e=duplicate ");
    cr_expect_str_eq(rows(), "/a archived s/x, /b archived t/x, "
                             "/c duplicate s/x, /d archived u/x, "
                             "/e duplicate t/x\n");
}

Test(recorder, publishing_makes_the_ledger_dirty)
{
    bool dirty = false;
    cr_expect(RECORD(NULL, image("/a", "x")));
    cr_assert(imp_ledger_dirty(ledger, &dirty, NULL));
    cr_expect(dirty);
}

// --- Groups ---

Test(recorder, a_group_ends_at_its_number_of_results_and_of_bytes)
{
    struct imp_group_limits two = {2, 1000, 10000}, bytes = {100, 5, 10000};
    struct imp_result *a[] = {image("/1", "1"), image("/2", "2"),
                              image("/3", "3"), image("/4", "4"),
                              image("/5", "5"), NULL};
    cr_expect(record_limited(a, two, NULL));
    cr_expect_eq(fake.groups, 3);
    cr_expect(fake.settled[0] == 2 && fake.settled[1] == 2 &&
              fake.settled[2] == 1);

    fake.groups = 0;
    struct imp_result *b[] = {image("/6", "666"), image("/7", "77"),
                              image("/8", "8"), NULL};
    cr_expect(record_limited(b, bytes, NULL));
    cr_expect_eq(fake.groups, 2);
    cr_expect(fake.settled[0] == 2 && fake.settled[1] == 1);
}

struct slow_sender {
    struct imp_ctx *ctx;
    struct imp_chan *ch;
};

// Sends one, waits until it is told done, sends another.
static void *send_slowly(void *arg)
{
    struct slow_sender *s = arg;
    struct imp_chan_tx tx = {s->ch};
    imp_chan_send(s->ctx, tx, image("/1", "1"));
    for (int i = 0; i < 200; i++) {
        struct imp_stamp stamp = {0};
        struct imp_known known = {0};
        struct imp_ledger *reader = imp_ledger_reader(ledger, NULL);
        cr_assert(reader);
        cr_assert(imp_ledger_known(reader, "/1", &stamp, &known, NULL));
        imp_ledger_free(reader);
        if (known.found)
            break;
        usleep(10000);
    }
    imp_chan_send(s->ctx, tx, image("/2", "2"));
    imp_chan_close(tx);
    return NULL;
}

Test(recorder, a_group_ends_some_time_after_its_first_result)
{
    struct imp_group_limits limits = {100, 1000, 30};
    struct slow_sender s = {imp_ctx_new(NULL), imp_chan_new(4)};
    pthread_t thread;
    pthread_create(&thread, NULL, send_slowly, &s);
    cr_expect(imp_recorder_run(&record, (struct imp_chan_rx){s.ch}, &ops,
                               &limits, NULL));
    pthread_join(thread, NULL);
    cr_expect_eq(fake.groups, 2);
    imp_chan_free(s.ch, NULL);
    imp_ctx_free(s.ctx);
}

// --- A step that fails ---

Test(recorder, if_data_cannot_be_settled_the_groups_images_fail)
{
    fake.fail_settle = true;
    cr_expect(RECORD(NULL, image("/a", "x"), image("/b", "x"),
                     result("/q", IMP_QUARANTINED)));
    cr_expect_str_eq(fake.log, "settle ");
    cr_expect_str_eq(fake.done, "/a=failed /b=failed /q=quarantined ");
    cr_expect_str_eq(judge("SELECT outcome, code, reason FROM inputs "
                           "WHERE CAST(path AS TEXT) = '/a'"),
                     "failed|io|settle broke\n");
    cr_expect_str_eq(judge("SELECT count(*) FROM inputs "
                           "WHERE outcome = 'failed'"),
                     "2\n");
    cr_expect_str_eq(intents(), "0\n");
}

Test(recorder, an_image_that_cannot_be_published_fails_alone)
{
    fake.fail_publish = "x";
    cr_expect(
        RECORD(NULL, image("/a", "x"), image("/b", "y"), image("/c", "x")));
    cr_expect_str_eq(fake.done, "/a=failed /b=archived /c=failed ");
    cr_expect_eq(fake.n_visible, 1);
    cr_expect_str_eq(judge("SELECT name FROM objects"), "y\n");
    cr_expect_str_eq(intents(), "0\n");
}

Test(recorder, an_image_that_became_visible_though_publish_failed_is_retracted)
{
    fake.fail_publish_late = "x";
    cr_expect(RECORD(NULL, image("/a", "x"), image("/b", "y")));
    cr_expect_str_eq(fake.done, "/a=failed /b=archived ");
    cr_expect_eq(find("x"), -1);
    cr_expect_str_eq(intents(), "0\n");
}

Test(recorder, if_names_cannot_be_settled_all_of_the_group_are_retracted)
{
    fake.fail_names = true;
    cr_expect(RECORD(NULL, image("/a", "x"), image("/b", "y")));
    cr_expect_str_eq(fake.log, "settle x y names retract y retract x ");
    cr_expect_str_eq(fake.done, "/a=failed /b=failed ");
    cr_expect_eq(fake.n_visible, 0);
    cr_expect_str_eq(judge("SELECT count(*) FROM objects"), "0\n");
    cr_expect_str_eq(intents(), "0\n");
}

Test(recorder, what_cannot_be_retracted_keeps_its_intent_for_the_next_start)
{
    struct imp_err err = {0};
    fake.fail_names = fake.fail_retract = true;
    cr_expect(RECORD(NULL, image("/a", "x"), image("/b", "y")));
    cr_expect_eq(fake.n_visible, 2);
    cr_expect_str_eq(intents(), "2\n");
    cr_expect_not(imp_recorder_recover(ledger, retract, NULL, &err));
    cr_expect_str_eq(intents(), "2\n");
    fake.fail_retract = false;
    cr_expect(imp_recorder_recover(ledger, retract, NULL, &err), "%s", err.msg);
    cr_expect_eq(fake.n_visible, 0);
    cr_expect(imp_ledger_set_taken_up(ledger, NULL, &err), "%s", err.msg);
    cr_expect_str_eq(intents(), "0\n");
}

Test(recorder, what_is_an_object_by_now_needs_no_recovery)
{
    struct imp_err err = {0};
    const struct imp_object x = {"x", digest_of("x"), 1, 0, 0};
    fake.fail_names = fake.fail_retract = true;
    cr_expect(RECORD(NULL, image("/a", "x"), image("/b", "y")));
    cr_assert(imp_ledger_put_object(ledger, &x, &err), "%s", err.msg);
    fake.fail_retract = false;
    cr_expect(imp_recorder_recover(ledger, retract, NULL, &err), "%s", err.msg);
    cr_expect_eq(fake.n_visible, 1);
    cr_expect_geq(find("x"), 0);
}

Test(recorder, a_failed_image_is_archived_by_a_later_group)
{
    fake.fail_names = fake.fail_retract = true;
    cr_expect(RECORD(NULL, image("/a", "x")));
    fake = (struct fake){0};
    cr_expect(RECORD(NULL, image("/a", "x")));
    cr_expect_str_eq(fake.done, "/a=archived ");
    cr_expect_str_eq(intents(), "0\n");
    cr_expect_str_eq(judge("SELECT outcome, reason FROM inputs"),
                     "archived|\n");
}

Test(recorder, a_name_that_another_object_has_is_never_intended)
{
    cr_expect(RECORD(NULL, named("/a", "1", "n")));
    cr_expect(RECORD(NULL, named("/b", "2", "n"), image("/c", "3")));
    cr_expect_str_eq(fake.done, "/a=archived /b=failed /c=archived ");
    cr_expect_str_eq(fake.log, "settle n names settle 3 names ");
    cr_expect_str_eq(judge("SELECT code FROM inputs WHERE "
                           "CAST(path AS TEXT) = '/b'"),
                     "config\n");
}

Test(recorder, of_two_images_with_one_name_in_a_group_one_fails)
{
    cr_expect(RECORD(NULL, named("/a", "1", "n"), named("/b", "2", "n")));
    cr_expect_eq(fake.n_visible, 1);
    cr_expect_str_eq(fake.done, "/a=archived /b=failed ");
    cr_expect_str_eq(intents(), "0\n");
}

Test(recorder, a_bad_name_fails_before_it_is_noted_anywhere)
{
    cr_expect(RECORD(NULL, named("/a", "1", "../n"), image("/b", "2")));
    cr_expect_str_eq(fake.done, "/a=failed /b=archived ");
    cr_expect_str_eq(fake.log, "settle 2 names ");
}

// --- A ledger that breaks ---

static void no_more_objects(void)
{
    judge("CREATE TRIGGER broken BEFORE INSERT ON objects BEGIN "
          "SELECT RAISE(ABORT, 'broken'); END");
}

Test(recorder, a_ledger_that_cannot_be_written_fails_all_and_blocks_no_sender)
{
    struct imp_err err = {0};
    struct imp_group_limits one_by_one = {1, 1000, 1000};
    no_more_objects();
    struct imp_result *results[] = {
        image("/a", "x"), result("/q", IMP_QUARANTINED), image("/b", "y"),
        result("/c", IMP_CANCELLED), NULL};
    cr_expect_not(record_limited(results, one_by_one, &err));
    cr_expect_eq(err.code, IMP_ERR_IO);
    cr_expect_str_eq(err.msg, "ledger: broken");
    cr_expect_str_eq(fake.done, "/a=failed /q=failed /b=failed /c=cancelled ");
    // The name stays: whether the commit is lost is for the next start to see.
    cr_expect_eq(find("x"), 0);
    cr_expect_str_eq(intents(), "1\n");
    cr_expect(imp_recorder_recover(ledger, retract, NULL, NULL));
    cr_expect_eq(fake.n_visible, 0);
}

Test(recorder, if_intents_cannot_be_noted_nothing_becomes_visible)
{
    struct imp_err err = {0};
    judge("CREATE TRIGGER broken BEFORE INSERT ON intents BEGIN "
          "SELECT RAISE(ABORT, 'broken'); END");
    cr_expect_not(RECORD(&err, image("/a", "x"), image("/b", "y")));
    cr_expect_str_eq(fake.log, "settle ");
    cr_expect_eq(fake.n_visible, 0);
    cr_expect_str_eq(fake.done, "/a=failed /b=failed ");
}

Test(recorder, if_inputs_cannot_be_written_no_object_is_either)
{
    struct imp_err err = {0};
    judge("CREATE TRIGGER broken BEFORE INSERT ON inputs BEGIN "
          "SELECT RAISE(ABORT, 'broken'); END");
    cr_expect_not(RECORD(&err, image("/a", "x")));
    cr_expect_str_eq(judge("SELECT count(*) FROM objects"), "0\n");
    cr_expect_str_eq(intents(), "1\n");
}

Test(recorder, a_ledger_that_cannot_be_read_fails_all)
{
    struct imp_err err = {0};
    judge("DROP TABLE objects");
    cr_expect_not(RECORD(&err, image("/a", "x")));
    cr_expect_str_eq(fake.log, "");
    cr_expect_str_eq(fake.done, "/a=failed ");
}

Test(recorder, recovering_tells_each_intent_the_last_one_first)
{
    struct imp_err err = {0};
    bool clash;
    for (int i = 0; i < 3; i++) {
        struct imp_digest d = digest_of(text("%d", i));
        cr_assert(
            imp_ledger_put_intent(ledger, text("n%d", i), &d, &clash, NULL));
        strcpy(fake.visible[fake.n_visible++], text("n%d", i));
    }
    strcpy(fake.visible[fake.n_visible++], "other");
    cr_expect(imp_recorder_recover(ledger, retract, NULL, &err), "%s", err.msg);
    cr_expect_eq(fake.n_visible, 1);
    cr_expect_str_eq(fake.visible[0], "other");
    cr_expect_str_eq(fake.log, "retract n2 retract n1 retract n0 ");
}
