// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/io/reader.h"

namespace txfm::io {

/// What an opened data set holds, for formats whose headers do not tell it.
FileInfo describe(const Dataset& dataset);

}  // namespace txfm::io
