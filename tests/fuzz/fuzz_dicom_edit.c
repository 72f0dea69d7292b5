/* fuzz_dicom_edit.c - any bytes as a DICOM object that is de-identified under
 * any set of options, and looked at again, as a run does. What must hold:
 *   - an error says that the input is at fault;
 *   - the cuts tile the input, and their lengths add up to the output's;
 *   - the output can be read to its end, and names the same instance twice;
 *   - cut again, by the same editor and as an archive's, all of it is kept;
 *   - it has none of the patient's name, number and instance, if they are the
 *     planted ones, in any text nor, once it was searched, outside its pixels;
 *   - the same input gives the same bytes, whoever was before and is told;
 *   - it takes a second at most, and no more room than dummies do.
 *
 * A DICOM file is taken as one, and its first two bytes are the options; else
 * the bytes are a recipe for one: see dicom_recipe.h. */
#include "canary.h"
#include "deid/dicom_rules.h"
#include "deid/policy.h"
#include "deid/secret.h"
#include "dicom/file.h"
#include "dicom/reader.h"
#include "dicom_recipe.h"
#include "image/dicom_inflate.h"

#include <time.h>

#define INSTANCE_UID 0x00080018
#define PATIENT_NAME 0x00100010
#define PATIENT_ID 0x00100020

enum { MAX_INFLATED = 1 << 20, MAX_PIXELS = 1 << 22 };

static const struct imp_dcm_encoding meta_encoding = {true, false};

static bool has(struct imp_span in, const char *text)
{
    return in.n && memmem(in.p, in.n, text, strlen(text));
}

// --- What is asked for ---

enum {
    ALLOW_BURNED_IN = 1 << 10,
    WITH_CODE = 1 << 11,
    WITH_SHIFT = 1 << 12,
    KEEP_PROFILES = 1 << 13,
};

// Of PS3.15 E.3, a bit each.
static void option_list(unsigned asked, char out[512])
{
    out[0] = '\0';
    for (int i = 0; i < IMP_DICOM_OPTIONS; i++) {
        bool contradicts =
            i == IMP_DICOM_MODIFIED_DATES && asked >> IMP_DICOM_FULL_DATES & 1;
        if (!(asked >> i & 1) || contradicts)
            continue;
        strcat(out, out[0] ? ";" : "options = ");
        strcat(out, imp_dicom_option_name((enum imp_dicom_option)i));
    }
}

static struct imp_policy *policy_new(unsigned asked)
{
    char options[512], text[1024];
    option_list(asked, options);
    snprintf(text, sizeof text,
             "[policy]\npreset = %s\n[dicom]\n%s\n%s\nburned-in = %s\n",
             asked & KEEP_PROFILES ? "research" : "strict", options,
             asked >> IMP_DICOM_SAFE_PRIVATE & 1
                 ? "keep-private = (0019,xx01) " RECIPE_OWNER
                   ";(0019,xx02) " RECIPE_OWNER ";(0029,xx10) " RECIPE_OWNER
                 : "",
             asked & ALLOW_BURNED_IN ? "allow" : "quarantine");
    struct imp_err err = {0};
    struct imp_policy *p = imp_policy_from_text(text, &err);
    promise(p, err.msg);
    return p;
}

static const struct imp_policy *policy_of(unsigned asked)
{
    static struct imp_policy *made[1 << 14];
    asked &= sizeof made / sizeof *made - 1;
    if (!made[asked])
        made[asked] = policy_new(asked);
    return made[asked];
}

static struct imp_deid_subject subject_of(unsigned asked)
{
    return (struct imp_deid_subject){
        .code = asked & WITH_CODE ? RECIPE_CODE : NULL,
        .has_shift = asked & WITH_SHIFT,
        .shift_days = asked & WITH_SHIFT ? -123 : 0,
        .secret = imp_secret_for_looking(),
    };
}

// --- Cutting ---

