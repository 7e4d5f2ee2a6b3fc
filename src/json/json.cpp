#include "json/json.hpp"

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

namespace sandbox::json {
namespace {

/// Bytes of the text, of which it is known how many were read: the parser itself tells no place but that of an error.
class Reader {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    Reader(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
    reference operator*() const { return *at_; }
    Reader& operator++() {
        *furthest_ = ++at_;  // whoever reads goes forward alone
        return *this;
    }
    Reader operator++(int) {
        const Reader former = *this;
        ++*this;
        return former;
    }
    friend bool operator==(const Reader& one, const Reader& other) { return one.at_ == other.at_; }

  private:
    const char* at_;
    const char** furthest_;
};

/// Makes the tree of what the parser finds. Each function is one of nlohmann::json_sax.
class Builder {
  public:
    using number_integer_t = nlohmann::json::number_integer_t;
    using number_unsigned_t = nlohmann::json::number_unsigned_t;
    using number_float_t = nlohmann::json::number_float_t;
    using string_t = nlohmann::json::string_t;
    using binary_t = nlohmann::json::binary_t;

    explicit Builder(std::string_view text) : begin_(text.data()), furthest_(begin_) {}

    [[nodiscard]] Reader reader_at(std::size_t offset) { return {begin_ + offset, &furthest_}; }
    [[nodiscard]] Json take() { return std::move(root_); }

    bool null() { return add({Json::Kind::null}); }
    bool boolean(bool value) { return add({Json::Kind::boolean, 1, value ? 1U : 0U}); }
    bool number_integer(number_integer_t) { return add({Json::Kind::other_number}); }
    bool number_unsigned(number_unsigned_t value) { return add({Json::Kind::number, 1, value}); }
    bool number_float(number_float_t, const string_t&) { return add({Json::Kind::other_number}); }
    bool string(string_t& value) { return add({Json::Kind::string, 1, 0, std::move(value)}); }
    bool binary(binary_t&) { return false; }
    bool start_object(std::size_t) { return open(Json::Kind::object); }
    bool end_object() { return close(); }
    bool start_array(std::size_t) { return open(Json::Kind::array); }
    bool end_array() { return close(); }

    bool key(string_t& name) {
        Json& object = *open_.back();
        if (std::ranges::find(object.keys, name) != object.keys.end()) {
            throw BadText(line(), "\"" + name + "\" stands twice in one object");
        }
        if (object.keys.size() == most_json_keys) {
            throw BadText(line(), "more than " + std::to_string(most_json_keys) + " keys in one object");
        }
        object.keys.push_back(std::move(name));
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) {
        // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while ..."
        std::string why = error.what();
        if (const std::size_t column = why.find(", column "); column != std::string::npos) {
            why.erase(0, why.find(": ", column) + 2);
        }
        throw BadText(line(), "not JSON: " + why);
    }

  private:
    // A number ends before what follows it, which is read by then.
    [[nodiscard]] std::size_t line(bool one_ahead = false) {
        const char* const end = one_ahead && furthest_ != begin_ ? furthest_ - 1 : furthest_;
        // On from where it was counted to: each value asks, and texts are long.
        if (end < counted_) {
            counted_ = begin_;
            lines_ = 1;
        }
        lines_ += static_cast<std::size_t>(std::count(counted_, end, '\n'));
        counted_ = end;
        return lines_;
    }

    bool add(Json value) {
        value.line = line(value.kind == Json::Kind::number || value.kind == Json::Kind::other_number);
        place() = std::move(value);
        return true;
    }
    /// Where the next value goes. One value without anything around it is a text of JSON, too.
    Json& place() { return open_.empty() ? root_ : open_.back()->items.emplace_back(); }
    bool open(Json::Kind kind) {
        if (open_.size() == most_json_depth) {
            throw BadText(line(), "nested more than " + std::to_string(most_json_depth) + " deep");
        }
        Json& value = place();
        value.kind = kind;
        value.line = line();
        open_.push_back(&value);
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }

