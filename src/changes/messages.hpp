// What a process that works for another one tells it: values to bytes and back. Pure.
#pragma once

#include <sandbox/changes.hpp>
#include <sandbox/error.hpp>

#include <string>
#include <string_view>

namespace sandbox::changes {

[[nodiscard]] std::string message_of(const Change& change);
[[nodiscard]] std::string message_of(const ChangeNote& note);
[[nodiscard]] std::string message_of(const ChangeProgress& progress);
[[nodiscard]] std::string message_of(const Error& error);
/// All is done.
[[nodiscard]] std::string end_message();

/// Takes the messages off the front of `text`, as far as they are whole, and calls for each; throws what is an Error.
/// Returns whether the end has come.
[[nodiscard]] bool take_messages(std::string& text, const ChangeListener& listener);

}  // namespace sandbox::changes
