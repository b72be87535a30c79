// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "core/model/kernels.h"

namespace txfm::model::kernels {

/// True when this processor has AMX tiles for bf16 and the kernel lets the process use them.
bool hasAmx();

/// Head widths that attentionAmx() takes.
inline bool fitsAmx(int64_t width) { return width % 32 == 0 && width <= 128; }

/// softmax(q·kᵀ)·v of every head on AMX tiles: q [heads × queries × width] (scaled already), k and v
/// [heads × keys × width], bf16; out [queries × heads·width] with rows of `outStride`. Blocks of keys with a running
/// maximum (online softmax), exponentials and sums in float32. A row's bits depend on its query and the keys alone.
/// `lse` [heads × queries], unless null, gets the logarithm of each row's sum of exponentials. Thread-safe; keeps a work
/// space per thread. hasAmx() and fitsAmx(width) must hold.
void attentionAmx(const bf16* q, const bf16* k, const bf16* v, bf16* out, int64_t outStride, float* lse, int64_t queries,
                  int64_t keys, int64_t heads, int64_t width);

}  // namespace txfm::model::kernels