    const char* begin_;
    const char* furthest_;
    const char* counted_ = begin_;
    std::size_t lines_ = 1;  ///< up to there
    Json root_;
    std::vector<Json*> open_;  ///< what is not closed yet; only the last one grows, so that the others stay in place
};

nlohmann::ordered_json tree_of(const Json& value) {
    using Tree = nlohmann::ordered_json;
    switch (value.kind) {
        case Json::Kind::boolean:
            return value.number != 0;
        case Json::Kind::number:
            return value.number;
        case Json::Kind::string:
            return value.text;
        case Json::Kind::array: {
            Tree items = Tree::array();
            for (const Json& item : value.items) {
                items.push_back(tree_of(item));
            }
            return items;
        }
        case Json::Kind::object: {
            Tree members = Tree::object();
            for (std::size_t i = 0; i < value.items.size(); ++i) {
                members[value.keys[i]] = tree_of(value.items[i]);
            }
            return members;
        }
        case Json::Kind::other_number:
            return value.text.empty() ? Tree(nullptr) : Tree(std::stoll(value.text));
        case Json::Kind::null:
            break;
    }
    return nullptr;
}

constexpr std::string_view hexadecimal_digits = "0123456789abcdef";

bool is_utf8(std::string_view bytes) {
    try {
        [[maybe_unused]] const std::string written = nlohmann::json(bytes).dump();
    } catch (const nlohmann::json::type_error&) {
        return false;
    }
    return true;
}

std::string written(const Json& value, int indent, bool ascii = false) {
    return tree_of(value).dump(indent, ' ', ascii, nlohmann::json::error_handler_t::replace);
}

}  // namespace

const Json* Json::find(std::string_view key) const {
    const auto found = std::ranges::find(keys, key);
    if (kind != Kind::object || found == keys.end()) {
        return nullptr;
    }
    const Json& value = items[static_cast<std::size_t>(found - keys.begin())];
    return value.kind == Kind::null ? nullptr : &value;
}

Json& Json::add(std::string key, Json value) {
    keys.push_back(std::move(key));
    items.push_back(std::move(value));
    return *this;
}

Json& Json::add(Json value) {
    items.push_back(std::move(value));
    return *this;
}

Json object() {
    return {Json::Kind::object};
}
Json array() {
    return {Json::Kind::array};
}
Json boolean(bool value) {
    return {Json::Kind::boolean, 1, value ? 1U : 0U};
}
Json number(std::uint64_t value) {
    return {Json::Kind::number, 1, value};
}

Json integer(std::int64_t value) {
    return value >= 0 ? number(static_cast<std::uint64_t>(value))
                      : Json{Json::Kind::other_number, 1, 0, std::to_string(value)};
}

Json text(std::string_view value) {
    if (is_utf8(value)) {
        return {Json::Kind::string, 1, 0, std::string(value)};
    }
    std::string hexadecimal;
    for (const char byte : value) {
        hexadecimal += hexadecimal_digits[static_cast<unsigned char>(byte) >> 4U];
        hexadecimal += hexadecimal_digits[static_cast<unsigned char>(byte) & 15U];
    }
    Json bytes = object();
    bytes.add("bytes", {Json::Kind::string, 1, 0, std::move(hexadecimal)});
    return bytes;
}

Json texts(const std::vector<std::string>& values) {
    Json list = array();
    for (const std::string& value : values) {
        list.add(text(value));
    }
    return list;
}

std::optional<std::string> text_of(const Json& value) {
    if (value.kind == Json::Kind::string) {
        return value.text;
    }
    const Json* const bytes = value.find("bytes");
    if (bytes == nullptr || bytes->kind != Json::Kind::string || bytes->text.size() % 2 != 0) {
        return std::nullopt;
    }
    std::string result;
    for (std::size_t i = 0; i < bytes->text.size(); i += 2) {
        const std::size_t high = hexadecimal_digits.find(bytes->text[i]);
        const std::size_t low = hexadecimal_digits.find(bytes->text[i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) {
            return std::nullopt;
        }
        result += static_cast<char>(high * 16 + low);
    }
    return result;
}

std::string write_json(const Json& value) {
    return written(value, -1);
}

std::string write_json_ascii(const Json& value) {
    return written(value, -1, true);
}

std::string write_json_lines(const Json& value) {
    return written(value, 2) + '\n';
}

Json parse_json(std::string_view text, std::size_t most_bytes) {
    if (text.size() > most_bytes) {
        throw BadText(1, "more than " + std::to_string(most_bytes >> 20) + " MiB");
    }
    Builder builder(text);
    nlohmann::json::sax_parse(builder.reader_at(0), builder.reader_at(text.size()), &builder);
    return builder.take();
}

}  // namespace sandbox::json
