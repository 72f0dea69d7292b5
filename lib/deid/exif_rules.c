#include "deid/exif_rules.h"

#include <libexif/exif-format.h>
#include <libexif/exif-ifd.h>
#include <libexif/exif-tag.h>
#include <string.h>
#include <strings.h>

#define SHOWS(name, ifd, tag, format, count, ...)      \
    {                                                  \
        name, IMP_EXIF_SHOWS, ifd, tag, format, count, \
        {                                              \
            __VA_ARGS__                                \
        }                                              \
    }
#define ACQUIRED(name, ifd, tag, format, count, ...)      \
    {                                                     \
        name, IMP_EXIF_ACQUIRED, ifd, tag, format, count, \
        {                                                 \
            __VA_ARGS__                                   \
        }                                                 \
    }
#define MORE(name, tag, format, count, ...)                     \
    {                                                           \
        name, IMP_EXIF_MORE, EXIF_IFD_EXIF, tag, format, count, \
        {                                                       \
            __VA_ARGS__                                         \
        }                                                       \
    }
#define DATE(name, ifd, tag)                                  \
    {                                                         \
        name, IMP_EXIF_DATE, ifd, tag, EXIF_FORMAT_ASCII, 20, \
        {                                                     \
            {                                                 \
                0, 0                                          \
            }                                                 \
        }                                                     \
    }

// CIPA DC-008 4.6.4 to 4.6.5, sorted by directory and tag. ColorSpace 2 is what
// cameras before DCF 2.0 wrote for Adobe RGB. Ranges are wide enough for every
// camera, and too narrow to carry a number that means something else.
const struct imp_exif_rule imp_exif_rules[IMP_EXIF_RULES] = {
    ACQUIRED("Make", EXIF_IFD_0, 0x010F, EXIF_FORMAT_ASCII, 33, {0, 0}),
    ACQUIRED("Model", EXIF_IFD_0, 0x0110, EXIF_FORMAT_ASCII, 33, {0, 0}),
    SHOWS("Orientation", EXIF_IFD_0, 0x0112, EXIF_FORMAT_SHORT, 1, {1, 8}),
    SHOWS("XResolution", EXIF_IFD_0, 0x011A, EXIF_FORMAT_RATIONAL, 1,
          {1, 100000}),
    SHOWS("YResolution", EXIF_IFD_0, 0x011B, EXIF_FORMAT_RATIONAL, 1,
          {1, 100000}),
    SHOWS("ResolutionUnit", EXIF_IFD_0, 0x0128, EXIF_FORMAT_SHORT, 1, {1, 3}),
    DATE("DateTime", EXIF_IFD_0, 0x0132),

    ACQUIRED("ExposureTime", EXIF_IFD_EXIF, 0x829A, EXIF_FORMAT_RATIONAL, 1,
             {0, 86400}),
    ACQUIRED("FNumber", EXIF_IFD_EXIF, 0x829D, EXIF_FORMAT_RATIONAL, 1,
             {0, 200}),
    ACQUIRED("ExposureProgram", EXIF_IFD_EXIF, 0x8822, EXIF_FORMAT_SHORT, 1,
             {0, 9}),
    ACQUIRED("PhotographicSensitivity", EXIF_IFD_EXIF, 0x8827,
             EXIF_FORMAT_SHORT, 1, {1, 65535}),
    ACQUIRED("SensitivityType", EXIF_IFD_EXIF, 0x8830, EXIF_FORMAT_SHORT, 1,
             {0, 7}),
    DATE("DateTimeOriginal", EXIF_IFD_EXIF, 0x9003),
    DATE("DateTimeDigitized", EXIF_IFD_EXIF, 0x9004),
    MORE("CompressedBitsPerPixel", 0x9102, EXIF_FORMAT_RATIONAL, 1, {0, 64}),
    ACQUIRED("ShutterSpeedValue", EXIF_IFD_EXIF, 0x9201, EXIF_FORMAT_SRATIONAL,
             1, {-20, 30}),
    ACQUIRED("ApertureValue", EXIF_IFD_EXIF, 0x9202, EXIF_FORMAT_RATIONAL, 1,
             {0, 20}),
    ACQUIRED("BrightnessValue", EXIF_IFD_EXIF, 0x9203, EXIF_FORMAT_SRATIONAL, 1,
             {-100, 100}),
    ACQUIRED("ExposureBiasValue", EXIF_IFD_EXIF, 0x9204, EXIF_FORMAT_SRATIONAL,
             1, {-100, 100}),
    ACQUIRED("MaxApertureValue", EXIF_IFD_EXIF, 0x9205, EXIF_FORMAT_RATIONAL, 1,
             {0, 20}),
    ACQUIRED("SubjectDistance", EXIF_IFD_EXIF, 0x9206, EXIF_FORMAT_RATIONAL, 1,
             {0, 100000}),
    ACQUIRED("MeteringMode", EXIF_IFD_EXIF, 0x9207, EXIF_FORMAT_SHORT, 1,
             {0, 6}, {255, 255}),
    ACQUIRED("LightSource", EXIF_IFD_EXIF, 0x9208, EXIF_FORMAT_SHORT, 1,
             {0, 24}, {255, 255}),
    ACQUIRED("Flash", EXIF_IFD_EXIF, 0x9209, EXIF_FORMAT_SHORT, 1, {0, 127}),
    ACQUIRED("FocalLength", EXIF_IFD_EXIF, 0x920A, EXIF_FORMAT_RATIONAL, 1,
             {0, 10000}),
    SHOWS("ColorSpace", EXIF_IFD_EXIF, 0xA001, EXIF_FORMAT_SHORT, 1, {1, 2},
          {65535, 65535}),
    MORE("FlashEnergy", 0xA20B, EXIF_FORMAT_RATIONAL, 1, {0, 100000}),
    MORE("FocalPlaneXResolution", 0xA20E, EXIF_FORMAT_RATIONAL, 1,
         {0, 1000000}),
    MORE("FocalPlaneYResolution", 0xA20F, EXIF_FORMAT_RATIONAL, 1,
         {0, 1000000}),
    MORE("FocalPlaneResolutionUnit", 0xA210, EXIF_FORMAT_SHORT, 1, {1, 5}),
    MORE("ExposureIndex", 0xA215, EXIF_FORMAT_RATIONAL, 1, {0, 1000000}),
    MORE("SensingMethod", 0xA217, EXIF_FORMAT_SHORT, 1, {1, 8}),
    MORE("CustomRendered", 0xA401, EXIF_FORMAT_SHORT, 1, {0, 9}),
    ACQUIRED("ExposureMode", EXIF_IFD_EXIF, 0xA402, EXIF_FORMAT_SHORT, 1,
             {0, 2}),
    ACQUIRED("WhiteBalance", EXIF_IFD_EXIF, 0xA403, EXIF_FORMAT_SHORT, 1,
             {0, 1}),
    ACQUIRED("DigitalZoomRatio", EXIF_IFD_EXIF, 0xA404, EXIF_FORMAT_RATIONAL, 1,
             {0, 100}),
    ACQUIRED("FocalLengthIn35mmFilm", EXIF_IFD_EXIF, 0xA405, EXIF_FORMAT_SHORT,
             1, {0, 10000}),
    ACQUIRED("SceneCaptureType", EXIF_IFD_EXIF, 0xA406, EXIF_FORMAT_SHORT, 1,
             {0, 3}),
    MORE("GainControl", 0xA407, EXIF_FORMAT_SHORT, 1, {0, 4}),
    MORE("Contrast", 0xA408, EXIF_FORMAT_SHORT, 1, {0, 2}),
    MORE("Saturation", 0xA409, EXIF_FORMAT_SHORT, 1, {0, 2}),
    MORE("Sharpness", 0xA40A, EXIF_FORMAT_SHORT, 1, {0, 2}),
    MORE("SubjectDistanceRange", 0xA40C, EXIF_FORMAT_SHORT, 1, {0, 3}),
    MORE("LensSpecification", 0xA432, EXIF_FORMAT_RATIONAL, 4, {0, 10000}),
};

