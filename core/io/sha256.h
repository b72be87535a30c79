// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace txfm::io {

/// Hex SHA-256 (FIPS 180-4) of bytes or of a file.
std::string sha256(std::string_view bytes);
Result<std::string> sha256OfFile(const std::filesystem::path& path);

}  // namespace txfm::io
