// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/errors.h"

#include <new>

#include <c10/util/Exception.h>

namespace txfm::model {

Error translateException(const std::exception& exception, const std::string& doing) {
    std::string text = exception.what();
    if (const auto* torchError = dynamic_cast<const c10::Error*>(&exception)) text = torchError->what_without_backtrace();
    text = text.substr(0, text.find('\n'));
    // The CPU allocator reports exhaustion as a plain error.
    const bool memory = dynamic_cast<const std::bad_alloc*>(&exception) ||
                        dynamic_cast<const c10::OutOfMemoryError*>(&exception) ||
                        text.find("can't allocate memory") != std::string::npos;
    if (memory)
        return {ErrorCode::OutOfMemory, "Memory ran out while " + doing + ".",
                "Use a smaller --batch, fewer genes per cell (--inference-genes top:1024), or close other programs."};
    return failed("LibTorch failed while " + doing + ": " + text);
}

}  // namespace txfm::model