// --- Never ---

static const char a_name[] = "it names a person";
static const char a_number[] = "it identifies a device or an image";
static const char free_text[] = "it is free text";
static const char a_blob[] = "nobody knows what is in it";
static const char a_picture[] = "it is a picture of its own";

static const struct {
    const char *name, *why;
} forbidden[] = {
    {"Artist", a_name},
    {"CameraOwnerName", a_name},
    {"OwnerName", a_name},
    {"Copyright", a_name},
    {"Photographer", a_name},
    {"ImageEditor", a_name},
    {"XPAuthor", a_name},
    {"HostComputer", a_name},
    {"BodySerialNumber", a_number},
    {"SerialNumber", a_number},
    {"InternalSerialNumber", a_number},
    {"LensSerialNumber", a_number},
    {"CameraSerialNumber", a_number},
    {"ImageUniqueID", a_number},
    {"ImageNumber", a_number},
    {"ImageDescription", free_text},
    {"DocumentName", free_text},
    {"PageName", free_text},
    {"UserComment", free_text},
    {"XPTitle", free_text},
    {"XPComment", free_text},
    {"XPKeywords", free_text},
    {"XPSubject", free_text},
    {"ImageTitle", free_text},
    {"ImageHistory", free_text},
    {"SecurityClassification", free_text},
    {"RelatedSoundFile", free_text},
    {"SpectralSensitivity", free_text},
    {"Software", free_text},
    {"ProcessingSoftware", free_text},
    {"LensMake", free_text},
    {"LensModel", free_text},
    {"MakerNote", a_blob},
    {"DeviceSettingDescription", a_blob},
    {"FileSource", a_blob},
    {"CFAPattern", a_blob},
    {"OECF", a_blob},
    {"PrintImageMatching", a_blob},
    {"Padding", a_blob},
    {"ThumbnailImage", a_picture},
    {"PreviewImage", a_picture},
    {"JPEGInterchangeFormat", a_picture},
};
#define FORBIDDEN (sizeof forbidden / sizeof forbidden[0])

const char *imp_exif_forbidden(const char *name)
{
    if (strncasecmp(name, "GPS", 3) == 0)
        return "it tells a place";
    for (size_t i = 0; i < FORBIDDEN; i++)
        if (strcasecmp(forbidden[i].name, name) == 0)
            return forbidden[i].why;
    return NULL;
}

const char *imp_exif_forbidden_name(size_t i)
{
    return i < FORBIDDEN ? forbidden[i].name : NULL;
}
