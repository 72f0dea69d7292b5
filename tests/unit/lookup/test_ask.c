// The asker, with sources that do as they are told. Nothing here depends on how
// fast the machine is: a test that waits in vain ends by its own time limit.
#include "lookup/ask.h"
#include "lookup/kinds.h"
#include "sync/context.h"
#include "sync/waitgroup.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <string.h>

#define LONG 600000 // ms: never, in these tests

enum fake_does {
    ANSWERS,
    KNOWS_NOTHING,
    FAILS,
    WAITS_FOR_ITS_CONTEXT,
    WAITS_FOR_THE_OTHER, // answers once both have been asked
    IS_DEAF,             // waits for `let_go`, whatever its context says
};

struct fake {
    struct imp_lookup lookup; // first
    enum fake_does does;
    const char *code;
    _Atomic unsigned asked, asked_old; // the latter about "old"
    _Atomic bool saw_the_end;          // of its context
    struct imp_waitgroup *both;
    struct imp_waitgroup let_go;
    struct imp_ctx *forever;
};

static bool find(struct imp_lookup *l, struct imp_span key, struct imp_ctx *ctx,
                 struct imp_answer **answer, struct imp_err *err)
{
    struct fake *f = (struct fake *)l;
    cr_assert_eq(key.n, 3);
    f->asked++;
    f->asked_old += memcmp(key.p, "old", 3) == 0;
    switch (f->does) {
    case KNOWS_NOTHING:
        return true;
    case FAILS:
        return imp_fail(err, IMP_ERR_IO, "no route");
    case WAITS_FOR_ITS_CONTEXT:
        imp_ctx_wait(ctx, -1);
        f->saw_the_end = true;
        return imp_fail(err, IMP_ERR_CANCELLED, "cancelled");
    case WAITS_FOR_THE_OTHER:
        imp_waitgroup_done(f->both);
        if (!imp_waitgroup_wait(ctx, f->both))
            return imp_fail(err, IMP_ERR_CANCELLED, "cancelled");
        break;
    case IS_DEAF:
        imp_waitgroup_wait(f->forever, &f->let_go);
        break;
    case ANSWERS:
        break;
    }
    const struct imp_said said = {{(const uint8_t *)"code", 4},
                                  {(const uint8_t *)f->code, strlen(f->code)}};
    *answer = imp_answer_new(&said, 1, err);
    return *answer;
}

static const struct imp_lookup_ops quick = {.find = find};
static const struct imp_lookup_ops slow = {.find = find, .slow = true};

// Two sources, an asker, and what it said last.
struct table {
    struct fake subject, study;
    struct imp_waitgroup both;
    struct imp_ctx *ctx;
    struct imp_asker *asker;
    struct imp_answer *answer[IMP_QUESTIONS];
    struct imp_err err;
};

static void fake_init(struct fake *f, enum fake_does does, const char *code,
                      struct table *t)
{
    *f = (struct fake){.lookup = {&quick}, .does = does, .code = code};
    f->both = &t->both;
    f->forever = imp_ctx_new(NULL);
    imp_waitgroup_init(&f->let_go);
    imp_waitgroup_add(&f->let_go, 1);
}

static void fake_clear(struct fake *f)
{
    imp_waitgroup_clear(&f->let_go);
    imp_ctx_free(f->forever);
}

static void set_table(struct table *t, enum fake_does subject,
                      enum fake_does study)
{
    *t = (struct table){.ctx = imp_ctx_new(NULL)};
    imp_waitgroup_init(&t->both);
    imp_waitgroup_add(&t->both, 2);
    fake_init(&t->subject, subject, "S-1", t);
    fake_init(&t->study, study, "T-1", t);
}

static void open_asker(struct table *t, unsigned jobs, int64_t timeout_ms)
{
    const struct imp_asker_config config = {
        .lookup = {&t->subject.lookup, &t->study.lookup},
        .jobs = jobs,
        .timeout_ms = timeout_ms};
    t->asker = imp_asker_new(&config, &t->err);
    cr_assert(t->asker);
}

static bool ask(struct table *t, const char *key)
{
    t->err = (struct imp_err){0};
    for (int i = 0; i < IMP_QUESTIONS; i++)
        imp_answer_unref(t->answer[i]);
    return imp_ask(t->asker, (struct imp_span){(const uint8_t *)key, 3}, t->ctx,
                   t->answer, &t->err);
}

