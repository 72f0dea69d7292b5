#include "image/jpeg_lib.h"

#include "image/jpeg.h"

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

struct catcher {
    struct jpeg_error_mgr mgr; // first: libjpeg hands it back
    jmp_buf out;
    struct imp_err *err;
};

static void fail(j_common_ptr c)
{
    struct catcher *catcher = (struct catcher *)c->err;
    char text[JMSG_LENGTH_MAX];
    c->err->format_message(c, text);
    imp_fail(catcher->err, IMP_ERR_DAMAGED, "libjpeg: %s", text);
    longjmp(catcher->out, 1);
}

static void fail_on_warning(j_common_ptr c, int level)
{
    if (level < 0) // not a trace message
        fail(c);
}

static void pass(j_common_ptr c, int level)
{
    (void)c, (void)level;
}

static bool read_told(struct imp_span in, bool lenient, imp_jpeg_lib_use *use,
                      void *self, struct imp_err *err)
{
    struct jpeg_decompress_struct d;
    struct catcher catcher = {.err = err};
    d.err = jpeg_std_error(&catcher.mgr);
    catcher.mgr.error_exit = fail;
    catcher.mgr.emit_message = lenient ? pass : fail_on_warning;
    jpeg_create_decompress(&d);
    bool ok = false;
    if (!setjmp(catcher.out)) {
        jpeg_mem_src(&d, in.p, in.n);
        jpeg_read_header(&d, TRUE);
        use(&d, self);
        ok = true;
    }
    jpeg_destroy_decompress(&d);
    return ok;
}

bool imp_jpeg_lib_read(struct imp_span in, bool lenient, imp_jpeg_lib_use *use,
                       void *self, struct imp_err *err)
{
    struct imp_buf copy = {0};
    struct imp_span told;
    bool ok = imp_jpeg_tell_height(in, &copy, &told, err) &&
              read_told(told, lenient, use, self, err);
    imp_buf_clear(&copy);
    return ok;
}
