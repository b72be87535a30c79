// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/data/table.h"

namespace txfm {

/// The rows of a table for which an expression holds, ascending.
///
///   expression  = and-part { "or" and-part }
///   and-part    = part { "and" part }
///   part        = "not" part | "(" expression ")" | column [ comparison ]
///   comparison  = ("==" | "!=" | "<" | "<=" | ">" | ">=") value | ["not"] "in" "[" value { "," value } "]"
///   value       = number | "text" | 'text' | true | false
///   column      = name of letters, digits, "_" and "." | `any name`; "index" means the names of the rows
///
/// A column alone must be true/false. Order (<, >=) is for numbers. A missing value equals nothing: it satisfies only "!=" and
/// "not in". Errors: Usage with the position for what is no expression; BadInput naming the column (and `file`) for one
/// that is not there or holds another type than the value.
Result<std::vector<int64_t>> selectRows(const Table& table, const std::string& expression, const std::string& file);

}  // namespace txfm
