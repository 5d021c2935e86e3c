/* Elementary functions in double by a fixed order of operations, without the mathematical library: the same bits on
 * every machine. Each is within a few units of the last place of the true value, so that its rounding to f32 is the
 * nearest one but for rare ties.
 *
 * NaN gives NaN; infinities give the limits. */
#ifndef HT_NUMERIC_ELEMENTARY_H
#define HT_NUMERIC_ELEMENTARY_H

double ht__exp(double x);
double ht__log(double x); /* NaN below 0, -infinity at 0 */
double ht__tanh(double x);
double ht__sigmoid(double x); /* 1 / (1 + exp(-x)) */
double ht__erf(double x);

#endif
