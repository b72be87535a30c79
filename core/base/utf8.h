// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace txfm {

/// True when the bytes are well-formed UTF-8 (no overlong forms, no surrogates).
bool isUtf8(std::string_view text);
/// Text as UTF-8: unchanged when it is UTF-8 already, else taken as Latin-1, which cannot fail.
/// NUL bytes end the text.
std::string toUtf8(std::string text);

}  // namespace txfm