static bool cut(struct imp_deid *d, struct imp_span in, enum imp_check check,
                struct imp_cutlist *cl, struct imp_err *err)
{
    struct imp_job_image image = {.editor = imp_deid_editor(d),
                                  .dicom = imp_deid_dicom(d),
                                  .limits = {MAX_INFLATED, MAX_PIXELS, 0},
                                  .check = check};
    return imp_format_cut(imp_format_called("dicom"), in, &image, cl, err);
}

static void expect_sums(const struct imp_cutlist *cl, struct imp_span in,
                        struct imp_span out)
{
    uint64_t taken = 0, made = 0;
    for (size_t i = 0; i < cl->n; i++) {
        const struct imp_cut *c = &cl->cut[i];
        promise(c->offset == taken, "no gap and no overlap");
        taken += c->kind == IMP_CUT_INSERT ? 0 : c->length;
        made += c->kind == IMP_CUT_DROP ? 0 : c->length;
    }
    promise(taken == in.n, "every byte of the input is spoken for");
    promise(made == out.n && cl->output_len == out.n,
            "the lengths are the output's");
}

static void expect_inputs_fault(const struct imp_err *err)
{
    bool ok = err->code == IMP_ERR_DAMAGED ||
              err->code == IMP_ERR_UNSUPPORTED || err->code == IMP_ERR_LIMIT;
    promise(ok, err->msg);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// Into `out`, by `d` as it is.
static bool clean(struct imp_deid *d, struct imp_span in, struct imp_buf *out)
{
    static struct imp_cutlist cl;
    struct imp_err err = {0};
    double start = seconds();
    bool ok = cut(d, in, IMP_CHECK_CODED, &cl, &err);
    promise(seconds() - start < 1, "a second is enough");
    if (!ok) {
        expect_inputs_fault(&err);
        return false;
    }
    promise(imp_cutlist_apply(&cl, in, out, NULL), "memory");
    expect_sums(&cl, in, imp_buf_span(out));
    return true;
}

// --- What an object says of itself ---

// Values of the outermost level; empty: it has none, or none that is a value.
struct said {
    struct imp_span name, number, instance;
    bool has_uid; // the instance is written as one
};

struct object {
    struct imp_dcm_file file;
    struct imp_span data; // as it is when inflated
    uint64_t at;
    struct said said;
};

static struct imp_span trimmed(struct imp_span s)
{
    for (; s.n && (s.p[s.n - 1] == ' ' || !s.p[s.n - 1]); s.n--)
        continue;
    for (; s.n && (*s.p == ' ' || !*s.p); s.p++)
        s.n--;
    return s;
}

static bool is(struct imp_span s, const char *text)
{
    return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

static void take(struct said *said, struct imp_span data,
                 const struct imp_dcm_event *e)
{
    if (e->depth || e->kind != IMP_DCM_ELEMENT)
        return;
    const struct imp_span value = trimmed(imp_dcm_value_of(data, e));
    if (e->tag == PATIENT_NAME)
        said->name = value;
    if (e->tag == PATIENT_ID)
        said->number = value;
    if (e->tag == INSTANCE_UID) {
        said->instance = value;
        said->has_uid = e->vr == IMP_DCM_UI;
    }
}

typedef void event_fn(void *self, struct imp_span data,
                      const struct imp_dcm_event *e);

static bool read_events(struct imp_span data, uint64_t from, uint64_t to,
                        struct imp_dcm_encoding how, event_fn *fn, void *self)
{
    static struct imp_dcm_reader r;
    struct imp_dcm_event e;
    imp_dcm_reader_start(&r, data, from, to, how);
    do {
        if (!imp_dcm_next(&r, &e, NULL))
            return false;
        fn(self, data, &e);
    } while (e.kind != IMP_DCM_END);
    return true;
}

static void take_said(void *self, struct imp_span data,
                      const struct imp_dcm_event *e)
{
    take(self, data, e);
}

static bool open_object(struct object *o, struct imp_span in,
                        struct imp_buf *room)
{
    uint64_t end;
    *o = (struct object){.data = in};
    if (!imp_dcm_file_read(in, &o->file, NULL))
        return false;
    o->at = o->file.data_at;
    if (o->file.syntax->deflated) {
        if (!imp_dicom_inflate(in, o->at, MAX_INFLATED, room, &end, NULL))
            return false;
        o->data = imp_buf_span(room);
        o->at = 0;
    }
    return read_events(o->data, o->at, o->data.n, o->file.syntax->encoding,
                       take_said, &o->said);
}

// --- What must be gone ---

struct gone {
    const char *text[3];
    size_t n;
};

// Is it the first component of a name, whatever the character set?
static bool is_name(struct imp_span s)
{
    size_t n = strlen(RECIPE_NAME);
    return imp_span_starts(s, RECIPE_NAME, n) &&
           (s.n == n || memchr("^= \\", s.p[n], 4));
}

static struct gone gone_of(const struct said *said, unsigned asked)
{
    struct gone g = {{NULL}, 0};
    if (is_name(said->name))
        g.text[g.n++] = RECIPE_NAME;
    if (is(said->number, RECIPE_NUMBER))
        g.text[g.n++] = RECIPE_NUMBER;
    if (said->has_uid && is(said->instance, RECIPE_INSTANCE) &&
        !(asked >> IMP_DICOM_UIDS & 1))
        g.text[g.n++] = RECIPE_INSTANCE;
    return g;
}

// Where a character is a byte.
static bool is_plain(struct imp_span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < ' ' || s.p[i] > '~')
            return false;
    return true;
}

static void expect_gone_from(void *self, struct imp_span data,
                             const struct imp_dcm_event *e)
{
    const struct gone *g = self;
    const struct imp_span value = imp_dcm_value_of(data, e);
    enum imp_dcm_kind kind = imp_dcm_vr_info(e->vr)->kind;
    bool says = kind == IMP_DCM_KIND_TEXT || kind == IMP_DCM_KIND_DECIMAL ||
                kind == IMP_DCM_KIND_DATE;
    if (e->kind != IMP_DCM_ELEMENT || e->vr == IMP_DCM_CS || !says ||
        !is_plain(value))
        return;
    for (size_t i = 0; i < g->n; i++)
        promise(!has(value, g->text[i]), "no text repeats what identifies");
}

static void expect_gone(const struct gone *g, const struct imp_cutlist *kept,
                        struct imp_span out)
{
    for (size_t i = 0; i < kept->n; i++)
        for (size_t k = 0; k < g->n; k++)
            promise(kept->cut[i].part == IMP_PART_CODED ||
                        !has((struct imp_span){out.p + kept->cut[i].offset,
                                               kept->cut[i].length},
                             g->text[k]),
                    "nothing that identifies outlives the search");
}

// --- The output ---

static void take_instance(void *self, struct imp_span data,
                          const struct imp_dcm_event *e)
{
    if (e->tag == 0x00020003)
        *(struct imp_span *)self = trimmed(imp_dcm_value_of(data, e));
}

static void expect_sound(struct imp_span out, unsigned asked, struct object *o)
{
    static struct imp_buf room;
    struct imp_span instance = {0};
    promise(imp_dcm_sniff(out) && open_object(o, out, &room),
            "the output can be read");
    promise(read_events(out, o->file.meta_at, o->file.data_at, meta_encoding,
                        take_instance, &instance),
            "and its meta group");
    promise(o->said.instance.n == instance.n &&
                memcmp(o->said.instance.p, instance.p, instance.n) == 0,
            "the meta group names the instance");
    if (asked & WITH_CODE)
        promise(is(o->said.name, RECIPE_CODE) &&
                    is(o->said.number, RECIPE_CODE),
                "the patient has the subject's code");
}

static void expect_clean(struct imp_deid *d, struct imp_span out,
                         const struct gone *gone)
{
    static struct imp_cutlist cl;
    struct imp_err err = {0};
    imp_deid_look_again(d);
    promise(cut(d, out, IMP_CHECK_AGAIN, &cl, &err), err.msg);
    promise(imp_cutlist_all_kept(&cl), "a second pass finds nothing");
    if (imp_deid_check_residual(d, &cl, out, &err))
        expect_gone(gone, &cl, out);
    else
        promise(err.code == IMP_ERR_RESIDUAL, err.msg);
}

// As it is verified in an archive, where nobody knows whose it is.
static void expect_archived(struct imp_deid *d, struct imp_span out)
{
    static const struct imp_deid_subject archived = {.has_shift = true,
                                                     .archived = true};
    static struct imp_cutlist cl;
    struct imp_err err = {0};
    imp_deid_start(d, &archived);
    promise(cut(d, out, IMP_CHECK_CODED, &cl, &err), err.msg);
    promise(imp_cutlist_all_kept(&cl), "in an archive it is clean");
}

// --- Again ---

static void told_element(void *self, const struct imp_deid_element *e)
{
    (void)self;
    promise(e->path && e->path[0] == '(' && e->fate && e->fate[0] &&
                e->keyword && e->vr,
            "what is told says what it is of");
}

// Whose words are those that most objects have.
static void clean_another(struct imp_deid *d, unsigned asked)
{
    static const char another[] = "\x08\0\x16\0UI\x1A\0"
                                  "1.2.840.10008.5.1.4.1.1.2\0"
                                  "\x08\0\x18\0UI\x04\0"
                                  "2.25"
                                  "\x08\0\x50\0SH\x0C\0"
                                  "MONOCHROME2 "
                                  "\x10\0\x10\0PN\x10\0"
                                  "ORIGINAL^PRIMARY";
    static struct imp_buf out;
    const struct imp_deid_subject subject = subject_of(asked);
    imp_deid_start(d, &subject);
    promise(
        clean(d,
              (struct imp_span){(const uint8_t *)another, sizeof another - 1},
              &out),
        "another object can be cleaned");
}

static void expect_same(struct imp_deid *d, struct imp_span in, unsigned asked,
                        struct imp_span was)
{
    static const struct imp_deid_observer observer = {.element = told_element};
    static struct imp_buf out;
    const struct imp_deid_subject subject = subject_of(asked);
    clean_another(d, asked);
    imp_deid_start(d, &subject);
    imp_deid_observe(d, &observer);
    promise(clean(d, in, &out), "what was cleaned can be, again");
    promise(out.n == was.n && memcmp(out.p, was.p, was.n) == 0,
            "and gives the same bytes");
    imp_deid_observe(d, NULL);
}

static void check(struct imp_span in, unsigned asked)
{
    static struct imp_buf out, room;
    struct object source, made;
    struct imp_deid *d = imp_deid_new(policy_of(asked), NULL);
    const struct imp_deid_subject subject = subject_of(asked);
    promise(d, "memory");
    imp_deid_start(d, &subject);
    if (clean(d, in, &out)) {
        struct imp_span result = imp_buf_span(&out);
        promise(open_object(&source, in, &room), "what was cut can be read");
        // A UID of one digit becomes one of 44, and is divided from the next.
        promise(result.n <= 2048 + 24 * source.data.n, "it does not explode");
        struct gone gone = gone_of(&source.said, asked);
        expect_sound(result, asked, &made);
        read_events(made.data, made.at, made.data.n, made.file.syntax->encoding,
                    expect_gone_from, &gone);
        expect_clean(d, result, &gone);
        expect_archived(d, result);
        expect_same(d, in, asked, result);
    }
    imp_deid_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct imp_buf made;
    const struct imp_span in = {data, n};
    if (n < 2)
        return 0;
    unsigned asked = imp_le16(data);
    if (imp_dcm_sniff(in))
        check(in, asked);
    else if (recipe_make((struct imp_span){data + 2, n - 2}, &made))
        check(imp_buf_span(&made), asked);
    return 0;
}
