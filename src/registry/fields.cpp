#include "registry/fields.hpp"

#include <optional>
#include <utility>

namespace sandbox::registry {

using json::Json;

const Json& need(const Json& object, std::string_view key) {
    const Json* const value = object.find(key);
    if (value == nullptr) {
        throw Unknown{};
    }
    return *value;
}

bool flag(const Json& object, std::string_view key) {
    const Json& value = need(object, key);
    if (value.kind != Json::Kind::boolean) {
        throw Unknown{};
    }
    return value.number != 0;
}

std::string text_at(const Json& value) {
    std::optional<std::string> text = json::text_of(value);
    if (!text) {
        throw Unknown{};
    }
    return *std::move(text);
}

std::string text(const Json& object, std::string_view key) {
    return text_at(need(object, key));
}

const std::vector<Json>& items_at(const Json& value) {
    if (value.kind != Json::Kind::array) {
        throw Unknown{};
    }
    return value.items;
}

const std::vector<Json>& items(const Json& object, std::string_view key) {
    return items_at(need(object, key));
}

std::vector<std::string> texts(const Json& object, std::string_view key) {
    std::vector<std::string> result;
    for (const Json& item : items(object, key)) {
        result.push_back(text_at(item));
    }
    return result;
}

}  // namespace sandbox::registry
