// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <exception>
#include <new>
#include <string>

#include "core/base/progress.h"
#include "core/base/result.h"

namespace txfm::analysis {

/// Thrown through a library by what it calls of ours when the user cancels; withLibrary() catches it.
struct Interrupted {};

/// Runs `body`, which returns a Result, and turns what a library throws into errors: Cancelled for Interrupted, OutOfMemory, else
/// Failed. `what` is the subject of the sentences ("the search of neighbours").
template <class Body>
auto withLibrary(const std::string& what, Body&& body) -> decltype(body()) {
    try {
        return body();
    } catch (const Interrupted&) {
        return cancelledError();
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::OutOfMemory, "There is not enough memory for " + what + ".", {}};
    } catch (const std::exception& problem) {
        return failed("An error stopped " + what + ": " + problem.what() + ".");
    }
}

}  // namespace txfm::analysis
