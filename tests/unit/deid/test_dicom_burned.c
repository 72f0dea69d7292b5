// Pictures that may have a name written into them.
#include "deid/dicom_burned.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

// A picture of a kind that nothing is known of.
static struct imp_dicom_survey picture(void)
{
    return (struct imp_dicom_survey){
        .has_pixels = true,
        .sop_class = "1.2.840.10008.5.1.4.1.1.2",
        .modality = "CT",
        .image_type = "ORIGINAL\\PRIMARY\\AXIAL",
    };
}

static void expect_why(const struct imp_dicom_survey *s, const char *want)
{
    const char *why = imp_dicom_burned_in(s);
    cr_expect_str_eq(why ? why : "nothing", want, "%s, %s, %s: %s",
                     s->sop_class, s->modality, s->image_type,
                     why ? why : "nothing");
}

Test(dicom_burned, a_slice_of_a_scanner_says_nothing)
{
    struct imp_dicom_survey s = picture();
    expect_why(&s, "nothing");
    s = (struct imp_dicom_survey){.has_pixels = true};
    expect_why(&s, "nothing");
}

Test(dicom_burned, an_object_that_does_not_say_no_is_believed)
{
    static const char *const yes[] = {"YES", "yes", "Y", "NO\\YES", "UNKNOWN"};
    struct imp_dicom_survey s = picture();
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        strcpy(s.burned_in, yes[i]);
        expect_why(&s, "(0028,0301) says so");
    }
    strcpy(s.burned_in, "NO");
    expect_why(&s, "nothing");
    strcpy(s.burned_in, "no");
    expect_why(&s, "nothing");
}

// PS3.4 Table B.5-1, and retired ones.
Test(dicom_burned, kinds_that_usually_have_it_by_their_class)
{
    static const struct {
        const char *sop_class, *why;
    } row[] = {
        {"4.1.1.3", "ultrasound"},   // multi-frame, retired
        {"4.1.1.3.1", "ultrasound"}, // multi-frame
        {"4.1.1.6", "ultrasound"},   // retired
        {"4.1.1.6.1", "ultrasound"},
        {"4.1.1.6.2", "ultrasound"}, // enhanced volume
        {"4.1.1.7", "secondary capture"},
        {"4.1.1.7.1", "secondary capture"},
        {"4.1.1.7.2", "secondary capture"},
        {"4.1.1.7.3", "secondary capture"},
        {"4.1.1.7.4", "secondary capture"},
        {"1.29", "a hard copy"},     // grey, retired
        {"1.30", "a hard copy"},     // colour, retired
        {"4.1.1.1", "nothing"},      // CR
        {"4.1.1.4", "nothing"},      // MR
        {"4.1.1.77.1.4", "nothing"}, // a photo
        {"4.1.1.", "nothing"},
        {"4.1.1.71", "nothing"},
        {"4.1.1.7.5", "nothing"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct imp_dicom_survey s = picture();
        snprintf(s.sop_class, sizeof s.sop_class, "1.2.840.10008.5.1.%s",
                 row[i].sop_class);
        expect_why(&s, row[i].why);
        // Few look: what they say of it does not count.
        strcpy(s.burned_in, "NO");
        expect_why(&s, row[i].why);
    }
}

Test(dicom_burned, a_class_of_another_root_is_none_of_them)
{
    struct imp_dicom_survey s = picture();
    strcpy(s.sop_class, "1.3.840.10008.5.1.4.1.1.7");
    expect_why(&s, "nothing");
    strcpy(s.sop_class, "1.2.840.10008.5.1.4.1.1");
    expect_why(&s, "nothing");
}

Test(dicom_burned, kinds_that_usually_have_it_by_what_made_them)
{
    static const struct {
        const char *modality, *conversion, *image_type, *why;
    } row[] = {
        {"US", "", "", "ultrasound"},
        {"IVUS", "", "", "ultrasound"},
        {"DOC", "", "", "a document"},
        {"HC", "", "", "a hard copy"},
        {"CT", "DF", "", "digitised film"},
        {"CT", "DV", "", "secondary capture"},
        {"CT", "DI", "", "secondary capture"},
        {"CT", "SD", "", "secondary capture"},
        {"CT", "SI", "", "secondary capture"},
        {"CT", "DRW", "", "secondary capture"},
        {"CT", "SYN", "", "nothing"},
        {"CT", "", "DERIVED\\SECONDARY\\SCREEN SAVE", "a screen shot"},
        {"SM", "", "ORIGINAL\\PRIMARY\\LABEL\\NONE", "a slide's label"},
        {"SM", "", "DERIVED\\PRIMARY\\OVERVIEW\\NONE", "a slide's label"},
        {"SM", "", "DERIVED\\PRIMARY\\VOLUME\\NONE", "nothing"},
        {"USX", "", "", "nothing"},
        {"", "D", "", "nothing"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct imp_dicom_survey s = picture();
        strcpy(s.modality, row[i].modality);
        strcpy(s.conversion, row[i].conversion);
        strcpy(s.image_type, row[i].image_type);
        expect_why(&s, row[i].why);
        strcpy(s.burned_in, "NO");
        expect_why(&s, row[i].why);
    }
}

Test(dicom_burned, an_encapsulated_document_has_pages_that_nobody_looks_at)
{
    struct imp_dicom_survey s = {.has_document = true};
    expect_why(&s, "an encapsulated document");
    strcpy(s.burned_in, "NO");
    expect_why(&s, "an encapsulated document");
}

Test(dicom_burned, what_has_no_picture_has_nothing_burned_into_it)
{
    struct imp_dicom_survey s = picture();
    s.has_pixels = false;
    strcpy(s.burned_in, "YES");
    strcpy(s.modality, "US");
    expect_why(&s, "nothing");
}
