#include "image/part.h"

const char *imp_part_kind_name(enum imp_part_kind kind)
{
    switch (kind) {
    case IMP_PART_STRUCTURE:
        return "structure";
    case IMP_PART_CODED:
        return "coded";
    case IMP_PART_EXIF:
        return "exif";
    case IMP_PART_ICC:
        return "icc";
    case IMP_PART_XMP:
        return "xmp";
    case IMP_PART_IPTC:
        return "iptc";
    case IMP_PART_COMMENT:
        return "comment";
    case IMP_PART_TIME:
        return "time";
    case IMP_PART_THUMBNAIL:
        return "thumbnail";
    case IMP_PART_VENDOR:
        return "vendor";
    case IMP_PART_VIDEO:
        return "video";
    case IMP_PART_TRAILER:
        return "trailer";
    case IMP_PART_UNKNOWN:
        break;
    }
    return "unknown";
}

bool imp_drop_it(struct imp_editor *self, const struct imp_part *part,
                 struct imp_verdict *out, struct imp_err *err)
{
    (void)self, (void)part, (void)err;
    *out = (struct imp_verdict){.fate = IMP_FATE_DROP};
    return true;
}
