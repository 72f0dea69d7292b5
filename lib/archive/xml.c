#include "archive/xml.h"

#include <expat.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 8
#define NAME_MAX_BYTES 64

struct reader {
    XML_Parser parser;
    const struct imp_xml_fn *fn;
    struct imp_err *err;
    bool failed;
    unsigned depth;
    char name[DEPTH_MAX + 1][NAME_MAX_BYTES]; // [0] is above the root
    char text[IMP_XML_TEXT_MAX];              // since the last tag
    size_t n;
};

static void stop(struct reader *r)
{
    r->failed = true;
    XML_StopParser(r->parser, XML_FALSE);
}

static void refuse(struct reader *r, const char *what)
{
    if (r->failed)
        return;
    imp_fail(r->err, IMP_ERR_IO, "the store's XML %s", what);
    stop(r);
}

static void on_start(void *self, const char *name, const char **attributes)
{
    struct reader *r = self;
    (void)attributes;
    r->n = 0;
    if (r->depth == DEPTH_MAX || strlen(name) >= NAME_MAX_BYTES) {
        refuse(r, "is nested too deeply, or has a name too long");
        return;
    }
    snprintf(r->name[++r->depth], NAME_MAX_BYTES, "%s", name);
}

static void on_text(void *self, const char *text, int n)
{
    struct reader *r = self;
    if ((size_t)n >= sizeof r->text - r->n) {
        refuse(r, "has a text too long");
        return;
    }
    memcpy(r->text + r->n, text, (size_t)n);
    r->n += (size_t)n;
}

static void on_end(void *self, const char *name)
{
    struct reader *r = self;
    (void)name; // the one of `depth`: expat has checked it
    if (r->failed)
        return;
    r->text[r->n] = '\0';
    r->n = 0;
    if (!r->fn->element(r->fn->self, r->name[r->depth - 1], r->name[r->depth],
                        r->text, r->err))
        stop(r);
    r->depth--;
}

static void on_doctype(void *self, const char *name, const char *system_id,
                       const char *public_id, int internal)
{
    (void)name, (void)system_id, (void)public_id, (void)internal;
    refuse(self, "has a DTD");
}

bool imp_xml_read(struct imp_span in, const struct imp_xml_fn *fn,
                  struct imp_err *err)
{
    struct reader r = {.fn = fn, .err = err};
    if (in.n > INT_MAX)
        return imp_fail(err, IMP_ERR_IO, "the store's XML is too long");
    r.parser = XML_ParserCreate("UTF-8");
    if (!r.parser)
        return imp_fail(err, IMP_ERR_MEMORY, "no memory to read XML");
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    bool ok = XML_Parse(r.parser, (const char *)in.p, (int)in.n, XML_TRUE) ==
              XML_STATUS_OK;
    if (!ok && !r.failed)
        imp_fail(err, IMP_ERR_IO, "the store's XML is not well formed: %s",
                 XML_ErrorString(XML_GetErrorCode(r.parser)));
    XML_ParserFree(r.parser);
    return ok && !r.failed;
}