static void clear_table(struct table *t)
{
    for (int i = 0; i < IMP_QUESTIONS; i++)
        imp_answer_unref(t->answer[i]);
    imp_asker_free(t->asker);
    imp_ctx_free(t->ctx);
    fake_clear(&t->subject);
    fake_clear(&t->study);
    imp_waitgroup_clear(&t->both);
}

static const char *said(const struct table *t, enum imp_question which)
{
    return imp_answer_get(t->answer[which], "code");
}

Test(ask, both_questions_are_asked_at_the_same_time, .timeout = 20)
{
    struct table t;
    set_table(&t, WAITS_FOR_THE_OTHER, WAITS_FOR_THE_OTHER);
    open_asker(&t, 2, LONG);
    cr_assert(ask(&t, "key"), "%s", t.err.msg);
    cr_expect_str_eq(said(&t, IMP_ASK_SUBJECT), "S-1");
    cr_expect_str_eq(said(&t, IMP_ASK_STUDY), "T-1");
    clear_table(&t);
}

Test(ask, one_job_answers_one_after_the_other, .timeout = 20)
{
    struct table t;
    set_table(&t, ANSWERS, ANSWERS);
    open_asker(&t, 1, LONG);
    for (int i = 0; i < 100; i++)
        cr_assert(ask(&t, "key"), "%s", t.err.msg);
    cr_expect_eq(t.subject.asked, 100);
    cr_expect_eq(t.study.asked, 100);
    clear_table(&t);
}

Test(ask, what_has_no_source_is_not_asked, .timeout = 20)
{
    struct table t;
    set_table(&t, ANSWERS, FAILS);
    const struct imp_asker_config config = {
        .lookup = {&t.subject.lookup, NULL}, .jobs = 1, .timeout_ms = LONG};
    t.asker = imp_asker_new(&config, &t.err);
    cr_assert(ask(&t, "key"), "%s", t.err.msg);
    cr_expect_str_eq(said(&t, IMP_ASK_SUBJECT), "S-1");
    cr_expect_null(t.answer[IMP_ASK_STUDY]);
    clear_table(&t);
}

Test(ask, the_first_failure_ends_the_other_question, .timeout = 20)
{
    struct table t;
    set_table(&t, FAILS, WAITS_FOR_ITS_CONTEXT);
    open_asker(&t, 2, LONG);
    cr_expect(!ask(&t, "key"));
    cr_expect_eq(t.err.code, IMP_ERR_IO);
    cr_expect_str_eq(t.err.msg, "subject: no route");
    cr_expect_null(t.answer[IMP_ASK_STUDY]);
    imp_asker_free(t.asker); // joins the thread that waits for its context
    t.asker = NULL;
    cr_expect(t.study.asked == 0 || t.study.saw_the_end);
    clear_table(&t);
}

Test(ask, an_unknown_key_ends_the_other_question, .timeout = 20)
{
    struct table t;
    set_table(&t, WAITS_FOR_ITS_CONTEXT, KNOWS_NOTHING);
    open_asker(&t, 2, LONG);
    cr_expect(!ask(&t, "key"));
    cr_expect_eq(t.err.code, IMP_ERR_UNKNOWN_SUBJECT);
    cr_expect_str_eq(t.err.msg, "study: unknown subject");
    clear_table(&t);
}

// A thread may be late: it then says so, and not what is wanted.
static void ask_until(struct table *t, const char *want)
{
    do {
        cr_assert(!ask(t, "key"));
        cr_assert_eq(t->err.code, IMP_ERR_TIMEOUT);
    } while (strcmp(t->err.msg, want) != 0);
}

Test(ask, the_deadline_ends_both_and_names_what_is_missing, .timeout = 20)
{
    struct table t;
    set_table(&t, WAITS_FOR_ITS_CONTEXT, WAITS_FOR_ITS_CONTEXT);
    open_asker(&t, 2, 30);
    ask_until(&t, "lookup timed out after 30 ms: subject, study");
    t.subject.does = ANSWERS;
    ask_until(&t, "lookup timed out after 30 ms: study");
    clear_table(&t);
}

