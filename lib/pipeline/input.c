#include "pipeline/input.h"

static bool read_it(struct imp_input *in, struct imp_job *job, uint64_t most,
                    struct imp_err *err)
{
    if (!imp_job_read(job, most, &in->buf, err))
        return false;
    in->bytes = imp_buf_span(&in->buf);
    return true;
}

// Is it of a kind that is to be mapped? Then its limit is another.
static bool keep_map(struct imp_input *in, const struct imp_limits *limits,
                     bool *kept, struct imp_err *err)
{
    const struct imp_format *fmt = imp_format_of(in->map.map.bytes);
    uint64_t size = in->map.stamp.size;
    *kept = fmt && fmt->skips_coded;
    if (!*kept || size <= imp_format_max_bytes(fmt, limits))
        return true;
    return imp_fail(err, IMP_ERR_LIMIT, "input of %ju bytes, limit is %ju",
                    (uintmax_t)size,
                    (uintmax_t)imp_format_max_bytes(fmt, limits));
}

bool imp_input_open(struct imp_input *in, struct imp_job *job,
                    const struct imp_limits *limits, struct imp_err *err)
{
    struct imp_err why = {0};
    bool kept = false;
    imp_input_close(in);
    if (job->stamp.size < IMP_INPUT_MAPPED)
        return read_it(in, job, limits->max_bytes, err);
    if (imp_job_map(job, &in->map, &why)) {
        bool ok = keep_map(in, limits, &kept, err);
        if (ok && kept)
            in->bytes = in->map.map.bytes;
        else
            imp_job_map_close(&in->map);
        if (!ok || kept)
            return ok;
    } else if (why.code != IMP_ERR_UNSUPPORTED) {
        if (err)
            *err = why;
        return false;
    }
    return read_it(in, job, limits->max_bytes, err);
}

bool imp_input_check(const struct imp_input *in, struct imp_err *err)
{
    return !in->map.map.area || imp_job_map_check(&in->map, err);
}

void imp_input_close(struct imp_input *in)
{
    imp_job_map_close(&in->map);
    in->bytes = (struct imp_span){0};
}

void imp_input_clear(struct imp_input *in)
{
    imp_buf_clear(&in->buf);
}
