// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace txfm {

/// Exit status of the command line and kind of a failure (documented in the interface contract).
enum class ErrorCode : int {
    Failed = 1,       ///< the work failed: output not writable, disk full, diverged run
    Usage = 2,        ///< wrong command line or option value
    BadInput = 3,     ///< an input file, model or job file cannot be used
    OutOfMemory = 4,  ///< memory (host or device) ran out
    Cancelled = 5,    ///< the user stopped the work; what was finished is kept
};

/// A failure fit for a biologist: `message` is one sentence that names the file, gene or option;
/// `hint` says what to do (may be empty when the message already does).
struct Error {
    ErrorCode code = ErrorCode::Failed;
    std::string message;
    std::string hint;
};

/// Either a value or an Error. No exception crosses a library, plugin or thread boundary;
/// functions that can fail return this.
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : m_state(std::move(value)) {}
    Result(Error error) : m_state(std::move(error)) {}

    bool ok() const { return std::holds_alternative<T>(m_state); }
    explicit operator bool() const { return ok(); }

    /// The value; throws std::logic_error when there is none (a programming error).
    T& value() & { return require(); }
    const T& value() const& { return const_cast<Result*>(this)->require(); }
    T&& value() && { return std::move(require()); }
    T* operator->() { return &require(); }
    const T* operator->() const { return &const_cast<Result*>(this)->require(); }
    T& operator*() & { return require(); }
    const T& operator*() const& { return const_cast<Result*>(this)->require(); }
    T&& operator*() && { return std::move(require()); }

    const Error& error() const {
        if (ok()) throw std::logic_error("Result::error() called on a value");
        return std::get<Error>(m_state);
    }

private:
    T& require() {
        if (!ok()) throw std::logic_error("Result::value() called on an error: " + std::get<Error>(m_state).message);
        return std::get<T>(m_state);
    }
    std::variant<T, Error> m_state;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : m_error(std::move(error)) {}
    bool ok() const { return !m_error; }
    explicit operator bool() const { return ok(); }
    const Error& error() const {
        if (!m_error) throw std::logic_error("Result::error() called on a success");
        return *m_error;
    }

private:
    std::optional<Error> m_error;
};

inline Error badInput(std::string message, std::string hint = {}) {
    return {ErrorCode::BadInput, std::move(message), std::move(hint)};
}
inline Error failed(std::string message, std::string hint = {}) {
    return {ErrorCode::Failed, std::move(message), std::move(hint)};
}
inline Error usageError(std::string message, std::string hint = {}) {
    return {ErrorCode::Usage, std::move(message), std::move(hint)};
}
inline Error cancelledError(std::string message = "Cancelled; what was finished is kept.") {
    return {ErrorCode::Cancelled, std::move(message), {}};
}

}  // namespace txfm

/// Evaluates `expr` (a Result), returns its error from the current function, else binds the value.
#define TXFM_CONCAT_(a, b) a##b
#define TXFM_CONCAT(a, b) TXFM_CONCAT_(a, b)
#define TXFM_TRY(declaration, expr) TXFM_TRY_(TXFM_CONCAT(txfmResult_, __LINE__), declaration, expr)
#define TXFM_TRY_(name, declaration, expr) \
    auto name = (expr);                    \
    if (!name) return name.error();        \
    declaration = std::move(name).value()
/// The same for Result<void> or a value that is not needed.
#define TXFM_CHECK(expr)                                         \
    do {                                                         \
        if (auto txfmCheck_ = (expr); !txfmCheck_) return txfmCheck_.error(); \
    } while (false)
