#include "mark/dct.h"

#define SIDE 8

const uint8_t imp_dct_row_order[64] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

// cos(n pi / 16) / 2, and so orthonormal together with 4 in the first row.
#define C1 0.4903926402016152f
#define C2 0.4619397662556434f
#define C3 0.4157348061512726f
#define C4 0.3535533905932738f
#define C5 0.2777851165098011f
#define C6 0.1913417161825449f
#define C7 0.0975451610080641f

// A frequency a row.
static const float basis[SIDE][SIDE] = {
    {C4, C4, C4, C4, C4, C4, C4, C4},     {C1, C3, C5, C7, -C7, -C5, -C3, -C1},
    {C2, C6, -C6, -C2, -C2, -C6, C6, C2}, {C3, -C7, -C1, -C5, C5, C1, C7, -C3},
    {C4, -C4, -C4, C4, C4, -C4, -C4, C4}, {C5, -C1, C7, C3, -C3, -C7, C1, -C5},
    {C6, -C2, C2, -C6, -C6, C2, -C2, C6}, {C7, -C5, C3, -C1, C1, -C3, C5, -C7},
};

static const float transposed[SIDE][SIDE] = {
    {C4, C1, C2, C3, C4, C5, C6, C7},     {C4, C3, C6, -C7, -C4, -C1, -C2, -C5},
    {C4, C5, -C6, -C1, -C4, C7, C2, C3},  {C4, C7, -C2, -C5, C4, C3, -C6, -C1},
    {C4, -C7, -C2, C5, C4, -C3, -C6, C1}, {C4, -C5, -C6, C1, -C4, -C7, C2, -C3},
    {C4, -C3, C6, C7, -C4, C1, -C2, C5},  {C4, -C1, C2, -C3, C4, -C5, C6, -C7},
};

// out = a * b. The inner loop runs along rows, so that compilers make vectors
// of them.
static void multiply(const float a[SIDE][SIDE], const float b[SIDE][SIDE],
                     float out[SIDE][SIDE])
{
    for (int i = 0; i < SIDE; i++) {
        float sum[SIDE] = {0};
        for (int k = 0; k < SIDE; k++)
            for (int j = 0; j < SIDE; j++)
                sum[j] += a[i][k] * b[k][j];
        for (int j = 0; j < SIDE; j++)
            out[i][j] = sum[j];
    }
}

void imp_dct(const float samples[64], float coefficients[64])
{
    float half[SIDE][SIDE];
    multiply(basis, (const float(*)[SIDE])samples, half);
    multiply((const float(*)[SIDE])half, transposed,
             (float(*)[SIDE])coefficients);
}

void imp_dct_inverse(const float coefficients[64], float samples[64])
{
    float half[SIDE][SIDE];
    multiply(transposed, (const float(*)[SIDE])coefficients, half);
    multiply((const float(*)[SIDE])half, basis, (float(*)[SIDE])samples);
}
