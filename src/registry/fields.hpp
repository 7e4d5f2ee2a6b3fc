// What stands at a key of an entry's JSON, as the type that it has to be. Pure.
#pragma once

#include "json/json.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace sandbox::registry {

/// Thrown for a value that is not what this version writes.
struct Unknown {};

/// What stands at `key`; Unknown where there is nothing.
[[nodiscard]] const json::Json& need(const json::Json& object, std::string_view key);

template <class Number>
[[nodiscard]] Number number_at(const json::Json& value) {
    if (value.kind != json::Json::Kind::number ||
        value.number > static_cast<std::uint64_t>(std::numeric_limits<Number>::max())) {
        throw Unknown{};
    }
    return static_cast<Number>(value.number);
}

template <class Number>
[[nodiscard]] Number number(const json::Json& object, std::string_view key) {
    return number_at<Number>(need(object, key));
}

[[nodiscard]] bool flag(const json::Json& object, std::string_view key);
[[nodiscard]] std::string text_at(const json::Json& value);
[[nodiscard]] std::string text(const json::Json& object, std::string_view key);
[[nodiscard]] const std::vector<json::Json>& items_at(const json::Json& value);
[[nodiscard]] const std::vector<json::Json>& items(const json::Json& object, std::string_view key);
[[nodiscard]] std::vector<std::string> texts(const json::Json& object, std::string_view key);

}  // namespace sandbox::registry
