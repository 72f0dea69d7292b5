#include "deid/exif_find.h"

#include "deid/exif_walk.h"

#include <glib.h>
#include <libexif/exif-format.h>
#include <libexif/exif-ifd.h>
#include <libexif/exif-tag.h>
#include <string.h>
#include <strings.h>

#define USER_COMMENT 0x9286
#define XP_FIRST 0x9C9B // XPTitle ... XPSubject
#define XP_LAST 0x9C9F

// Longer text is no key of anything.
#define MAX_TEXT 4096

bool imp_exif_tag_named(const char *name, struct imp_exif_tag *out,
                        struct imp_err *err)
{
    static const ExifIfd ifds[] = {EXIF_IFD_0, EXIF_IFD_EXIF, EXIF_IFD_GPS};
    for (size_t i = 0; i < sizeof ifds / sizeof *ifds; i++)
        for (unsigned tag = 0; tag <= 0xFFFF; tag++) {
            const char *known = exif_tag_get_name_in_ifd((ExifTag)tag, ifds[i]);
            if (!known || strcasecmp(known, name) != 0)
                continue;
            *out = (struct imp_exif_tag){(int)ifds[i], tag};
            return true;
        }
    return imp_fail(err, IMP_ERR_CONFIG,
                    "no EXIF tag %.60s: want a name of CIPA DC-008, such as "
                    "ImageDescription",
                    name);
}

// --- The text of a field ---

static bool add_wide(struct imp_span in, bool big, struct imp_buf *out,
                     struct imp_err *err)
{
    gunichar2 wide[MAX_TEXT / 2];
    size_t n = 0;
    for (; n < in.n / 2; n++)
        wide[n] = big ? imp_be16(in.p + 2 * n) : imp_le16(in.p + 2 * n);
    char *text = g_utf16_to_utf8(wide, (glong)n, NULL, NULL, NULL);
    bool ok = text ? imp_buf_add(out, text, strlen(text), err)
                   : imp_fail(err, IMP_ERR_CONFIG, "it is not UTF-16");
    g_free(text);
    return ok;
}

static bool add_bytes(struct imp_span in, struct imp_buf *out,
                      struct imp_err *err)
{
    return imp_buf_add(out, in.p, strnlen((const char *)in.p, in.n), err);
}

// CIPA DC-008 4.6.6 table 9: eight bytes name the code of a UserComment.
static bool add_comment(const struct imp_exif_field *f, struct imp_buf *out,
                        struct imp_err *err)
{
    static const uint8_t not_told[8];
    struct imp_span text;
    if (!imp_span_sub(f->value, 8, f->value.n - 8, &text))
        return imp_fail(err, IMP_ERR_CONFIG, "it is too short for a comment");
    if (imp_span_starts(f->value, "UNICODE", 8))
        return add_wide(text, f->big, out, err);
    if (imp_span_starts(f->value, "ASCII\0\0", 8) ||
        imp_span_starts(f->value, not_told, 8))
        return add_bytes(text, out, err);
    return imp_fail(err, IMP_ERR_CONFIG,
                    "its character code is not one that is known");
}

static bool add_text(const struct imp_exif_field *f, struct imp_buf *out,
                     struct imp_err *err)
{
    if (f->value.n > MAX_TEXT)
        return imp_fail(err, IMP_ERR_CONFIG, "%zu bytes: want %d at most",
                        f->value.n, MAX_TEXT);
    if (f->ifd == EXIF_IFD_EXIF && f->tag == USER_COMMENT)
        return add_comment(f, out, err);
    if (f->ifd == EXIF_IFD_0 && f->tag >= XP_FIRST && f->tag <= XP_LAST)
        return add_wide(f->value, false, out, err);
    if (f->type == EXIF_FORMAT_ASCII)
        return add_bytes(f->value, out, err);
    return imp_fail(err, IMP_ERR_CONFIG, "it is no text");
}

// --- Looking into each EXIF block ---

struct finder {
    struct imp_editor editor; // first
    const struct imp_exif_tag *tag;
    struct imp_buf *value, again;
    bool found;
    struct imp_err err;
};

static bool fail_tag(struct finder *f)
{
    const char *name =
        exif_tag_get_name_in_ifd((ExifTag)f->tag->tag, (ExifIfd)f->tag->ifd);
    return imp_wrap(&f->err, "EXIF %s", name);
}

static bool look_at_field(void *self, const struct imp_exif_field *field)
{
    struct finder *f = self;
    if (field->ifd != f->tag->ifd || field->tag != f->tag->tag)
        return true;
    struct imp_buf *to = f->found ? &f->again : f->value;
    f->again.n = 0;
    if (!add_text(field, to, &f->err))
        return fail_tag(f);
    bool same =
        !f->found ||
        (f->again.n == f->value->n &&
         (f->again.n == 0 || memcmp(f->again.p, f->value->p, f->again.n) == 0));
    f->found = true;
    if (same)
        return true;
    imp_fail(&f->err, IMP_ERR_CONFIG, "it is there twice, and not the same");
    return fail_tag(f);
}

static bool look(struct imp_editor *self, const struct imp_part *part,
                 struct imp_verdict *out, struct imp_err *err)
{
    struct finder *f = (struct finder *)self;
    if (part->kind == IMP_PART_EXIF && f->err.code == IMP_OK)
        imp_exif_walk(part->payload, look_at_field, f);
    return imp_drop_it(self, part, out, err);
}

bool imp_exif_find(const struct imp_format *fmt, struct imp_span in,
                   const struct imp_limits *limits,
                   const struct imp_exif_tag *tag, struct imp_buf *value,
                   struct imp_err *err)
{
    struct finder finder = {.editor.decide = look, .tag = tag, .value = value};
    struct imp_job_image image = {.editor = &finder.editor,
                                  .limits = *limits,
                                  .check = IMP_CHECK_STRUCTURE};
    struct imp_cutlist cuts = {0};
    value->n = 0;
    bool ok = imp_format_cut(fmt, in, &image, &cuts, err);
    if (ok && finder.err.code != IMP_OK) {
        *err = finder.err;
        ok = false;
    }
    if (!ok)
        value->n = 0;
    imp_cutlist_clear(&cuts);
    imp_buf_clear(&finder.again);
    return ok;
}
