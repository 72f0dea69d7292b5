#include "pipeline/input.h"

// Is it of a kind that is to be mapped? Then its limit is another. What is not
// is unmapped.
static bool keep_map(struct imp_input *in, const struct imp_limits *limits,
                     bool *kept, struct imp_err *err)
{
    const struct imp_format *fmt = imp_format_of(in->map.map.bytes);
    uint64_t size = in->map.stamp.size;
    uint64_t most = fmt ? imp_format_max_bytes(fmt, limits) : limits->max_bytes;
    *kept = fmt && fmt->skips_coded;
    if (size > most)
        return imp_fail(err, IMP_ERR_LIMIT, "input of %ju bytes, limit is %ju",
                        (uintmax_t)size, (uintmax_t)most);
    if (*kept)
        in->bytes = in->map.map.bytes;
    return true;
}

// --- Of a source ---

static bool map_job(struct imp_input *in, struct imp_job *job,
                    const struct imp_limits *limits, bool *kept,
                    struct imp_err *err)
{
    struct imp_err why = {0};
    if (job->stamp.size < IMP_INPUT_MAPPED)
        return true;
    if (imp_job_map(job, &in->map, &why)) {
        bool ok = keep_map(in, limits, kept, err);
        if (!ok || !*kept)
            imp_job_map_close(&in->map);
        return ok;
    }
    if (why.code != IMP_ERR_UNSUPPORTED && err)
        *err = why;
    return why.code == IMP_ERR_UNSUPPORTED;
}

bool imp_input_open(struct imp_input *in, struct imp_job *job,
                    const struct imp_limits *limits, struct imp_err *err)
{
    bool mapped = false;
    imp_input_close(in);
    if (!map_job(in, job, limits, &mapped, err))
        return false;
    if (mapped)
        return true;
    if (!imp_job_read(job, limits->max_bytes, &in->buf, err))
        return false;
    in->bytes = imp_buf_span(&in->buf);
    return true;
}

// --- Of an archive ---

static bool is_large(const struct imp_target *t,
                     const struct imp_object *object)
{
    // 0: nobody knows how long it is.
    return t->ops->file ? object->length >= IMP_INPUT_MAPPED || !object->length
                        : object->length >= IMP_INPUT_COPIED;
}

// What is fetched and not mapped goes on from the map into memory: decoders may
// have threads.
static bool map_object(struct imp_input *in, struct imp_target *target,
                       const struct imp_object *object,
                       const struct imp_limits *limits, bool *there,
                       struct imp_err *err)
{
    uint64_t most = limits->max_bytes > limits->max_mapped ? limits->max_bytes
                                                           : limits->max_mapped;
    struct imp_err why = {0};
    bool kept = false;
    *there = false;
    int fd = imp_target_fetch(target, object, most, err);
    if (fd < 0)
        return false;
    if (!imp_job_map_file(fd, &in->map, &why)) {
        if (why.code != IMP_ERR_UNSUPPORTED && err)
            *err = why;
        return why.code == IMP_ERR_UNSUPPORTED;
    }
    *there = true;
    bool ok = keep_map(in, limits, &kept, err);
    if (ok && !kept) {
        in->buf.n = 0;
        ok = imp_buf_add(&in->buf, in->map.map.bytes.p, in->map.map.bytes.n,
                         err) &&
             imp_job_map_check(&in->map, err);
        in->bytes = imp_buf_span(&in->buf);
    }
    if (!ok || !kept)
        imp_job_map_close(&in->map);
    return ok;
}

bool imp_input_open_object(struct imp_input *in, struct imp_target *target,
                           const struct imp_object *object,
                           const struct imp_limits *limits, struct imp_err *err)
{
    bool there = false;
    imp_input_close(in);
    if (is_large(target, object) &&
        !map_object(in, target, object, limits, &there, err))
        return false;
    if (there)
        return true;
    if (!target->ops->read(target, object, limits->max_bytes, &in->buf, err))
        return false;
    in->bytes = imp_buf_span(&in->buf);
    return true;
}

// --- Of both ---

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