Test(ask, whoever_asks_leaves_a_source_that_is_deaf, .timeout = 20)
{
    struct table t;
    set_table(&t, ANSWERS, IS_DEAF);
    open_asker(&t, 2, 30);
    for (int i = 0; i < 5; i++) { // with no thread left, too
        cr_expect(!ask(&t, "key"));
        cr_expect_eq(t.err.code, IMP_ERR_TIMEOUT);
    }
    cr_expect_leq(t.study.asked, 2);
    imp_waitgroup_done(&t.study.let_go);
    clear_table(&t);
}

Test(ask, what_was_not_even_asked_is_told, .timeout = 20)
{
    struct table t;
    set_table(&t, WAITS_FOR_ITS_CONTEXT, ANSWERS);
    open_asker(&t, 1, 30);
    ask_until(&t, "lookup timed out after 30 ms: subject, study (waiting for "
                  "--lookup-jobs)");
    t.subject.does = IS_DEAF;
    ask_until(&t, "lookup timed out after 30 ms: subject (waiting for "
                  "--lookup-jobs), study (waiting for --lookup-jobs)");
    cr_expect_eq(t.study.asked, 0);
    imp_waitgroup_done(&t.subject.let_go);
    clear_table(&t);
}

Test(ask, what_has_waited_too_long_is_not_asked_any_more, .timeout = 20)
{
    struct table t;
    set_table(&t, IS_DEAF, ANSWERS);
    open_asker(&t, 1, 30);
    while (t.subject.asked == 0)
        cr_expect(!ask(&t, "old"));
    imp_waitgroup_done(&t.subject.let_go);
    while (!ask(&t, "key")) // behind it in the queue
        ;
    cr_expect_eq(t.study.asked_old, 0);
    clear_table(&t);
}

Test(ask, a_cancel_is_no_timeout, .timeout = 20)
{
    struct table t;
    set_table(&t, WAITS_FOR_THE_OTHER, ANSWERS);
    t.subject.does = WAITS_FOR_ITS_CONTEXT;
    open_asker(&t, 2, LONG);
    imp_ctx_cancel(t.ctx, IMP_CAUSE_SIGINT);
    cr_expect(!ask(&t, "key"));
    cr_expect_eq(t.err.code, IMP_ERR_CANCELLED);
    clear_table(&t);
}

Test(ask, a_deadline_of_the_run_is_no_timeout_of_the_look_up, .timeout = 20)
{
    struct table t;
    set_table(&t, WAITS_FOR_ITS_CONTEXT, ANSWERS);
    imp_ctx_free(t.ctx);
    t.ctx = imp_ctx_new_timeout(NULL, 30);
    open_asker(&t, 2, LONG);
    cr_expect(!ask(&t, "key"));
    cr_expect_eq(t.err.code, IMP_ERR_CANCELLED);
    clear_table(&t);
}

Test(ask, a_slow_source_is_asked_once_for_a_key, .timeout = 20)
{
    struct table t;
    set_table(&t, ANSWERS, ANSWERS);
    t.subject.lookup.ops = &slow;
    open_asker(&t, 2, LONG);
    for (int i = 0; i < 5; i++) {
        cr_assert(ask(&t, "key"));
        cr_expect_str_eq(said(&t, IMP_ASK_SUBJECT), "S-1");
    }
    cr_expect_eq(t.subject.asked, 1);
    cr_expect_eq(t.study.asked, 5);
    cr_assert(ask(&t, "yek"));
    cr_expect_eq(t.subject.asked, 2);
    clear_table(&t);
}

Test(ask, a_key_that_is_known_to_be_unknown_is_not_asked_about, .timeout = 20)
{
    struct table t;
    set_table(&t, KNOWS_NOTHING, ANSWERS);
    t.subject.lookup.ops = &slow;
    open_asker(&t, 2, LONG);
    for (int i = 0; i < 5; i++) {
        cr_expect(!ask(&t, "key"));
        cr_expect_eq(t.err.code, IMP_ERR_UNKNOWN_SUBJECT);
    }
    cr_expect_eq(t.subject.asked, 1);
    cr_expect_leq(t.study.asked, 1);
    clear_table(&t);
}

Test(ask, a_failure_is_not_kept, .timeout = 20)
{
    struct table t;
    set_table(&t, FAILS, ANSWERS);
    t.subject.lookup.ops = &slow;
    open_asker(&t, 2, LONG);
    cr_expect(!ask(&t, "key"));
    t.subject.does = ANSWERS;
    cr_expect(ask(&t, "key"), "%s", t.err.msg);
    clear_table(&t);
}
