// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>

namespace txfm::test {

/// While it lives, tensors above a size in bytes cannot be allocated on the CPU.
class LimitedMemory final : public c10::Allocator {
public:
    explicit LimitedMemory(size_t limit) : m_plain(c10::GetCPUAllocator()), m_limit(limit) { c10::SetCPUAllocator(this, kPriority); }
    ~LimitedMemory() override { c10::SetCPUAllocator(m_plain, kPriority); }
    c10::DataPtr allocate(size_t bytes) override {
        TORCH_CHECK_WITH(OutOfMemoryError, bytes <= m_limit, "out of memory");
        return m_plain->allocate(bytes);
    }
    c10::DeleterFnPtr raw_deleter() const override { return m_plain->raw_deleter(); }
    void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }

private:
    static constexpr uint8_t kPriority = 200;
    c10::Allocator* m_plain;
    size_t m_limit;
};

}  // namespace txfm::test
