#include "image/tiff.h"

#define MAX_ASKED 100000 // parts: a stack of images has some for each page

// What is known of tags that never stay: of what kind they are, for whoever
// looks for identifiers in them, and what they are called.
static const struct {
    uint16_t tag;
    enum imp_part_kind kind;
    const char *name;
} known[] = {
    {255, IMP_PART_UNKNOWN, "SubfileType"},
    {263, IMP_PART_UNKNOWN, "Threshholding"},
    {269, IMP_PART_COMMENT, "DocumentName"},
    {IMP_TIFF_DESCRIPTION, IMP_PART_COMMENT, "ImageDescription"},
    {IMP_TIFF_MAKE, IMP_PART_COMMENT, "Make"},
    {272, IMP_PART_COMMENT, "Model"},
    {280, IMP_PART_UNKNOWN, "MinSampleValue"},
    {281, IMP_PART_UNKNOWN, "MaxSampleValue"},
    {285, IMP_PART_COMMENT, "PageName"},
    {286, IMP_PART_UNKNOWN, "XPosition"},
    {287, IMP_PART_UNKNOWN, "YPosition"},
    {288, IMP_PART_UNKNOWN, "FreeOffsets"},
    {289, IMP_PART_UNKNOWN, "FreeByteCounts"},
    {IMP_TIFF_SOFTWARE, IMP_PART_COMMENT, "Software"},
    {306, IMP_PART_TIME, "DateTime"},
    {315, IMP_PART_COMMENT, "Artist"},
    {316, IMP_PART_COMMENT, "HostComputer"},
    {321, IMP_PART_UNKNOWN, "HalftoneHints"},
    {333, IMP_PART_COMMENT, "InkNames"},
    {337, IMP_PART_COMMENT, "TargetPrinter"},
    {IMP_TIFF_JPEG_OFFSET, IMP_PART_THUMBNAIL, "JPEGInterchangeFormat"},
    {IMP_TIFF_JPEG_BYTES, IMP_PART_THUMBNAIL, "JPEGInterchangeFormatLength"},
    {IMP_TIFF_XMP, IMP_PART_XMP, "XMP"},
    {33432, IMP_PART_COMMENT, "Copyright"},
    {33445, IMP_PART_VENDOR, "MD FileTag"},
    {33550, IMP_PART_VENDOR, "GeoTIFF ModelPixelScale"},
    {IMP_TIFF_IPTC, IMP_PART_IPTC, "IPTC"},
    {33922, IMP_PART_VENDOR, "GeoTIFF ModelTiepoint"},
    {34118, IMP_PART_VENDOR, "Zeiss SEM"},
    {34264, IMP_PART_VENDOR, "GeoTIFF ModelTransformation"},
    {34377, IMP_PART_IPTC, "Photoshop"},
    {IMP_TIFF_EXIF_IFD, IMP_PART_EXIF, "Exif IFD"},
    {34680, IMP_PART_VENDOR, "FEI SEM"},
    {34682, IMP_PART_VENDOR, "FEI SEM"},
    {34735, IMP_PART_VENDOR, "GeoTIFF keys"},
    {34736, IMP_PART_VENDOR, "GeoTIFF numbers"},
    {34737, IMP_PART_VENDOR, "GeoTIFF text"},
    {IMP_TIFF_GPS_IFD, IMP_PART_EXIF, "GPS IFD"},
    {37724, IMP_PART_VENDOR, "Photoshop layers"},
    {IMP_TIFF_INTEROP_IFD, IMP_PART_EXIF, "Interoperability IFD"},
    {42112, IMP_PART_VENDOR, "GDAL metadata"},
    {42113, IMP_PART_VENDOR, "GDAL no-data value"},
    {50838, IMP_PART_VENDOR, "ImageJ metadata sizes"},
    {50839, IMP_PART_VENDOR, "ImageJ metadata"},
    {51123, IMP_PART_VENDOR, "Micro-Manager metadata"},
    {59932, IMP_PART_UNKNOWN, "padding"},
};

bool imp_tiff_ask(struct imp_tiff *t, struct imp_part part,
                  struct imp_verdict *verdict, struct imp_err *err)
{
    if (++t->asked > MAX_ASKED)
        return imp_fail_at(err, IMP_ERR_LIMIT, part.offset,
                           "more than %d tags that are not of the picture",
                           MAX_ASKED);
    return t->img->editor->decide(t->img->editor, &part, verdict, err);
}

