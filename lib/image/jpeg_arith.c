// Arithmetic-coded scans are rare and libjpeg reads them: it resolves every
// coefficient here, and what it warns of is damage.
#include "image/jpeg.h"
#include "image/jpeg_lib.h"

#include <stdio.h>

#include <jpeglib.h>

static void resolve(struct jpeg_decompress_struct *d, void *self)
{
    (void)self;
    jpeg_read_coefficients(d);
    jpeg_finish_decompress(d);
}

bool imp_jpeg_check_arithmetic(struct imp_span in, struct imp_err *err)
{
    return imp_jpeg_lib_read(in, false, resolve, NULL, err) ||
           imp_wrap(err, "arithmetic coding");
}