// What a directory of Exif, GPS or interoperability tags holds goes under the
// name of the tag that points to it.
static bool label_pointed(struct imp_tiff *t, const struct imp_tiff_entry *e,
                          const char *name, struct imp_err *err)
{
    struct imp_tiff_ifd ifd = {.name = name};
    struct imp_err broken = {0};
    if (!imp_tiff_number(t, e, 0, &ifd.at) ||
        !imp_tiff_measure_ifd(t, &ifd, &broken) || ifd.size > t->tables_left)
        return true; // goes all the same, without its name
    if (!imp_tiff_read_ifd(t, &ifd, err))
        return false;
    for (size_t i = 0; i < ifd.n; i++)
        if (ifd.entry[i].out_of_line &&
            !imp_regions_label(&t->regions, ifd.entry[i].value,
                               ifd.entry[i].bytes.n, IMP_PART_EXIF, name, err))
            return false;
    return true;
}

// The whole file is a block as Exif has it, so it is shown as one, once: names
// and serial numbers in its tags are met, and looked for in the output. What
// tells how the picture is shown is not taken from there.
static bool show_exif(struct imp_tiff *t, const struct imp_tiff_entry *e,
                      struct imp_err *err)
{
    struct imp_verdict ignored;
    if (t->asked_exif || t->big)
        return true;
    t->asked_exif = true;
    return imp_tiff_ask(t,
                        (struct imp_part){.kind = IMP_PART_EXIF,
                                          .name = "Exif in TIFF tags",
                                          .offset = e->at,
                                          .length = 12,
                                          .payload = t->in,
                                          .container_rules = true},
                        &ignored, err);
}

static struct imp_part part_of(const struct imp_tiff_entry *e)
{
    struct imp_part part = {.kind = IMP_PART_UNKNOWN,
                            .offset = e->at,
                            .length = 2 + 2,
                            .payload = e->bytes};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].tag == e->tag) {
            part.kind = known[i].kind;
            part.name = known[i].name;
        }
    if (e->bytes.p) {
        part.offset = e->value;
        part.length = e->bytes.n;
    }
    return part;
}

bool imp_tiff_drop_tag(struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                       const struct imp_tiff_entry *e, const char *why,
                       struct imp_err *err)
{
    struct imp_verdict ignored;
    struct imp_part part = part_of(e);
    const char *comma = why ? ", " : "";
    if (part.name)
        part.name = imp_cutlist_name(t->cl, "%s: %s%s%s", ifd->name, part.name,
                                     comma, why ? why : "");
    else
        part.name = imp_cutlist_name(t->cl, "%s: tag %u%s%s", ifd->name, e->tag,
                                     comma, why ? why : "");
    bool is_exif = part.kind == IMP_PART_EXIF;
    if ((is_exif || part.kind == IMP_PART_COMMENT) && !show_exif(t, e, err))
        return false;
    if (is_exif && !label_pointed(t, e, part.name, err))
        return false;
    if (!is_exif && !imp_tiff_ask(t, part, &ignored, err))
        return false;
    return !e->out_of_line ||
           imp_regions_label(&t->regions, e->value, e->bytes.n, part.kind,
                             part.name, err);
}

// Strips, tiles or a JPEG file that a directory tells of.
static bool label_pictures(struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                           uint16_t offsets, uint16_t counts,
                           enum imp_part_kind kind, const char *name,
                           struct imp_err *err)
{
    const struct imp_tiff_entry *at = imp_tiff_find(ifd, offsets);
    const struct imp_tiff_entry *n = imp_tiff_find(ifd, counts);
    uint64_t offset, length;
    if (!at || !n || at->bytes.n + n->bytes.n > t->tables_left)
        return true;
    t->tables_left -= at->bytes.n + n->bytes.n;
    for (uint64_t i = 0; imp_tiff_number(t, at, i, &offset) &&
                         imp_tiff_number(t, n, i, &length);
         i++)
        if (!imp_regions_label(&t->regions, offset, length, kind, name, err))
            return false;
    return true;
}

bool imp_tiff_drop_ifd(struct imp_tiff *t, const struct imp_tiff_ifd *ifd,
                       enum imp_part_kind kind, const char *why,
                       struct imp_err *err)
{
    struct imp_verdict ignored;
    const char *name = imp_cutlist_name(t->cl, "%s, %s", ifd->name, why);
    struct imp_part part = {
        .kind = kind, .name = name, .offset = ifd->at, .length = ifd->size};
    if (!imp_tiff_ask(t, part, &ignored, err))
        return false;
    for (size_t i = 0; i < ifd->n; i++)
        if (ifd->entry[i].out_of_line &&
            !imp_regions_label(&t->regions, ifd->entry[i].value,
                               ifd->entry[i].bytes.n, kind, name, err))
            return false;
    return label_pictures(t, ifd, IMP_TIFF_STRIP_OFFSETS, IMP_TIFF_STRIP_BYTES,
                          kind, name, err) &&
           label_pictures(t, ifd, IMP_TIFF_TILE_OFFSETS, IMP_TIFF_TILE_BYTES,
                          kind, name, err) &&
           label_pictures(t, ifd, IMP_TIFF_JPEG_OFFSET, IMP_TIFF_JPEG_BYTES,
                          kind, name, err);
}
